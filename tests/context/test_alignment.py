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
    assert (found, likeness > 0.5) == (row, True)


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
