"""Which line of other code corresponds to the one at a cursor."""

from __future__ import annotations

import pytest

from herdmate.context.alignment import before_cursor, best_row

SIBLING = """\
def close(self):
    self.session.close()

async def read(self, path, user=None):
    if user is not None:
        path = await self.check(path, user)
    else:
        path = self.normalize(path)
    return self.files.read(path)
"""


@pytest.mark.parametrize(
    ("before", "row"),
    [
        ("async def write(self, path, user=None):\n    if user is not None:\n        path = ", 5),
        ("async def write(self, path, user=None):\n    if user is not None:\n        ", 5),
        ("async def write(self, path, user=None):\n    if user", 4),
        ("if user is not None:\n\n\n\telse", 6),
        ("def close(self):\n    self.session.", 1),
    ],
)
def test_the_row_is_that_which_follows_the_same_lines(before: str, row: int) -> None:
    lines = SIBLING.splitlines()
    found, likeness = best_row(before_cursor(before), lines, 0, len(lines))
    assert (found, likeness > 0.3) == (row, True)


def test_only_the_given_rows_are_answers() -> None:
    lines = SIBLING.splitlines()
    before = before_cursor("def close(self):\n    self.session.")
    assert best_row(before, lines, 3, 6)[0] in range(3, 6)
    assert best_row(before, lines, 3, 3) == (3, 0.0)


@pytest.mark.parametrize("code", ["", "\n\n", "    ", "()\n", "\0"])
def test_what_has_no_words_is_like_nothing(code: str) -> None:
    lines = SIBLING.splitlines()
    assert best_row(before_cursor(code), lines, 0, len(lines)) == (0, 0.0)
    assert best_row(before_cursor(code), [], 0, 0) == (0, 0.0)


def test_the_same_lines_are_as_like_as_can_be() -> None:
    lines = SIBLING.splitlines()
    before = before_cursor("\n".join(lines[:8]) + "\n    return")
    row, likeness = best_row(before, lines, 0, len(lines))
    assert row == 8
    assert likeness == pytest.approx(1.0)


def _best(before: str, *rows: str) -> str:
    lines = [line for row in rows for line in row.split("|")]
    found, _ = best_row(before_cursor(before), lines, 0, len(lines))
    return lines[found]


def test_nearer_lines_count_more_and_further_ones_decide_between_equals() -> None:
    assert _best("alpha\nbeta\n", "alpha|other|left", "other|beta|right") == "right"
    above = "one\ntwo\nthree\nfour\n"
    assert _best(above, "no|two|three|four|left", "one|two|three|four|right") == "right"
    assert _best(above, "one|two|three|four|left", "no|two|three|four|right") == "left"


def test_the_begun_line_counts_by_its_words() -> None:
    lines = ("path = self.files.of(name)", "path = await self.check(name)")
    assert _best("path = await self.che", *lines) == lines[1]
    assert _best("names = await other.check", *lines) == lines[1]


def test_few_lines_are_never_much_alike() -> None:
    for line in ("import os", "}", "from pathlib"):
        assert best_row(before_cursor(line + "\n"), [line, "x"], 0, 2)[1] < 0.5
        assert best_row(before_cursor(line), [line, "x"], 0, 2)[1] < 0.5
        assert best_row(before_cursor(line + "\nx"), [line, "x"], 0, 2)[1] < 0.8


def test_lines_left_out_are_passed_over() -> None:
    lines = ["def make(self):", "", "", "    self.first()", "", "    self.second()", "    last()"]
    before = before_cursor("def make(self):\n    self.first()\n    self.second()\n    last")
    row, likeness = best_row(before, lines, 0, len(lines))
    assert row == 6
    assert likeness == pytest.approx(1.0)
