"""Which LoRA adapters fit a model, and what is said of those that do not."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import psutil
import pytest

from herdmate.bounded_read import open_regular
from herdmate.cli.main import main
from herdmate.engine.host import EngineHost
from herdmate.engine.start import LlamaStart
from herdmate.errors import ModelError
from herdmate.models import adapters
from herdmate.models.adapters import fitting, size_of_all
from herdmate.models.start import first_message
from herdmate.settings import settings_from_json
from tests.models.adapter_file import ATTENTION, adapter
from tests.models.gguf_file import gguf

CORRECT = "; correct herdmate.engine.adapters."
Q = "blk.0.attn_q.weight"

Make = Callable[[Path], object]

BAD: list[tuple[Make, str]] = [
    (lambda path: None, "is not there (FOLDER)"),
    (lambda path: path.mkdir(), "cannot be read (it is not a file)"),
    (lambda path: path.write_bytes(b""), "is empty"),
    (lambda path: path.write_text("<!doctype html>"), "is a web page, not a model"),
    (lambda path: path.write_bytes(adapter(path).read_bytes()[:-900]),
     "is cut off: 0.0 MB is missing"),
    (lambda path: path.write_bytes(adapter(path).read_bytes()[:99]), "is cut off"),
    (lambda path: path.write_bytes(gguf()), "is a model, not a LoRA adapter"),
    (lambda path: adapter(path, kinds=("adapter", "control_vector")),
     "is something else, not a LoRA adapter"),
    (lambda path: adapter(path, architecture="qwen2"),
     "is for models of the architecture qwen2, but tiny.gguf is llama"),
    (lambda path: adapter(path, {Q: (64, 128)}),
     f"does not fit tiny.gguf: {Q} has another shape there"),
    (lambda path: adapter(path, {Q: (32, 64)}),
     f"does not fit tiny.gguf: {Q} has another shape there"),
    (lambda path: adapter(path, {"token_embd.weight": (64, 640)}),
     "does not fit tiny.gguf: token_embd.weight has another shape there"),
    (lambda path: adapter(path, {"blk.7.attn_q.weight": (64, 64)}),
     "does not fit tiny.gguf: it changes blk.7.attn_q.weight, which that model does not have"),
    (lambda path: adapter(path, {"output_norm.weight.x": (64, 64)}),
     "does not fit tiny.gguf: it changes output_norm.weight.x, which that model does not have"),
    (lambda path: adapter(path, without=["lora_b"]),
     f"does not fit tiny.gguf: {Q}.lora_a is half of a pair"),
    (lambda path: adapter(path, number=np.int32),
     f"does not fit tiny.gguf: {Q}.lora_a has numbers of an unknown type"),
    (lambda path: adapter(path, {}), "has no weights"),
    (lambda path: adapter(path, alpha="much"), "has a damaged header"),
    (lambda path: adapter(path, keys={"adapter.alora.invocation_tokens": [1, 2]}),
     "works only after certain words of its own, which Herdmate does not write"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_one_that_does_not_fit_is_left_out_with_a_sentence(
    make: Make, reason: str, tmp_path: Path, tiny_model: Path
) -> None:
    path = tmp_path / "bad.gguf"
    make(path)
    good = adapter(tmp_path / "good.gguf")
    found = fitting([str(path), str(good)], tiny_model)
    assert [item.path for item in found.adapters] == [good]
    expected = reason.replace("FOLDER", str(tmp_path)[:100])
    assert found.notes == (f"The adapter bad.gguf {expected}{CORRECT}",)
    assert found.of_ghost_text == f"Ghost text does without the adapter bad.gguf, which {expected}."


def test_what_fits(tmp_path: Path, tiny_model: Path) -> None:
    changes = {**ATTENTION, "token_embd.weight": (640, 64), "blk.1.ffn_down.weight": (128, 64)}
    path = adapter(tmp_path / "my:1.gguf", changes)
    half = adapter(tmp_path / "half.gguf", number=np.float16)
    found = fitting([str(path), f"{half}:0.5", f"{half}:-2"], tiny_model)
    assert found.notes == ()
    assert [(item.path, item.scale) for item in found.adapters] == [
        (path, 1.0), (half, 0.5), (half, -2.0),
    ]  # fmt: skip
    assert sum(item.size for item in found.adapters[:2]) == size_of_all([str(path), f"{half}:3"])


def test_entries_that_make_no_sense(tmp_path: Path, tiny_model: Path) -> None:
    path = adapter(tmp_path / "a.gguf")
    found = fitting([f"{path}:1000", "", "\x00", "~", *[str(path)] * 9], tiny_model)
    assert len(found.adapters) == 4  # of the first eight entries
    assert found.notes[0] == f"The adapter a.gguf has a scale beyond 100{CORRECT}"
    assert found.notes[-1] == "Only the first 8 of herdmate.engine.adapters are used."
    assert len(found.notes) == 5
    assert fitting([str(path)], tmp_path / "none.gguf").notes == (
        f"The adapter a.gguf cannot be compared with the model, which cannot be read{CORRECT}",
    )
    assert size_of_all(["", "\x00", str(tmp_path), str(tiny_model), str(Path(__file__))]) == 0


def test_what_ghost_text_does_without_is_one_sentence(tmp_path: Path, tiny_model: Path) -> None:
    names = [str(adapter(tmp_path / f"{name}.gguf", {})) for name in "abc"]
    assert fitting(names, tiny_model).of_ghost_text == (
        "Ghost text does without the adapters a.gguf, b.gguf and c.gguf, which do not fit "
        "tiny.gguf."
    )
    assert fitting([names[0]] * 2, tiny_model).of_ghost_text.endswith(
        "a.gguf, which has no weights."
    )
    assert fitting([], tiny_model).of_ghost_text == ""


def test_each_header_is_read_once_and_again_if_the_file_changes(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever asks: how much memory they take, and whether they fit either model."""
    read: list[str] = []

    def counted(path: Path) -> BinaryIO:
        read.append(path.name)
        return open_regular(path)

    monkeypatch.setattr(adapters, "open_regular", counted)
    good, bad = adapter(tmp_path / "good.gguf"), adapter(tmp_path / "bad.gguf", {})
    given = [str(good), f"{bad}:0.5"]
    models = [Path(shutil.copy(tiny_model, tmp_path / name)) for name in ("a.gguf", "b.gguf")]
    for _ in range(2):
        assert size_of_all(given) > 0
        assert [len(fitting(given, model).adapters) for model in models] == [1, 1]
    assert sorted(read) == ["a.gguf", "b.gguf", "bad.gguf", "good.gguf"]
    os.utime(adapter(good, {}), ns=(1, 1))
    assert fitting(given, models[0]).adapters == ()


