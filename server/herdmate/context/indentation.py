"""Fits new code into the place of old code: its indentation, line endings and final newline."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from itertools import pairwise

from herdmate.text import LINE_BREAK, line_ending

_OPENS = re.compile(r"^\s*- |([:{(\[]|=>|->|\b(then|do|begin|else))\s*$")
"""A line after which the next one is indented further (``- `` is a list entry in YAML)."""
_CLOSES = re.compile(r"\s*([})\]]|end\b)")


def in_place(
    code: str, original: str, line_end: str | None = None, in_strings: Collection[int] = (),
    is_prose: bool = False,
) -> str:  # fmt: skip
    r"""``code``, whose line ending is ``\n``, as an exact replacement for ``original``.

    ``line_end`` is the file's; without it, the first one in ``original`` is used. Lines of the
    original that are indented less than the code itself, as in strings, stay as they are.
    ``in_strings`` are the rows of the original, from 0, that begin inside a string literal; they
    do not show how code is indented. ``is_prose``: tabs and spaces stay as they are in the new
    code, as both mean something in prose.
    """
    rows = [(row in in_strings, line) for row, line in enumerate(LINE_BREAK.split(original))]
    theirs = [line for in_string, line in rows if line.strip() and not in_string] or [""]
    indent, known = theirs[0][: _width(theirs[0])], {line for _, line in rows if line.strip()}
    raw = code.strip("\n").split("\n")
    is_kept = [
        at > 0 and line in known and _width(line) < len(indent) for at, line in enumerate(raw)
    ]
    strings = {line.strip() for in_string, line in rows if in_string}
    lines = raw if is_prose else _in_units_of(theirs, raw, strings)
    body = [line for line, kept in zip(lines, is_kept, strict=True) if line.strip() and not kept]
    shift = _shift(body, theirs) if body else 0
    placed = [
        old if kept else _shifted(line, shift, indent)
        for old, line, kept in zip(raw, lines, is_kept, strict=True)
    ]
    placed[0] = indent + lines[0].lstrip()
    end = line_end or line_ending(original)
    last = end if original.endswith(("\n", "\r")) else ""
    return end.join(line if line in known else line.rstrip() for line in placed) + last


def step_of(lines: list[str]) -> int:
    """How many spaces each level is indented by; 4 if unknown."""
    return _step(lines) or 4


def _shift(lines: list[str], theirs: list[str]) -> int:
    """How many characters to the right the lines after the first have to move."""
    if _lost_first(lines, theirs):
        return 0
    return _width(theirs[0]) - _width(lines[0])


def _lost_first(lines: list[str], theirs: list[str]) -> bool:
    """Has only the first line lost its indentation, as when a model continues after a fence?"""
    if len(lines) < 2 or _width(lines[0]) or not _width(theirs[0]):
        return False
    first, *body = lines
    wanted = _width(theirs[0])
    if _OPENS.search(first) and _width(body[0]) <= wanted and not _CLOSES.match(body[0]):
        return False  # the body would be no further right than the line that opens it
    where: dict[str, set[int]] = {}
    for line in theirs:
        where.setdefault(line.strip(), set()).add(_width(line))
    moves = Counter(
        at - _width(line)
        for line in body
        if len(places := where.get(line.strip(), set())) == 1
        for at in places
    )
    if moves[0] != moves[wanted]:
        return moves[0] > moves[wanted]
    return all(_width(line) >= wanted for line in body)


def _shifted(line: str, shift: int, indent: str) -> str:
    if not line.strip():
        return ""
    return indent[:shift] + line if shift >= 0 else line[min(-shift, _width(line)) :]


def _in_units_of(theirs: list[str], lines: list[str], strings: Collection[str]) -> list[str]:
    """The lines indented like the original: with tabs or spaces, and as many of them.

    ``strings`` are lines, without indentation, that do not tell how the lines are indented now.
    """
    code = [line for line in lines if line.strip() not in strings]
    step, own = _step(theirs), _step(code)
    tabs, spaces = (sum(line.startswith(unit) for line in theirs) for unit in ("\t", "  "))
    if 0 < tabs < spaces:  # as in GNU's style, where a tab stands for eight of the spaces
        return lines
    if tabs:
        return [_with_unit(line, " " * (own or 4), "\t") for line in lines]
    if any(line.startswith("\t") for line in code):
        if not any(line.startswith(" ") for line in theirs):
            return lines  # no way to tell what the file uses
        return [_with_unit(line, "\t", " " * (step or 4)) for line in lines]
    if {step, own} != {2, 4} or _lost_first([line for line in code if line.strip()], theirs):
        return lines
    base = _width(lines[0])
    widths = [_width(line) - base for line in code if line.strip()]
    if all(w >= 0 and w % own == 0 for w in widths):
        head = " " * base
        return [head + _with_unit(line[base:], " " * own, " " * step) for line in lines]
    return lines


def _with_unit(line: str, old: str, new: str) -> str:
    """A line with each ``old`` in its indentation replaced by ``new``; the rest is kept."""
    count = 0
    while line.startswith(old, count * len(old)):
        count += 1
    rest = line[count * len(old) :]
    if new == "\t" and rest.startswith(" "):
        return new * max(count, 1) + rest.lstrip(" ")
    return new * count + rest


def _step(lines: list[str]) -> int:
    """How many spaces a block is indented by; 0 if unknown."""
    code = [line for line in lines if line.strip()]
    widths = [_width(line) for line in code]
    steps = Counter(
        _width(after) - _width(before)
        for before, after in pairwise(code)
        if _width(after) > _width(before) and _OPENS.search(before)
    )
    if steps:
        return min(step for step, count in steps.items() if count == max(steps.values()))
    least = min(widths, default=0)
    return min((width - least for width in widths if width > least), default=0)


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
