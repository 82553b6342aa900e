"""Which line of other code corresponds to the one at a cursor.

Code that resembles what the user has just written helps most by what comes next in it. So the lines
above the cursor, and the start of its own line, are compared with successive lines of other code.
Each pair of lines counts by the words that both have, and less the further it is from the cursor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_ABOVE = 6
_DECAY = 0.8  # what a line counts of the one below it
_FEW = 2.6
"""What three lines count, and a little more: fewer are never much alike."""
_LONGEST = 400  # characters of a line that are compared

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its indentation, and its words."""

    code: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Before:
    """What is before a cursor: the start of its line, and lines of code above it, nearest first."""

    begun: _Line
    above: tuple[_Line, ...]


def before_cursor(code: str) -> Before:
    """The lines to compare with other code; ``code`` ends at the cursor."""
    *above, begun = code.split("\n")
    lines = tuple(line for line in map(_line, reversed(above)) if line.code)
    return Before(_line(begun), lines[:_MOST_ABOVE])


def best_row(before: Before, lines: Sequence[str], first: int, end: int) -> tuple[int, float]:
    """The row among ``first:end`` that best corresponds to the cursor's line, and how well.

    The latter is between 0 (no word in common) and 1 (four or more lines, all the same). Empty
    lines do not count, nor do lines of which ``lines`` has ``""`` instead.
    """
    rows = [(row, line) for row, line in enumerate(map(_line, lines)) if line.code]
    weights = [_DECAY**at for at in range(len(before.above))]
    total = max(sum(weights) + bool(before.begun.code), _FEW)
    best, found = 0.0, first
    for at, (row, line) in enumerate(rows):
        if first <= row < end:
            above = (other for _, other in reversed(rows[max(at - len(weights), 0) : at]))
            pairs = zip(weights, before.above, above, strict=False)
            likeness = sum(weight * _likeness(one, other) for weight, one, other in pairs)
            likeness += _share(before.begun, line)
            if likeness / total > best:
                best, found = likeness / total, row
    return found, best


def _line(text: str) -> _Line:
    code = text[:_LONGEST].strip()
    return _Line(code, frozenset(_WORD.findall(code)))


def _likeness(one: _Line, other: _Line) -> float:
    """The share of the words of two lines that both have; 1 if they are equal without words."""
    if one.code == other.code:
        return 1.0
    return len(one.words & other.words) / max(len(one.words | other.words), 1)


def _share(begun: _Line, line: _Line) -> float:
    """How much of the begun line another line has, from 0 to 1; 0 if nothing is begun."""
    if not begun.code:
        return 0.0
    if line.code.startswith(begun.code):
        return 1.0
    return 0.9 * len(begun.words & line.words) / max(len(begun.words), 1)
