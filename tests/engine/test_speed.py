"""Measuring: what stays loaded between two profiles, and a process that can end at any time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from herdmate.engine import speed
from herdmate.engine.llama import LlamaBackend
from herdmate.engine.speed import Bench
from herdmate.engine.speed_process import SpeedProcess
from herdmate.engine.start import LlamaStart
from herdmate.engine.tuning import Profile
from herdmate.errors import ModelError, NoMemoryError

START = Profile(1, 1)


@pytest.fixture
def bench(tiny_model: Path) -> Iterator[Bench]:
    with closing(Bench(LlamaStart(str(tiny_model), context=512))) as bench:
        yield bench


def test_only_what_differs_is_loaded_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    for name in ("load_model", "LlamaBackend"):
        real = getattr(speed, name)

        def recorded(*values: Any, name: str = name, real: Any = real) -> Any:
            made.append(name)
            return real(*values)

        monkeypatch.setattr(speed, name, recorded)
    assert bench.first(START, "f16", 100) > 0
    assert made == ["load_model", "LlamaBackend"]
    made.clear()
    assert bench.step(replace(START, threads=2), "f16", 100) > 0
    assert made == []
    bench.step(replace(START, flash_attention=False), "f16", 100)
    bench.seconds(replace(START, micro_batch=64), 4)
    assert made == ["LlamaBackend", "LlamaBackend"]
    made.clear()
    bench.first(replace(START, weights="mapped"), "f16", 100)
    assert made == ["load_model", "LlamaBackend"]


def test_no_memory_for_one_choice_leaves_the_next_one_possible(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LlamaBackend

    def refused(*_values: Any) -> Any:
        raise NoMemoryError("too large")

    monkeypatch.setattr(speed, "LlamaBackend", refused)
    with pytest.raises(NoMemoryError):
        bench.first(START, "f16", 50)
    monkeypatch.setattr(speed, "LlamaBackend", real)
    assert bench.first(START, "f16", 50) > 0


def test_a_process_of_its_own_answers_and_ends(tiny_model: Path) -> None:
    with closing(SpeedProcess(LlamaStart(str(tiny_model), context=512), 64)) as speeds:
        assert speeds.first(START, "f16") > 0
        assert speeds.step(START, "f16") > 0
        assert speeds.others_use() >= 0
        process = speeds.process
        assert process is not None
        assert process.poll() is None
        process.kill()  # as the operating system does where memory runs out
        with pytest.raises(NoMemoryError, match="because memory ran out"):
            speeds.first(START, "f16")
        assert speeds.first(START, "f16") > 0
        process = speeds.process
    assert process is not None
    assert process.poll() is not None


def test_what_loading_says_arrives_as_it_is(tmp_path: Path) -> None:
    speeds = SpeedProcess(LlamaStart(str(tmp_path / "none.gguf")), 64)
    with closing(speeds), pytest.raises(ModelError, match="There is no model file"):
        speeds.first(START, "f16")
