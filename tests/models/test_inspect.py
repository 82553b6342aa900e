"""What a model file says of itself, and what is said of files that are none."""

from __future__ import annotations

import contextlib
import os
import random
import struct
import sys
import tracemalloc
from pathlib import Path

import pytest

from herdmate.errors import ModelError
from herdmate.models import gguf_reader
from herdmate.models.inspect import read_header
from herdmate.models.report import report
from herdmate.models.split import check_parts, is_first, size_of
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
    assert "use another file" in str(caught.value)  # the user's own is never to be removed


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
    monkeypatch.setattr(gguf_reader, "_LONGEST_HEADER", 1 << 16)
    start = (
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + string("k") + struct.pack("<IIQ", 9, 8, 1 << 20)
    )
    path = write(tmp_path / "m.gguf", start + bytes(8 << 20))
    with pytest.raises(ModelError, match="damaged"):
        read_header(path)
    monkeypatch.undo()
    assert read_header(path).metadata["k"] == 1 << 20


def _header(*pairs: bytes, tensors: int = 0) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, len(pairs)) + b"".join(pairs)


def _key(name: str, kind: int, value: bytes) -> bytes:
    return string(name) + struct.pack("<I", kind) + value


EMPTY_ARRAYS = struct.pack("<IQ", 4, 0) * 2_600_000
EMPTY_STRINGS = bytes(8 * 3_900_000)
NESTED = struct.pack("<IQ", 9, 1) * 400_000


@pytest.mark.parametrize(
    "data",
    [
        _header(_key("k", 9, struct.pack("<IQ", 9, 2_600_000) + EMPTY_ARRAYS)),
        _header(_key("k", 9, struct.pack("<IQ", 8, 3_900_000) + EMPTY_STRINGS)),
        _header(*(_key("k", 9, struct.pack("<IQ", 8, 900_000) + bytes(7_200_000)),) * 3),
        _header(_key("k", 9, NESTED)),
        _header(_key("k", 9, struct.pack("<IQ", 9, 4097) + struct.pack("<IQ", 9, 0) * 4097)),
        _header(_key("k", 9, struct.pack("<IQ", 0, 1 << 63))),
        _header(_key("k", 9, struct.pack("<IQ", 12, (1 << 61) + 1))),
        _header(_key("k", 8, struct.pack("<Q", 10_000_000) + bytes(10_000_000))),
        _header(*[_key("k", 0, b"\0")] * 5000),
        _header(tensors=1) + string("w") + struct.pack("<I4QIQ", 4, *[(1 << 64) - 1] * 4, 0, 0),
        _header(tensors=1) + string("w") + struct.pack("<IQIQ", 1, 1, 0, (1 << 64) - 1),
        _header(tensors=65_536) + bytes(1000),
    ],
)
def test_a_header_of_empty_things_is_soon_refused(tmp_path: Path, data: bytes) -> None:
    """31 MB of empty arrays took five seconds. Counted, since a clock says little: the reader's
    steps."""
    path = write(tmp_path / "m.gguf", data)
    steps = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event == "call"

    sys.setprofile(count)
    try:
        with pytest.raises(ModelError, match=r"damaged|cut off") as caught:
            read_header(path)
    finally:
        sys.setprofile(None)
    assert steps < 100_000
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("claim", [1 << 63, (1 << 64) - 1, 1 << 31, 0])
def test_a_count_that_no_model_has_is_none(tmp_path: Path, claim: int) -> None:
    keys = [_key("general.architecture", 8, string("llama"))]
    for name in ("context_length", "block_count", "attention.head_count", "embedding_length"):
        keys.append(_key(f"llama.{name}", 10, struct.pack("<Q", claim)))
    header = read_header(write(tmp_path / "m.gguf", _header(*keys)))
    assert (header.count("context_length"), header.kv_bytes) == (0, 0)
    assert report(tmp_path / "m.gguf", 4096).memory < 2 * 10**9


@pytest.mark.parametrize(
    "name", ["\x1b]0;owned\x07", "a\nb\r\n\tc", "\u202eevil", "x" * 1_000_000, "\x9b2J" * 9, "\0"]
)
def test_names_in_a_file_are_short_and_do_nothing(tmp_path: Path, name: str) -> None:
    keys = [_key(f"general.{key}", 8, string(name)) for key in ("name", "architecture", "license")]
    found = report(write(tmp_path / "m.gguf", _header(*keys)), 4096)
    for text in (found.name, found.architecture, found.licence, *found.faults):
        assert len(text) < 300
        assert text.isprintable()


@pytest.mark.parametrize(
    "base", [_key("llama.rope.freq_base", 8, string("x")), _key("llama.rope.freq_base", 7, b"\1"),
             _key("llama.rope.freq_base", 6, struct.pack("<f", float("nan")))]
)  # fmt: skip
def test_a_rope_base_that_is_no_number(tmp_path: Path, base: bytes) -> None:
    tokens = _key("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 1) + string("a"))
    keys = [_key("general.architecture", 8, string("llama")), tokens, base]
    found = report(write(tmp_path / "codellama.gguf", _header(*keys)), 4096)
    assert any("rope base" in fault for fault in found.faults)


def test_a_name_that_claims_very_many_parts(tmp_path: Path) -> None:
    path = write(tmp_path / "m-00001-of-99999.gguf", gguf())
    with pytest.raises(ModelError, match="one of 99999 parts"):
        check_parts(path)
    assert size_of(path) == len(gguf())
    assert is_first(path.name)
    assert not is_first("m-00002-of-00003.gguf")
    assert is_first("m-00002-of-00001.gguf")  # is no part


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.gguf")
    with pytest.raises(ModelError, match="is not a file"):
        read_header(tmp_path / "m.gguf")
    (tmp_path / "link.gguf").symlink_to(tmp_path / "m.gguf")
    (tmp_path / "zero.gguf").symlink_to("/dev/zero")
    for name in ("link.gguf", "zero.gguf"):
        with pytest.raises(ModelError, match="is not a file"):
            read_header(tmp_path / name)
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "config.json")
    (folder / "x.bin").touch()
    with pytest.raises(ModelError, match="PyTorch weights"):
        report(folder, 4096)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"set herdmate\.model"):
        read_header(tmp_path / "none.gguf")
    with pytest.raises(ModelError, match="is a folder"):
        read_header(tmp_path)


def test_mutated_headers_end_cleanly_and_take_little_memory(tmp_path: Path) -> None:
    """Whatever lengths and counts 350 bytes claim, the reader needs its buffer and little more."""
    dice = random.Random(7)
    good = bytearray(gguf(tensor_bytes=64))
    peaks = []
    tracemalloc.start()
    for _ in range(20_000):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        path = write(tmp_path / "m.gguf", bytes(bad[: dice.randint(1, len(bad))]))
        before, _ = tracemalloc.get_traced_memory()  # bytes
        tracemalloc.reset_peak()
        with contextlib.suppress(ModelError):  # any other error, or a hang, fails the test
            read_header(path)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    # Once, Python makes room for more of the names that it keeps, of which paths have many.
    assert sorted(peaks)[-3] < 2_000_000


@pytest.mark.model
def test_the_starter(starter_model: Path) -> None:
    header = read_header(starter_model)
    assert header.architecture == "qwen2"
    assert header.metadata["qwen2.block_count"] == 24
