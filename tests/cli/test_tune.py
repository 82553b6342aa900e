"""``herdmate models tune``: what is told, drawn and kept; most speeds are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from herdmate.cli import main, tune
from herdmate.engine import tuning
from herdmate.engine.tuning import Profile
from herdmate.models.choices import Hardware

SVG = "{http://www.w3.org/2000/svg}"


class _Made:
    """Speeds by rule: mapped weights, one thread for answers and few layers begin soonest."""

    def __init__(self) -> None:
        self.others, self.stops_after, self.closed = 0.0, 10**9, False

    def first(self, profile: Profile, kv_type: str) -> float:
        self.stops_after -= 1
        if not self.stops_after:
            raise KeyboardInterrupt
        layers = max(profile.gpu_layers, 0)
        return (1.0 + layers) * (0.5 if profile.weights == "mapped" else 1.0)

    def step(self, profile: Profile, kv_type: str) -> float:
        return 0.1 / (1 + max(profile.gpu_layers, 0)) * (2.0 if profile.threads > 1 else 1.0)

    def seconds(self, profile: Profile, count: int) -> float:
        return 0.01 * count

    def others_use(self) -> float:
        return self.others

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Made:
    speeds = _Made()
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tune, "_speeds", lambda _path, _arguments: speeds)
    monkeypatch.setattr(tune, "_machine", lambda _path, _layers: Hardware(2, 2))
    monkeypatch.setattr(tuning, "is_at_rest", lambda _seconds=0.0: True)
    return speeds


def _run(*arguments: object) -> int:
    return main(["models", "tune", *map(str, arguments)])


def test_the_choice_is_told_with_the_reason_and_kept(
    tiny_model: Path, made: _Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tiny_model) == 0
    out = capsys.readouterr().out
    assert "→    mapped  first token" in out
    assert "threads for an answer 1; 0 of 3 layers on the GPU." in out
    assert "an answer of 256 takes 26.1 s" in out
    assert "Saved" in out
    kept = tuning.remembered(str(tiny_model))
    assert kept is not None
    assert (kept.weights, kept.threads, kept.micro_batch) == ("mapped", 1, 128)
    assert kept.step_seconds[4] == 0.04
    assert made.closed


def test_no_save_keeps_nothing(tiny_model: Path, made: _Made) -> None:
    assert _run(tiny_model, "--no-save") == 0
    assert tuning.remembered(str(tiny_model)) is None


def test_a_limit_on_the_first_token_takes_fewer_layers(
    tiny_model: Path, made: _Made, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(tune, "_machine", lambda _path, _layers: Hardware(2, 2, layers=3))
    assert _run(tiny_model, "--first-token", "1.2") == 0
    out = capsys.readouterr().out
    assert "layers on the GPU 1 of 3" in out
    assert "with a first token within 1.2 s" in out
    kept = tuning.remembered(str(tiny_model))
    assert kept is not None
    assert kept.gpu_layers == 1


def test_a_limit_that_nothing_keeps_is_an_error_and_nothing_is_kept(
    tiny_model: Path, made: _Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tiny_model, "--first-token", "0.1") == 1
    assert "set a longer limit" in " ".join(capsys.readouterr().err.split())
    assert tuning.remembered(str(tiny_model)) is None
    assert made.closed


def test_ctrl_c_keeps_nothing(
    tiny_model: Path, made: _Made, capsys: pytest.CaptureFixture[str]
) -> None:
    made.stops_after = 3
    assert _run(tiny_model) == 130
    assert "nothing was saved" in capsys.readouterr().err
    assert tuning.remembered(str(tiny_model)) is None
    assert made.closed


def test_a_machine_that_is_busy_is_told_of(
    tiny_model: Path, made: _Made, capsys: pytest.CaptureFixture[str]
) -> None:
    made.others = 1.25
    assert _run(tiny_model) == 0
    assert "Other programs used 1.2 cores" in capsys.readouterr().out


@pytest.mark.parametrize("more", [(), ("--grid",)])
def test_json_has_all_that_was_measured(
    tiny_model: Path, made: _Made, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tiny_model, "--json", *more) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["chosen"]["choice"]["weights"] == "mapped"
    assert found["layers"] == 3
    assert (len(found["points"]) == 64) is bool(more)
    assert len(found["curves"]["weights"]) == 2


def test_the_picture_has_a_panel_for_each_setting(
    tiny_model: Path, made: _Made, tmp_path: Path
) -> None:
    assert _run(tiny_model, "--svg", tmp_path / "curves.svg") == 0
    picture = ElementTree.parse(tmp_path / "curves.svg").getroot()
    assert len(picture.findall(f"{SVG}g")) == 5
    assert len(picture.findall(f"{SVG}g/{SVG}polyline")) == 10


@pytest.mark.parametrize(
    "wrong",
    [
        ("--prompt", "5000"),
        ("--first-token", "-1"),
        ("--svg", "no/such/folder.svg"),
        ("--svg", "."),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_measured(
    tiny_model: Path, made: _Made, wrong: tuple[str, str]
) -> None:
    made.stops_after = 1
    assert _run(tiny_model, *wrong) == 1


@pytest.mark.model
def test_the_starter_is_really_measured(
    starter_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setattr(tune, "_machine", lambda _path, _layers: Hardware(1, 1))
    assert _run(starter_model, "--prompt", "48", "--context", "128", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["saved"]
    assert found["layers"] == 25
    assert all(point["first"] > 0 and point["rate"] > 0 for point in found["points"])
    kept = tuning.remembered(str(starter_model))
    assert kept is not None
    assert kept.weights == found["chosen"]["choice"]["weights"]
    assert kept.step_seconds.keys() == {1, 2, 4, 8, 16}
