"""Models made up: their sizes are the real ones', and the tiny one runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from herdmate.bench import model_shapes
from herdmate.engine.client import EngineProcess
from herdmate.engine.start import LlamaStart
from herdmate.errors import ModelError
from herdmate.generation import Finished, Piece, Request
from herdmate.models import catalogue
from herdmate.prompting.families import CONTROL_PIECES, can_infill, family_of, infill_prompt

HEADER = {"codellama-7b": 741_568, "codellama-13b": 745_856}
"""Bytes before the weights in the published files."""


@pytest.mark.parametrize("name", ["codellama-7b", "codellama-13b"])
def test_the_weights_take_as_many_bytes_as_the_published_ones(name: str) -> None:
    (published,) = (
        model for model in catalogue.models() if model.name == f"{name}-instruct-q4_k_m"
    )
    size = sum(tensor.size for tensor in model_shapes._tensors(model_shapes.SHAPES[name]))
    assert size == published.size - HEADER[name]
    assert model_shapes.SHAPES[name].kv_bytes_per_token == published.kv_bytes


def test_it_is_the_same_each_time(tiny_model: Path, tmp_path: Path) -> None:
    again = model_shapes.make("tiny", tmp_path / "again.gguf")
    assert again.read_bytes() == tiny_model.read_bytes()


def test_what_is_cached_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    told: list[float] = []
    path = model_shapes.cached("tiny", told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    told.clear()
    assert model_shapes.cached("tiny", told.append) == path
    assert not told


def test_nothing_is_left_of_one_that_was_interrupted(tmp_path: Path) -> None:
    def interrupt(_fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model_shapes.make("tiny", tmp_path / "tiny.gguf", interrupt)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_with_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil._ntuple_diskusage(10**9, 10**9 - 10**8, 10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(ModelError, match=r"0\.1 GB free, .* takes 4\.1 GB"):
        model_shapes.make("codellama-7b", tmp_path / "x.gguf")


async def test_the_tiny_one_infills_and_its_answers_differ(tiny_model: Path) -> None:
    engine = EngineProcess(LlamaStart(str(tiny_model), 1024, 1, 0, CONTROL_PIECES))
    engine.start()
    try:
        family = family_of(await engine.ready())
        assert (family.name, family.order) == ("CodeLlama", "spm")
        assert can_infill(family)
        answers = []
        for prefix in ("def f(", "import os\nprint(", "class A:\n    ", "def f("):
            prompt = infill_prompt(family, prefix, "\nreturn 1\n")
            text = ""
            async for event in engine.generate(Request(prompt, "doc", 12)):
                text += event.text if isinstance(event, Piece) else ""
                assert not isinstance(event, Finished) or event.reason in ("end", "length")
            answers.append(text)
        assert len(set(answers)) == 3
        assert answers[0] == answers[3]
    finally:
        await engine.stop()
