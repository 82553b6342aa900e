"""Holes: out of published sets, and punched into code."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from herdmate.errors import SelectionError
from herdmate.eval.holes import Cut, Hole, Trial, punch, read_set, sample
from herdmate.eval.programs import passes

CODE = "\n".join(f"def function_{at}(first, second):\n    return first + {at}" for at in range(20))


def test_a_row_of_santacoders_set(tmp_path: Path) -> None:
    row = {
        "name": "one", "language": "py", "prompt": "def f(x):", "suffix": "    return y",
        "canonical_solution": "    y = x",
    }  # fmt: skip
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(row) + "\n")
    (hole,) = read_set(path)
    assert (hole.name, hole.language, hole.tests) == ("one", "python", ())
    assert hole.filled(hole.middle) == "def f(x):\n    y = x\n    return y"


def test_a_row_of_safim(tmp_path: Path) -> None:
    row = {
        "task_id": "two", "lang": "python", "prompt": "Description: Adds one.\n\nCode:\n",
        "eval_prompt": "x = int(input())\n{{completion}}\nprint(x)", "ground_truth": "x += 1",
        "unit_tests": json.dumps([{"input": "1", "output": ["2"]}]),
    }  # fmt: skip
    path = tmp_path / "set.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(row).encode()))
    (hole,) = read_set(path)
    assert hole.before == "# Adds one.\n\nx = int(input())\n"
    assert hole.after == "\nprint(x)"
    assert hole.tests == (Trial("1", ("2",)),)


async def test_a_row_of_humanevalpack(tmp_path: Path) -> None:
    row = {
        "task_id": "three", "prompt": "def f(x):\n", "entry_point": "f",
        "canonical_solution": "    y = x\n\n    y += 1\n    y += 1\n    return y\n",
        "test": "def check(f):\n    assert f(1) == 3\n\ncheck(f)",
    }  # fmt: skip
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps({**row, "task_id": str(at)}) + "\n" for at in range(20)))
    holes = list(read_set(path))
    assert [hole.middle for hole in holes] == [hole.middle for hole in read_set(path)]
    assert len({hole.middle for hole in holes}) > 3
    for hole in holes:
        assert hole.filled(hole.middle) == row["prompt"] + row["canonical_solution"]
        assert "\n" in hole.middle
        assert hole.middle.startswith("    ")
        assert (hole.before[-1], hole.after[0]) == ("\n", "\n")
    assert await passes(holes[0].filled(holes[0].middle) + holes[0].test_code, holes[0].tests)
    assert not await passes(holes[0].filled("    pass") + holes[0].test_code, holes[0].tests)


@pytest.mark.parametrize("text", ["no json", '{"other": "keys"}', '{"lang": "py", "task_id": "x"}'])
def test_what_is_no_set_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(text)
    with pytest.raises(SelectionError, match="not a set of holes"):
        list(read_set(path))


@pytest.mark.parametrize("cut", ["line", "word", "block"])
def test_holes_in_ones_own_code(tmp_path: Path, cut: Cut) -> None:
    path = tmp_path / "a.py"
    path.write_text(CODE)
    for seed in range(50):
        (hole,) = punch([path], cut, random.Random(seed))
        assert hole.filled(hole.middle) == CODE
        assert hole.middle.strip()
        assert hole.after[:1] in ("\n", "")
        if cut == "word":
            assert hole.before[-1:].isalnum() or hole.before[-1:] == "_"
            assert hole.middle[0].isalnum() or hole.middle[0] == "_"
        else:
            assert cut == "block" or "\n" not in hole.middle


def test_no_hole_in_what_is_broken_or_short(tmp_path: Path) -> None:
    broken, short = tmp_path / "broken.py", tmp_path / "short.py"
    broken.write_text(CODE + "\ndef (")
    short.write_text("value = 1\n")
    assert list(punch([broken, short, tmp_path / "none.py"], "line", random.Random(0))) == []


def test_a_word_is_looked_for_where_there_is_one(tmp_path: Path) -> None:
    numbers = ",\n".join(f"    {number}" for number in range(10_000_000, 10_000_060))
    none, one = tmp_path / "none.json", tmp_path / "one.json"
    none.write_text(f"[\n{numbers}\n]\n")
    one.write_text(f'[\n{numbers},\n    -1, "the_only_one"\n]\n')
    assert list(punch([none], "word", random.Random(0))) == []
    assert len(list(punch([none], "line", random.Random(0)))) == 1
    for seed in range(20):
        (hole,) = punch([one], "word", random.Random(seed))
        assert "the_only_one" in hole.before.rpartition("\n")[2] + hole.middle


def test_a_sample_takes_the_holes_of_a_code_together() -> None:
    lines = [[f"a{code} = {line}" for line in range(5)] for code in range(6)]
    holes = [
        Hole(f"{code}-{line}", "python", "".join(f"{it}\n" for it in text[:line]), text[line],
             "\n" + "\n".join(text[line + 1 :]))
        for line in range(5) for code, text in enumerate(lines)
    ]  # fmt: skip
    chosen = sample(holes, 12, random.Random(3))
    first, second, third = (chosen[at].name[0] for at in (0, 5, 10))
    assert [hole.name for hole in chosen[:5]] == [f"{first}-{line}" for line in range(5)]
    assert [hole.name[0] for hole in chosen] == [first] * 5 + [second] * 5 + [third] * 2
    assert len({first, second, third}) == 3
    assert chosen == sample(holes, 12, random.Random(3))
    assert chosen != sample(holes, 12, random.Random(4))
