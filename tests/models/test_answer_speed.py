"""How fast the model in use answers, and which one is said to be faster."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.engine.measured_steps import Measured, Step
from herdmate.engine.run_speeds import last_run, note_run
from herdmate.models import answer_speed, catalogue
from herdmate.models.answer_speed import Writer, as_seen, better, faster, in_use
from herdmate.models.choose import Chosen
from herdmate.models.listing import listed
from herdmate.user_folders import cache_folder

GB = 1_000_000_000
STARTER = "qwen2.5-coder-0.5b-instruct-q4_k_m"
LARGER = "qwen2.5-coder-1.5b-instruct-q4_k_m"


def _writer(name: str, speed: float, size: int = GB) -> Writer:
    return Writer(name, size, speed, is_measured=True, is_here=True)


@pytest.mark.parametrize(
    ("now", "others", "expected"),
    [
        (4.0, [("quick", 30.0, 1), ("large", 11.0, 2)], "large"),  # quick enough, and better
        (4.0, [("quick", 9.0, 1), ("large", 6.0, 2)], "quick"),  # neither is comfortable
        (4.0, [("same", 5.0, 1), ("slow", 1.0, 9)], ""),  # hardly faster
        (12.0, [("quick", 30.0, 1)], "quick"), (12.0, [("large", 13.0, 9)], ""),
        (math.inf, [("quick", 30.0, 1)], ""), (4.0, [("gpu", math.inf, 9), ("b", 20.0, 1)], "gpu"),
        (4.0, [], ""),
    ],
)  # fmt: skip
def test_what_is_faster(now: float, others: list[tuple[str, float, int]], expected: str) -> None:
    found = faster(_writer("now", now), [_writer(*other) for other in others])
    assert (found.name if found else "") == expected


@pytest.mark.parametrize(
    ("now", "others", "expected"),
    [
        (30.0, [("larger", 14.0, 3), ("largest", 4.0, 9)], "larger"),  # one would wait for another
        (30.0, [("larger", 14.0, 3), ("gpu", math.inf, 9)], "gpu"),
        (30.0, [("alike", 25.0, 2)], ""), (4.0, [("larger", 14.0, 3)], ""), (30.0, [], ""),
    ],
)  # fmt: skip
def test_what_answers_better(
    now: float, others: list[tuple[str, float, int]], expected: str
) -> None:
    found = better(_writer("now", now, 1), [_writer(*other) for other in others])
    assert (found.name if found else "") == expected


def test_only_what_is_advised_is_said_to_be_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = catalogue.find("starter")
    monkeypatch.setattr(answer_speed, "measured", lambda _paths: Measured())
    monkeypatch.setattr(answer_speed, "size_of", lambda _path: model.size)
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "none"))
    theirs = replace(
        listed(tmp_path / "none", 4096)[0], name="large.gguf", size=GB * 3 // 2, needs=2 * GB,
        path=tmp_path / "large.gguf", instruct=True,
    )  # fmt: skip
    monkeypatch.setattr(
        answer_speed, "listed", lambda *_: [theirs, *listed(tmp_path / "none", 4096)]
    )
    chosen = Chosen(tmp_path / model.file, model, needs=GB, name=model.name)
    for memory, name in ((16 * GB, LARGER), (2 * GB, "")):
        _, _, found = in_use(chosen, 4096, memory, ())
        assert (found.name if found else "") == name


@pytest.mark.parametrize(
    ("steps", "gpu", "speed", "is_measured", "name", "is_here"),
    [
        ({}, 0, 3.9, False, LARGER, False),  # estimated, and to be fetched
        ({"my.gguf": 0.2}, 0, 5.0, True, LARGER, False),
        ({"my.gguf": 0.05}, 0, 20.0, True, LARGER, False),
        ({"my.gguf": 0.2, "quick.gguf": 0.09}, 0, 5.0, True, "quick.gguf", True),  # the larger one
        ({}, 100 * GB, math.inf, False, "", False),
        ({"my.gguf": 0.2}, 100 * GB, 5.0, True, "codellama-70b-instruct-q4_k_m", False),
    ],
)  # fmt: skip
def test_the_model_in_use(
    steps: dict[str, float], gpu: int, speed: float, is_measured: bool, name: str, is_here: bool,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    mine, quick = tmp_path / "my.gguf", tmp_path / "quick.gguf"
    mine.write_bytes(b"")
    quick.write_bytes(b"")
    known = {str(tmp_path / file): Step(one, one) for file, one in steps.items()}
    monkeypatch.setattr(answer_speed, "measured", lambda _paths: Measured(known, gpu))
    monkeypatch.setattr(answer_speed, "size_of", lambda _path: 4_081_004_224)
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "none"))
    theirs = replace(
        listed(tmp_path / "none", 4096)[0], name="quick.gguf", size=5 * GB, needs=6 * GB, path=quick
    )
    monkeypatch.setattr(
        answer_speed, "listed", lambda *_: [*[theirs] * is_here, *listed(tmp_path / "none", 4096)]
    )
    chosen = Chosen(mine, None, needs=6 * GB, name="my.gguf")
    now, found, _ = in_use(chosen, 4096, 100 * GB, ())
    assert (now.name, now.is_measured, now.is_here) == ("my.gguf", is_measured, True)
    assert now.speed == pytest.approx(speed, abs=0.05)
    assert (found.name if found else "") == name
    assert found is None or found.is_here == is_here


@pytest.mark.parametrize(
    ("speed", "is_measured", "last", "seen"),
    [
        (14.0, False, 0.0, (14.0, False, 0.0)),  # nothing has been asked here
        (14.0, False, 9.0, (9.0, True, 0.0)), (14.0, True, 20.0, (20.0, True, 0.0)),
        (14.0, False, 2.0, (14.0, False, 2.0)), (math.inf, False, 80.0, (80.0, True, 0.0)),
    ],
)  # fmt: skip
def test_the_last_answer_says_how_fast_it_is(
    speed: float, is_measured: bool, last: float, seen: tuple[float, bool, float]
) -> None:
    now = as_seen(Writer("now", GB, speed, is_measured, is_here=True), last)
    assert (now.speed, now.is_measured, now.slowed) == seen


def test_what_was_last_answered_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    paths = [tmp_path / f"{at}.gguf" for at in range(40)]
    for at, path in enumerate(paths):
        path.write_bytes(b"GGUF" + bytes([at]))
        assert last_run(str(path)) == 0
        note_run(str(path), at + 1)
    note_run(str(paths[20]), 0.5)
    assert [last_run(str(path)) for path in (paths[39], paths[20], paths[0])] == [40, 0.5, 0]
    (cache_folder() / "runs.json").write_text('{"a": ')
    assert last_run(str(paths[39])) == 0
    note_run(str(tmp_path / "gone.gguf"), 1.0)  # and no error


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e999", "NaN", "-1", "true", '"fast"', "[1]"])
def test_a_speed_that_is_none_counts_as_nothing(
    number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF")
    note_run(str(path), 5.0)
    file = cache_folder() / "runs.json"
    file.write_text(file.read_text().replace("5.0", number))
    assert last_run(str(path)) == (1 if number == "true" else 0)


def test_what_does_not_suit_the_machine_is_not_advised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = catalogue.find("codellama-7b")
    path = tmp_path / model.file
    monkeypatch.setattr(answer_speed, "measured", lambda _paths: Measured())
    monkeypatch.setattr(answer_speed, "size_of", lambda _path: model.size)
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "none"))
    for memory, name in ((8 * GB, LARGER), (2 * GB, STARTER), (GB, "")):
        _, found, _ = in_use(Chosen(path, model, needs=6 * GB, name=model.name), 4096, memory, ())
        assert (found.name if found else "") == name
