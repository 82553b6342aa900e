"""The lines above a cursor that began the head whose parameters or condition it is in."""

from __future__ import annotations

from collections.abc import Sequence

from herdmate.context.languages import BRACES
from herdmate.context.lexical import brackets
from herdmate.context.line_kinds import without_strings
from herdmate.text import indent_of

_LANGUAGES = BRACES | {"python", "ruby", "lua", "julia", "groovy"}

_MOST_LINES = 40


def open_head(before: Sequence[str], below: str, language: str) -> tuple[str, ...]:
    """The lines from the one with the round bracket around the cursor to the one above the cursor.

    ``before`` are the lines up to the cursor, ``below`` is the next one that is not blank. Empty if
    the bracket is on the cursor's line or seems to be closed below, or if the cursor is deeper than
    the first line in it.
    """
    if language not in _LANGUAGES or below.lstrip().startswith((")", "{")):
        return ()
    code, opened = without_strings("\n".join(before), language), list[tuple[int, str]]()
    for at, char in brackets(code, language):
        if char in "([{":
            opened.append((at, char))
        elif opened:
            opened.pop()
    start = -1
    while opened and opened[-1][1] == "(":  # ``if (f(`` opens two
        start = opened.pop()[0]
    row = code.count("\n", 0, start) if start >= 0 else len(before)
    lines = tuple(before[row:-1])
    if not 0 < len(lines) <= _MOST_LINES:
        return ()
    first = next(filter(str.strip, (*lines[1:], before[-1])), before[-1])
    return () if _columns(before[-1]) > _columns(first) else lines


def _columns(line: str) -> int:
    return len(indent_of(line).expandtabs(4))
