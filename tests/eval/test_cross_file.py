"""Holes whose answers lie in another file."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from herdmate.eval.cross_file import calls, workspace
from herdmate.eval.retrieval import fragments
from herdmate.text import Cursor, Document, Excerpt
from tests.context.test_project import COUNTS
from tests.eval.test_eval import _eval

SHOP = "def total_price(items, tax=0):\n    return sum(items) * (1 + tax)\n"
MAIN = """\
from shop import total_price


def own_price(items):
    return total_price(items, tax=2)


def other(items):
    return own_price(items) + len(items)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "shop.py").write_text(SHOP, "utf-8")
    (tmp_path / "app" / "main.py").write_text(MAIN, "utf-8")
    return tmp_path / "app"


def test_only_calls_of_what_another_file_defines(folder: Path) -> None:
    index, paths = workspace([folder]).index, sorted(folder.glob("*.py"))
    for seed in range(9):
        (hole,) = calls(paths, index, random.Random(seed))
        assert hole.path == folder / "main.py"
        assert "return total_price(items, tax=2)".endswith(hole.middle)
        assert "items, tax=2)" in hole.middle
        assert hole.filled(hole.middle) == MAIN


@pytest.mark.parametrize(
    "line",
    [
        "# total_price(items, tax=2)",
        '"total_price(items, tax=2)"',
        "items.append(items, tax=2)",
        "total_price(a)",
    ],
)
def test_no_call_in_text_or_of_what_is_not_imported(folder: Path, line: str) -> None:
    (folder / "lists.py").write_text("class Other:\n    def append(self): return 1\n", "utf-8")
    (folder / "main.py").write_text(f"from shop import total_price\n\n{line}\n", "utf-8")
    index = workspace([folder]).index
    assert list(calls([folder / "main.py"], index, random.Random(0))) == []


def test_fragments_resemble_the_code_before_the_hole_and_the_best_comes_last(folder: Path) -> None:
    (folder / "other.py").write_text(MAIN, "utf-8")
    among = workspace([folder])
    (hole,) = calls([folder / "main.py"], among.index, random.Random(0))
    found = fragments(hole, among.index, among.folders, 2000)
    assert found[-1].path == "other.py"
    assert found[-1].code in MAIN
    assert Excerpt("shop.py", SHOP) in found
    assert fragments(hole, among.index, among.folders, len(found[-1].code) + 9) == found[-1:]


async def test_the_definition_is_seen_along_with_the_hole(folder: Path) -> None:
    among = workspace([folder])
    (hole,) = calls([folder / "main.py"], among.index, random.Random(0))
    document = Document((folder / "main.py").as_uri(), "python", hole.before + hole.after)
    here = Cursor(document, len(hole.before))
    (seen,) = await among.excerpts_for(here, 500, COUNTS, nobody_types=True)
    assert (seen.path, seen.code) == ("shop.py", SHOP)


@pytest.mark.e2e
def test_all_are_asked_the_same_hole(folder: Path, tmp_path: Path) -> None:
    record = tmp_path / "records.jsonl"
    out = _eval(
        tmp_path, {"": "total_price(items, tax=2)"}, str(folder), "--cut", "call", "--json",
        "--baseline", "alone", "--baseline", "bare", "--baseline", "fragments",
        "--records", str(record),
    )  # fmt: skip
    rows = {row["asked"]: row for row in json.loads(out)["summaries"]}
    assert list(rows) == ["herdmate", "alone", "bare", "fragments"]
    assert {row["holes"] for row in rows.values()} == {1}
    assert {row["shown"] for row in rows.values()} == {1}
