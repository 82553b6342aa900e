"""Restores, byte for byte, the lines of a reply that the model did not change.

Models drop trailing spaces and know only one kind of line ending, and their code is moved to the
indentation of the file. Nobody asked for any of these changes.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from herdmate.actions.line_matching import same_rows
from herdmate.context.indentation import step_of
from herdmate.text import indent_of

_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_DOCSTRING = re.compile(r"\s*[rRuU]?(?:\"{3}|'{3})")


def with_unchanged_lines(
    placed: str, original: str, in_strings: Collection[int] = (), said: str = ""
) -> str:
    """``placed``, with ``original``'s trailing spaces and line endings on lines that both have.

    ``in_strings`` are the rows of ``original``, from 0, that begin inside a string literal; these
    also get their indentation back, except in a docstring that has moved with its code. ``said``
    has the same lines as ``placed``, as the model wrote them: those in the same column as before,
    relative to the first, get the tabs and spaces of ``original``, and changed ones in a string
    that the model repeats exactly stay as they are.
    """
    new, old = lines_with_ends(placed), lines_with_ends(original)
    raw = said.split("\n") if said else [line for line, _ in new]
    known = dict(same_rows([line.strip() for line, _ in new], [line.strip() for line, _ in old]))
    tabs = _widths_of_tabs(raw, [line for line, _ in old])
    moved = _columns_right_of(old[0][0], raw[0], tabs)
    in_strings = frozenset(in_strings) - _moved_docstrings(raw, old, known, in_strings)
    is_verbatim = False  # does the model repeat the surrounding string exactly?
    for at, (line, end) in enumerate(new):
        if (was := known.get(at)) is None:
            new[at] = raw[at] if is_verbatim else line, end
            continue
        before, before_end = old[was]
        is_same = was in in_strings or line.rstrip() == before.rstrip()
        is_same = is_same or not moved.isdisjoint(_columns_right_of(before, raw[at], tabs))
        new[at] = before if is_same else line, (before_end or end) if end else end
        if was + 1 not in in_strings:
            is_verbatim = False
        elif before.strip():
            is_verbatim = was not in in_strings or raw[at].rstrip() == before.rstrip()
    return "".join(line + end for line, end in new)


def _moved_docstrings(
    raw: list[str], old: list[tuple[str, str]], known: dict[int, int], in_strings: Collection[int]
) -> frozenset[int]:
    """The rows of Python docstrings in which the model moved all lines it kept as far as the first.

    Their indentation means as little as that of code.
    """
    moves: dict[int, set[int]] = {}  # for each docstring, by its first row
    rows: dict[int, int] = {}
    lines = [line for line, _ in old]
    now = {was: at for at, was in known.items()}
    for row in sorted(in_strings):
        first = rows.get(row - 1, row - 1)
        if first not in moves and not _is_docstring(lines, first):
            continue
        rows[row] = first
        moves.setdefault(first, set()).update(
            _column(raw[now[was]], 8) - _column(lines[was], 8)
            for was in (first, row)
            if was in now and lines[was].strip()
        )
    return frozenset(row for row, first in rows.items() if len(moves[first]) <= 1)


def _is_docstring(lines: list[str], first: int) -> bool:
    head = next((line for line in lines[:first][::-1] if line.strip()), "")
    return _DOCSTRING.match(lines[first]) is not None and head.rstrip().endswith(":")


def _widths_of_tabs(one: list[str], other: list[str]) -> tuple[int, ...]:
    """How many columns a tab may have: if one text has tabs where another has spaces, one step."""
    kinds = [{line[:1] for line in lines if line.strip()} & {" ", "\t"} for lines in (one, other)]
    if kinds == [{" "}, {"\t"}]:
        return (step_of(one),)
    return (step_of(other),) if kinds == [{"\t"}, {" "}] else (4, 8)


def _columns_right_of(one: str, other: str, tabs: tuple[int, ...]) -> set[tuple[int, int]]:
    """How many columns further right one line begins than another, for each width of tabs."""
    return {(tab, _column(one, tab) - _column(other, tab)) for tab in tabs}


def _column(line: str, tab: int) -> int:
    return len(indent_of(line).expandtabs(tab))


def lines_with_ends(text: str) -> list[tuple[str, str]]:
    """Each line of a text, and what ends it: nothing after the last one."""
    found: list[tuple[str, str]] = [match.groups() for match in _LINE.finditer(text)]  # type: ignore[misc]
    return found[:-1] if len(found) > 1 and found[-1] == ("", "") and found[-2][1] == "" else found
