"""What was measured of models is asked of a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from herdmate.engine import measured_steps, tuning
from herdmate.engine.measured_steps import Measured, Step, measured
from herdmate.user_folders import cache_folder


def test_what_is_remembered_is_told(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    paths = [str(tiny_model), str(tmp_path / "gone.gguf")]
    assert measured(paths) == Measured()
    profile = tuning.Profile(1, 1, step_seconds={1: 0.05, 2: 0.07, 4: 0.1})
    assert tuning.remember(str(tiny_model), profile, cache_folder())
    assert measured(paths) == Measured({str(tiny_model): Step(0.05, 0.1)})


@pytest.mark.parametrize(
    "says",
    ["", "nothing", "[]", '{"steps": [["a", [0, 1]]], "gpu": 0}', '{"steps": [[1]], "gpu": 0}',
     '{"steps": [["a", [1, NaN]]], "gpu": 0}', '{"steps": [], "gpu": "many"}'],
)  # fmt: skip
def test_what_makes_no_sense_counts_as_nothing(says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = (sys.executable, "-c", f"print({says!r})")
    monkeypatch.setattr(measured_steps, "python_command", lambda _module: command)
    assert measured(["a"]) == Measured()


def test_a_llama_cpp_that_crashes_counts_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    command = (sys.executable, "-c", "import os; os.abort()")
    monkeypatch.setattr(measured_steps, "python_command", lambda _module: command)
    assert measured(["a"]) == Measured()
