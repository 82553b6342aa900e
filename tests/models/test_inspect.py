"""What a model file says of itself, and what is said of files that are none."""

from __future__ import annotations

import contextlib
import os
import random
import struct
import tracemalloc
from pathlib import Path

import pytest

from herdmate.errors import ModelError
from herdmate.models import inspect
from herdmate.models.inspect import read_header
from tests.models.gguf_file import gguf, string, write


def test_a_good_file(tmp_path: Path) -> None:
    header = read_header(write(tmp_path / "m.gguf", gguf()))
    assert header.architecture == "llama"
    assert header.metadata["llama.block_count"] == 2
    assert header.metadata["tokenizer.ggml.tokens"] == 2
    assert header.tensors == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"ggml" + b"\0" * 64, "GGML"),
        (b"tjgg" + b"\0" * 64, "GGML"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git-lfs"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"PK\x03\x04 something else", "zip file, not a GGUF"),
        (struct.pack("<Q", 64) + b'{"__metadata__":{}}', "safetensors"),
        (b"something else", "is not a GGUF"),
        (gguf(version=1), "version 1"),
        (gguf(given_bytes=100), "cut off"),
        (gguf()[:100], "cut off"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 62), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<I", 77), "damaged"),
    ],
)
def test_what_is_wrong_is_named_and_what_to_do(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        read_header(write(tmp_path / "m.gguf", data))
    assert "fetch it again" in str(caught.value)


@pytest.mark.parametrize(
    "alignment",
    [
        struct.pack("<I", 8) + string("abc"),
        struct.pack("<If", 6, float("nan")),
        struct.pack("<If", 6, float("inf")),
        struct.pack("<II", 4, 0),
        struct.pack("<II", 4, 33),
    ],
)
def test_an_alignment_that_is_none(tmp_path: Path, alignment: bytes) -> None:
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("general.alignment") + alignment
    with pytest.raises(ModelError, match="damaged"):
        read_header(write(tmp_path / "m.gguf", data))


def test_a_header_without_an_end_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "_LONGEST_HEADER", 1 << 16)
    start = (
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<IIQ", 9, 8, 1 << 20)
    )
    path = write(tmp_path / "m.gguf", start + bytes(8 << 20))
    with pytest.raises(ModelError, match="damaged"):
        read_header(path)
    monkeypatch.undo()
    assert read_header(path).metadata["k"] == 1 << 20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.gguf")
    with pytest.raises(ModelError, match="is not a file"):
        read_header(tmp_path / "m.gguf")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"set herdmate\.model"):
        read_header(tmp_path / "none.gguf")
    with pytest.raises(ModelError, match="is a folder"):
        read_header(tmp_path)


def test_mutated_headers_end_cleanly_and_take_little_memory(tmp_path: Path) -> None:
    """Whatever lengths and counts 350 bytes claim, the reader needs its buffer and little more."""
    dice = random.Random(7)
    good = bytearray(gguf(tensor_bytes=64))
    tracemalloc.start()
    for _ in range(20_000):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        path = write(tmp_path / "m.gguf", bytes(bad[: dice.randint(1, len(bad))]))
        with contextlib.suppress(ModelError):  # any other error, or a hang, fails the test
            read_header(path)
    _, peak = tracemalloc.get_traced_memory()  # bytes
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.model
def test_the_starter(starter_model: Path) -> None:
    header = read_header(starter_model)
    assert header.architecture == "qwen2"
    assert header.metadata["qwen2.block_count"] == 24
