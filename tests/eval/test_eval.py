"""``herdmate eval`` from the command line, through a real server with the fake engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.eval.test_holes import CODE

pytestmark = pytest.mark.e2e


def _eval(tmp_path: Path, replies: dict[str, str], *arguments: str) -> str:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"replies": replies}))
    done = subprocess.run(
        [sys.executable, "-m", "herdmate", "eval", *arguments, "--fake-engine", str(script)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _set(tmp_path: Path) -> str:
    rows = [
        {"name": f"{language} {at}", "language": language, "prompt": f"x{at} = [",
         "suffix": f"y{at} = 2", "canonical_solution": f"    {at}]"}
        for language in ("py", "js") for at in range(8)
    ]  # fmt: skip
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_all_who_are_asked_get_the_same_holes(tmp_path: Path) -> None:
    replies = {"x3 = [": "    3]\nz = 0\n", "": "    0]\n"}
    records = tmp_path / "records.jsonl"
    out = _eval(
        tmp_path, replies, _set(tmp_path), "--json", "--count", "8", "--language", "python",
        "--baseline", "bare", "--baseline", "unhealed", "--baseline", "original",
        "--records", str(records),
    )  # fmt: skip
    rows = {row["asked"]: row for row in json.loads(out)["summaries"]}
    assert list(rows) == ["herdmate", "bare", "unhealed", "original"]
    assert {row["holes"] for row in rows.values()} == {8}
    assert rows.pop("original")["exact"] == 8  # nothing of what is right is taken away
    assert {row["exact"] for row in rows.values()} == {2}  # those with 0 and with 3
    said = [json.loads(line) for line in records.read_text().splitlines()]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for line in said:
        by_name.setdefault(line["name"], []).append(line)
    assert all(len(lines) == 4 for lines in by_name.values())
    assert all(line["shown"] for line in said)


def test_a_sample_is_fixed_and_by_language(tmp_path: Path) -> None:
    def names(seed: str) -> list[str]:
        records = tmp_path / f"{seed}.jsonl"
        _eval(tmp_path, {"": "    0]\n"}, _set(tmp_path), "--count", "3", "--seed", seed,
              "--records", str(records))  # fmt: skip
        return [json.loads(line)["name"] for line in records.read_text().splitlines()]

    first = names("1")
    assert first == names("1")
    assert [name[:2] for name in first] == ["py"] * 3 + ["js"] * 3
    assert first != names("2")


def test_only_the_plain_bare_model_is_told_how_much_is_missing(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    _eval(
        tmp_path, {"": "    0]\nz = 0\n"}, _set(tmp_path), "--count", "1", "--language", "python",
        "--baseline", "bare", "--baseline", "untold", "--records", str(records),
    )  # fmt: skip
    shown = {row["asked"]: row["shown"] for row in map(json.loads, records.open())}
    assert shown["bare"] == "    0]"
    assert shown["untold"] == "    0]\nz = 0\n"


def test_the_table_is_whole_in_a_narrow_terminal(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for at in range(3):
        (source / f"{at}.py").write_text(CODE)
    out = _eval(tmp_path, {"": "x"}, str(source), "--count", "3", "--baseline", "unhealed")
    (head, herdmate, unhealed) = (line for line in out.splitlines() if "e" in line)
    assert head.split()[:4] == ["language", "asked", "holes", "shown"]
    assert herdmate.split()[:3] == ["python", "herdmate", "3"]
    assert unhealed.split()[-1] == "-"
    assert max(map(len, out.splitlines())) <= 80


def test_a_missing_set_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "herdmate", "eval", str(tmp_path / "none.jsonl")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "does not exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_made_of_what_the_model_must_not_see(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / ".git").mkdir()
    (source / ".gitignore").write_text("ignored.py\n")
    (source / "ignored.py").write_text(CODE)
    (source / "keys.py").write_text(
        f'KEY = """-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"""\n{CODE}'
    )
    (source / "seen.py").write_text(CODE)
    records = tmp_path / "records.jsonl"
    _eval(tmp_path, {"": "x"}, str(source), "--records", str(records))
    (only,) = (json.loads(line) for line in records.read_text().splitlines())
    assert only["name"].endswith("seen.py")


def test_definitions_are_judged_by_their_end(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for at in range(3):
        body = "\n".join(f"  const value{at}{line} = {line};" for line in range(5))
        (source / f"{at}.js").write_text(f"function number{at}() {{\n{body}\n}}\n")
    rest = "\n  return 1;\n}"
    replies = {"() {": rest, "()": f" {{{rest}", "": f") {{{rest}"}
    command = (str(source), "--cut", "definition", "--json", "--baseline", "bare")
    rows = json.loads(_eval(tmp_path, replies, *command))["summaries"]
    assert [row["asked"] for row in rows] == ["herdmate", "bare"]
    assert {row["definitions"] for row in rows} == {3}
    assert rows[1]["whole"] == 3
    rows = json.loads(_eval(tmp_path, {"": "\n  return"}, *command))["summaries"]
    assert {row["whole"] for row in rows} == {0}
