"""What is measured, chosen and remembered; the clock of the machine is a made-up one."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import llama_cpp
import psutil
import pytest

from herdmate.engine import tuning
from herdmate.engine.client import EngineProcess
from herdmate.engine.start import LlamaStart
from herdmate.engine.tuning import Profile
from herdmate.models import catalogue
from herdmate.prompting.families import CONTROL_PIECES

START = Profile(4, 4)


@pytest.fixture(autouse=True)
def _no_amx(monkeypatch: pytest.MonkeyPatch) -> None:
    _build_for("AVX2 = 1", monkeypatch)


def _build_for(processor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_cpp, "llama_print_system_info", processor.encode)


def _machine(**better: object) -> tuning.Measure:
    """A machine on which each of these choices makes everything 20 % faster."""

    def measure(profile: Profile, count: int) -> float:
        good = sum(getattr(profile, name) == value for name, value in better.items())
        return float(0.8**good * count)

    return measure


@pytest.mark.parametrize(
    "better", [{}, {"flash_attention": False}, {"threads": 2}, {"weights": "mapped", "threads": 3}]
)
def test_the_best_choices_are_found(better: dict[str, object]) -> None:
    found = tuning.tune(START, 10**9, _machine(**better))
    assert replace(found, step_seconds={}) == replace(START, **better)  # type: ignore[arg-type]
    assert found.step_seconds.keys() == {1, 2, 4, 8, 16}


def test_a_large_model_is_not_loaded_twice() -> None:
    found = tuning.tune(START, 5 * 10**9, _machine(weights="mapped"))
    assert found.weights == "repacked"


def test_it_is_remembered_for_the_same_file_only(tmp_path: Path) -> None:
    one, other = tmp_path / "one.gguf", tmp_path / "other.gguf"
    one.write_bytes(b"one")
    other.write_bytes(b"two")
    profile = Profile(2, 3, False, "mapped", {1: 0.5, 4: 0.75})
    assert tuning.remembered(str(one), tmp_path) is None
    tuning.remember(str(one), profile, tmp_path)
    assert tuning.remembered(str(one), tmp_path) == profile
    assert tuning.remembered(str(other), tmp_path) is None
    tuning.remember(str(other), START, tmp_path)
    assert tuning.remembered(str(one), tmp_path) == profile


def test_weights_are_not_repacked_for_amx_which_crashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"model")
    assert tuning.default(str(model)).weights == "repacked"
    _build_for("AVX512 = 1 | AMX_INT8 = 1 | REPACK = 1", monkeypatch)
    assert tuning.default(str(model)).weights == "mapped"
    tuning.remember(str(model), START, tmp_path)
    assert tuning.remembered(str(model), tmp_path) == replace(START, weights="mapped")


def test_a_build_without_amx_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"model")
    _build_for("AMX_INT8 = 1", monkeypatch)
    profile = replace(START, weights="mapped")
    tuning.remember(str(model), profile, tmp_path)
    assert tuning.remembered(str(model), tmp_path) == profile
    _build_for("AVX512 = 1", monkeypatch)
    assert tuning.remembered(str(model), tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}'])
def test_a_spoilt_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "tuning.json").write_text(text)
    model = tmp_path / "model.gguf"
    model.write_bytes(b"model")
    assert tuning.remembered(str(model), tmp_path) is None
    tuning.remember(str(model), START, tmp_path)
    assert tuning.remembered(str(model), tmp_path) == START


@pytest.mark.parametrize(
    "spoilt",
    [
        {"threads": "4"}, {"threads": 0}, {"threads": -4}, {"threads": 10**12}, {"threads": True},
        {"batch_threads": 2.5}, {"gpu_layers": -2}, {"micro_batch": -1}, {"weights": "heavy"},
        {"flash_attention": 1}, {"step_seconds": []}, {"step_seconds": {"1": -1}},
        {"step_seconds": {"1": "x"}}, {"step_seconds": {"1": 10**400}}, {"step_seconds": None},
    ],
    ids=str,
)  # fmt: skip
def test_an_entry_with_an_impossible_value_is_as_good_as_none(
    tmp_path: Path, spoilt: dict[str, object]
) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"model")
    tuning.remember(str(model), START, tmp_path)
    path = tmp_path / "tuning.json"
    known = json.loads(path.read_text())
    path.write_text(json.dumps({key: entry | spoilt for key, entry in known.items()}))
    assert tuning.remembered(str(model), tmp_path) is None


def test_where_the_folder_cannot_be_written_the_model_loads_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model, folder = tmp_path / "model.gguf", tmp_path / "cache"
    model.write_bytes(b"model")
    folder.write_text("a file in the place of the folder")
    with caplog.at_level(logging.WARNING):
        assert not tuning.remember(str(model), START, folder)
    assert "cannot save the measurements" in caplog.text
    assert tuning.remembered(str(model), folder) is None


def test_an_entry_of_another_version_is_as_good_as_none(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"model")
    tuning.remember(str(model), START, tmp_path)
    path = tmp_path / "tuning.json"
    path.write_text(path.read_text().replace("batch_threads", "threads_of_batches"))
    assert tuning.remembered(str(model), tmp_path) is None


@pytest.mark.model
@pytest.mark.parametrize("weights", ["repacked", "mapped"])
async def test_one_copy_of_the_weights_is_in_memory(
    starter_model: Path, weights: tuning.Weights
) -> None:
    """llama.cpp's default keeps the mapped file and its repacked copy, here 850 MB in all."""
    start = LlamaStart(str(starter_model), 4096, 0, 0, CONTROL_PIECES, weights=weights)
    engine = EngineProcess(start)
    engine.start()
    try:
        await engine.ready()
        await engine.count_tokens(["wait until it has settled"])
        assert engine.process_id is not None
        resident = psutil.Process(engine.process_id).memory_info().rss
        kv_bytes = 4096 * catalogue.starter().kv_bytes
        assert resident <= os.path.getsize(starter_model) + kv_bytes + 350_000_000
    finally:
        await engine.stop()
