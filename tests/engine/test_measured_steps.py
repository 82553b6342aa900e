"""What was measured of models is asked of a process of its own."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from herdmate.engine import measured_steps, tuning
from herdmate.engine.measured_steps import Measured, Step, measured, measured_before
from herdmate.engine.profile_file import key, write_profiles
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
    assert [measured_before(path) for path in paths] == [Step(0.05, 0.1), None]


@pytest.mark.parametrize(
    ("written", "is_known"),
    [
        ({"": {1: 0.05, 4: 0.1}}, True),
        ({" for GPUs": {1: 0.05, 4: 0.1}}, True),
        ({"": {1: 0.05, 4: 0.1}, " for GPUs": {1: 0.01, 4: 0.01}}, False),  # now built otherwise
        ({"1": {1: 0.05, 4: 0.1}}, False),  # another version
        ({"": {1: 0.05}}, False),
        ({"": {1: 0, 4: "x"}}, False),
        ({"": {1: 10**400, 4: 0.1}}, False),
        ({"": []}, False),
    ],
)
def test_what_depends_on_the_build_is_left_to_the_process(
    written: dict[str, Any], is_known: bool, tiny_model: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own = key(str(tiny_model), metadata.version("llama-cpp-python"))
    known = {own + build: {"step_seconds": steps} for build, steps in written.items()}
    write_profiles(cache_folder(), known)
    expected = Step(0.05, 0.1) if is_known else None
    assert measured_before(str(tiny_model)) == expected


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
