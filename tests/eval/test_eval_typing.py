"""``herdmate eval typing`` from the command line, through a real server."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from herdmate.eval.stretches import Stretch
from herdmate.eval.type_stretch import Typed
from herdmate.eval.typing_run import TypedStretch, typing_summaries
from herdmate.text import Document
from tests.eval.test_holes import CODE
from tests.waiting import until

JAVASCRIPT = "\n".join(
    f"function number{at}(first, second) {{\n  return first + {at};\n}}" for at in range(20)
)


def _folder(tmp_path: Path, files: int = 2) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for at in range(files):
        (folder / f"{at}.py").write_text(CODE)
        (folder / f"{at}.js").write_text(JAVASCRIPT)
    return folder


def _command(tmp_path: Path, folder: Path, replies: dict[str, str], *more: str) -> list[str]:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"replies": replies}))
    return [sys.executable, "-m", "herdmate", "eval", "typing", str(folder), *more,
            "--fake-engine", str(script)]  # fmt: skip


def _typing(*arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*arguments), capture_output=True, text=True, check=False)


def _stretch(language: str) -> Stretch:
    return Stretch(Document("file:///a", language, ""), 0, "x", (0.1,))


def test_sums_are_by_language_and_writer_and_need_both() -> None:
    first, second, half = _stretch("python"), _stretch("go"), _stretch("go")
    results = [
        TypedStretch(first, "herdmate", Typed(100, 30, 4, 6, 2, 70, 7, [0.1, 0.3])),
        TypedStretch(first, "bare", Typed(100, 10, 4, 9, 6, 90, 45, [])),
        TypedStretch(second, "bare", Typed(50, 0, 0, 1, 1, 50, 0, [0.2])),
        TypedStretch(second, "herdmate", Typed(50, 20, 1, 1, 0, 31, 0, [0.5])),
        TypedStretch(half, "herdmate", Typed(1000, 999, 1, 1, 0, 2, 0, [9.0])),
    ]
    rows = {(row.language, row.asked): row for row in typing_summaries(results)}
    assert list(rows) == [(language, asked) for language in ("go", "python", "all")
                          for asked in ("herdmate", "bare")]  # fmt: skip
    whole = rows["all", "herdmate"]
    assert (whole.stretches, whole.characters, whole.saved) == (2, 150, 45)
    assert (whole.shown, whole.wrong, whole.requests, whole.late) == (7, 2, 101, 7)
    assert (whole.median_seconds, whole.p95_seconds) == (0.3, 0.5)
    assert rows["python", "bare"].median_seconds is None
    assert rows["go", "herdmate"].saved == 19


@pytest.mark.e2e
def test_both_write_the_same_and_the_figures_add_up(tmp_path: Path) -> None:
    folder, records = _folder(tmp_path), tmp_path / "records.jsonl"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = _typing(
        tmp_path, folder, {"": "zzz(1)\nmore"}, "--json", "--files", "1", "--characters", "60",
        "--languages", "python,javascript", "--no-pauses", "--slow-motion", "50",
        "--records", str(records),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {(row["language"], row["asked"]): row for row in found["summaries"]}
    assert len(rows) == 6
    for (_, asked), row in rows.items():
        assert row["characters"] == rows[row["language"], "bare"]["characters"] >= 50
        assert row["saved"] == row["taken"] - row["presses"] == 0
        assert row["wrong"] == row["shown"]
        assert row["requests"] == row["characters"]
        assert asked == "herdmate" or row["shown"] > 0
    said = [json.loads(line) for line in records.read_text().splitlines()]
    assert [row["asked"] for row in said] == ["herdmate", "bare", "bare", "herdmate"]
    assert "function" not in records.read_text()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.e2e
def test_what_comes_next_is_taken_over(tmp_path: Path) -> None:
    """``return`` is what always comes after a head, and the model knows it."""
    done = _typing(
        tmp_path, _folder(tmp_path), {"": "return first"}, "--json", "--files", "1",
        "--language", "python", "--characters", "100", "--no-pauses", "--slow-motion", "50",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {row["asked"]: row for row in json.loads(done.stdout)["summaries"]}
    for row in rows.values():
        assert row["saved"] > 0
        assert row["wrong"] < row["shown"]
        assert 0 < row["median_seconds"] <= row["p95_seconds"]


@pytest.mark.e2e
def test_the_table_is_whole_in_a_narrow_terminal(tmp_path: Path) -> None:
    done = _typing(
        tmp_path, _folder(tmp_path), {"": "x"}, "--files", "1", "--characters", "30",
        "--languages", "python,javascript", "--no-pauses",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.strip("─ ")]
    assert lines[0].split()[:5] == ["language", "asked", "typed", "saved", "shown"]
    assert len(lines) == 1 + 6
    assert max(map(len, lines)) <= 80
    assert "…" not in done.stdout


@pytest.mark.e2e
def test_where_there_is_nothing_to_type_is_said(tmp_path: Path) -> None:
    for folder, words in ((tmp_path / "none", "does not exist"), (tmp_path, "nothing to type")):
        done = _typing(tmp_path, folder, {"": "x"})
        assert done.returncode == 1
        assert words in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr


@pytest.mark.e2e
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal elsewhere")
async def test_stopped_it_prints_the_figures_so_far(tmp_path: Path) -> None:
    folder, records = _folder(tmp_path, files=30), tmp_path / "records.jsonl"
    command = _command(
        tmp_path, folder, {"": "x"}, "--json", "--files", "30", "--characters", "40",
        "--records", str(records),
    )  # fmt: skip
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    await until(lambda: records.exists() and records.read_text().count("\n") >= 2)
    process.send_signal(signal.SIGINT)
    said, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 130
    assert b"Stopped after" in errors
    assert b"Traceback" not in errors
    found = json.loads(said)
    assert 1 <= found["summaries"][0]["stretches"] < found["conditions"]["stretches"]


@pytest.mark.e2e
@pytest.mark.model
@pytest.mark.timeout(900)
def test_the_starter_saves_something(tmp_path: Path, starter_model: Path) -> None:
    """Code that repeats itself, which any model continues."""
    command = [
        sys.executable, "-m", "herdmate", "eval", "typing", str(_folder(tmp_path)), "--json",
        "--files", "1", "--characters", "40", "--language", "python", "--no-pauses",
        "--slow-motion", "200",
        "--model", str(starter_model),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = {row["asked"]: row for row in json.loads(done.stdout)["summaries"]}
    assert rows["herdmate"]["characters"] == rows["bare"]["characters"] >= 35
    assert rows["herdmate"]["requests"] > 0
    assert rows["herdmate"]["late"] <= rows["herdmate"]["requests"]
    assert rows["herdmate"]["shown"] > 0
