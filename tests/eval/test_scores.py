"""What an answer is worth."""

from __future__ import annotations

import pytest

from herdmate.eval.holes import Hole, Trial
from herdmate.eval.programs import passes
from herdmate.eval.scores import Answer, is_well_formed, score

HOLE = Hole("a", "python", "def f(x):\n    ", "return x + 1", "\n\n\nf(1)\n")


@pytest.mark.parametrize(
    ("text", "exact", "valid"),
    [
        ("return x + 1", True, True),
        ("return x + 1  \n\n    # and more", True, True),  # as many lines as were taken out count
        ("return x", False, True),
        ("return x +", False, False),
        (None, False, None),
    ],
)
def test_exact_and_valid(text: str | None, exact: bool, valid: bool | None) -> None:
    found = score(HOLE, Answer(text, 0.1))
    assert (found.exact, found.valid) == (exact, valid)
    assert found.similarity == 1.0 if exact else found.similarity < 1.0


def test_what_was_broken_is_not_judged() -> None:
    broken = Hole("a", "python", "def f(:\n", "    return 1", "\n")
    assert score(broken, Answer("    return 1", 0.1)).valid is None


def test_a_text_may_take_the_place_of_what_is_behind_the_cursor() -> None:
    hole = Hole("a", "python", "print(", "1", ")\n")
    assert score(hole, Answer("1, 2)", 0.1, reach=1)).valid is True
    assert score(hole, Answer("1, 2)", 0.1)).valid is False


def test_well_formed_by_the_grammar() -> None:
    assert is_well_formed("int f() { return 1; }", "c") is True
    assert is_well_formed("int f() { return 1; ", "c") is False
    assert is_well_formed("whatever", "no language") is None


@pytest.mark.parametrize(
    ("program", "passed"),
    [
        ("print(int(input()) + 1)", True),
        ("print(int(input()) + 2)", False),
        ("raise SystemExit(1)", False),
    ],
)
async def test_programs_are_run(program: str, passed: bool) -> None:
    tests = (Trial("1\n", ("2\n",)), Trial("5\n", ("7", "6")))
    assert await passes(program, tests) == passed