def test_mutated_adapters_are_judged(tmp_path: Path, tiny_model: Path) -> None:
    """Whatever is in the file, there is an answer: fits, or one sentence."""
    dice = random.Random(5)
    path = adapter(tmp_path / "a.gguf")
    good = path.read_bytes()
    for _ in range(300):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            bad[dice.randrange(900)] = dice.randrange(256)
        path.write_bytes(bad)
        found = fitting([str(path)], tiny_model)
        assert len(found.adapters) + len(found.notes) == 1
        assert all(len(note.splitlines()) == 1 for note in found.notes)


def test_the_engine_starts_with_those_that_fit(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    good, bad = adapter(tmp_path / "good.gguf"), adapter(tmp_path / "bad.gguf", {})
    settings, errors = settings_from_json(
        {"model": str(tiny_model), "engine": {"adapters": [f"{good}:0.5", str(bad)]}}
    )
    assert errors == ()
    start, chosen = first_message(settings, ())
    assert isinstance(start, LlamaStart)
    assert (start.adapters, start.scales) == ((str(good),), (0.5,))
    assert chosen.note == f"The adapter bad.gguf has no weights{CORRECT}"


def test_their_memory_counts(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    path = adapter(tmp_path / "a.gguf")
    alone = {"model": str(tiny_model)}
    both = {**alone, "engine": {"adapters": [str(path)]}}
    memory, most = psutil.virtual_memory(), 10 << 30
    fits = {}
    for name, settings in (("alone", alone), ("both", both)):
        least, enough = 0, most
        while enough - least > 1:  # how little memory does it take to fit?
            free = (least + enough) // 2
            monkeypatch.setattr(
                psutil, "virtual_memory", lambda free=free: memory._replace(available=free)
            )
            is_enough = first_message(settings_from_json(settings)[0], ())[1].fits
            least, enough = (least, free) if is_enough else (free, enough)
        fits[name] = enough
    assert fits["both"] - fits["alone"] == path.stat().st_size


def test_a_command_in_a_terminal_tells_what_is_left_out(
    tmp_path: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    started = []

    async def start(_host: EngineHost, how: LlamaStart) -> None:
        started.append(how)
        raise ModelError("That is enough.")

    monkeypatch.setattr(EngineHost, "start", start)
    path, file = adapter(tmp_path / "a.gguf"), tmp_path / "app.py"
    file.write_text("x = 1\n")
    line = ["--model", str(tiny_model), "--set", f'engine.adapters=["{path}", "none.gguf"]']
    assert main([*line, "explain", str(file)]) == 1
    said = capsys.readouterr().err
    assert [how.adapters for how in started] == [(str(path),)]
    assert "The adapter none.gguf is not there" in said
    assert "correct the setting engine.adapters." in said  # as terminals call it
    assert "That is enough." in said


def test_inspect_says_where_an_adapter_belongs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = adapter(tmp_path / "a.gguf")
    assert main(["models", "inspect", str(path)]) == 1
    assert "engine.adapters" in capsys.readouterr().out.replace("\n", " ")
