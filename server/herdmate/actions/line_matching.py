"""Which lines two texts have in common, in order, in bounded time."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence

_MOST_PAIRS = 200_000
"""Pairs of equal lines that are compared. Of longer texts, only the start and the end match."""


def same_rows(new: Sequence[str], old: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The rows of lines that are the same in two texts, in ascending order."""
    most = min(len(new), len(old))
    head = next((at for at in range(most) if new[at] != old[at]), most)
    rest = most - head
    tail = next((at for at in range(rest) if new[-1 - at] != old[-1 - at]), rest)
    yield from ((at, at) for at in range(head))
    middle, theirs = new[head : len(new) - tail], old[head : len(old) - tail]
    counts = Counter(theirs)
    if sum(counts[line] for line in middle) <= _MOST_PAIRS:
        matcher = difflib.SequenceMatcher(None, middle, theirs, autojunk=False)
        for start, was, size in matcher.get_matching_blocks():
            yield from ((head + start + at, head + was + at) for at in range(size))
    yield from ((len(new) - at, len(old) - at) for at in range(tail, 0, -1))


def changed_rows(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Rows of old lines, and of the new ones that replace them, for each difference."""
    was = at = 0
    for row, old_row in (*same_rows(new, old), (len(new), len(old))):
        if (row, old_row) != (at, was):
            yield was, old_row, at, row
        at, was = row + 1, old_row + 1
