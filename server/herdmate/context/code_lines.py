"""The lines around a place that show how its code is indented: code of the same block first.

Comments, strings, aligned and continuation lines, and code in other languages in the same file do
not show that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from herdmate.context.lexical import PROSE
from herdmate.context.line_kinds import ALIGNED, Inside, LineKinds, line_kinds


@dataclass(frozen=True, slots=True)
class CodeLines:
    r"""The code around a cursor.

    ``nearest``: its lines, those of the same block first. ``in_order``: the same lines in file
    order. ``inside``: the string or comment that is open at the cursor.
    """

    nearest: tuple[str, ...]
    in_order: tuple[str, ...]
    inside: Inside | None


_MOST_LINES, _MOST_BELOW = 60, 30


def code_lines(before: list[str], after: list[str], language: str) -> CodeLines:
    """The code lines around a cursor, whose own line is split between the two sides."""
    known = line_kinds("\n".join(before), language)
    after = after[: _MOST_BELOW + 1]
    below = line_kinds("\n".join(after), language, known.inside)
    shows = known.kinds[-1] == "code" and known.brackets[-1] != ALIGNED
    here = before[-1] if shows else ""
    up = _code(before[:-1], known, language)[: -_MOST_LINES - 1 : -1]
    down = _code(["", *after[1:]], below, language)
    (up, up_there), (down, down_there) = _in_region(up, language), _in_region(down, language)
    (item, up), (item_below, down) = _in_item(up, is_below=False), _in_item(down, is_below=True)
    if here[:1].strip():  # the cursor's line begins the item
        item, up = [], [*item, *up]
    nearest = [*item, *item_below, *up, *down, *up_there, *down_there]
    if here.strip():
        nearest.insert(0, here)
    elif here:
        nearest.append(here + ".")  # indented by the editor, which knows the file
    in_order = (*reversed((*item, *up, *up_there)), here, *item_below, *down, *down_there)
    return CodeLines(tuple(nearest), in_order, known.inside)


_CONTINUED = re.compile(r"(?:(?<!\+)\+|(?<!-)-|[*/%=\\.]|&&|\|\||<<)[ \t]*$")
_CONTINUES = re.compile(r"[ \t]*(?:\??\.\w|&&|\|\||\|>|[?:] |[+/=] )")
_SELECTING = frozenset({"css", "scss", "less"}) | PROSE
"""Languages whose lines may begin or end like this without being continued."""


def _code(lines: list[str], known: LineKinds, language: str) -> list[str]:
    """The lines that begin as code and do not continue another line."""
    found, above = [], ""
    for line, kind, bracket in zip(lines, known.kinds, known.brackets, strict=False):
        if not line.strip() or kind == "comment":
            continue
        goes_on = language not in _SELECTING and (
            _CONTINUED.search(above)
            or _CONTINUES.match(line)
            or (not bracket and above.rstrip().endswith(","))
        )
        if kind == "code" and bracket != ALIGNED and not goes_on:
            found.append(line)
        above = line
    return found


_TAGS = re.compile(r"[ \t]*(?:</?(?:script|style|template)\b|<\?(?:php|=)|\?>)")
_FENCE = re.compile(r"[ \t]*(?:```|~~~|:::|----$|\.\.\.\.$)")
_TAGGED = frozenset({"html", "vue", "svelte", "astro", "php"})
_FENCED = frozenset({"markdown", "mdx", "quarto", "rmd", "asciidoc", "restructuredtext"})


def _in_region(lines: list[str], language: str) -> tuple[list[str], list[str]]:
    """The lines up to where another language begins, and the relevant ones beyond it."""
    edge = _TAGS if language in _TAGGED else _FENCE if language in _FENCED else None
    if edge is None:
        return lines, []
    at = next((at for at, line in enumerate(lines) if edge.match(line)), len(lines))
    return lines[:at], [] if edge is _FENCE else lines[at + 1 :]


def _in_item(lines: list[str], is_below: bool) -> tuple[list[str], list[str]]:
    """The lines of the top-level item that the cursor is in, and those of others."""
    begins = (at for at, line in enumerate(lines) if line[0] not in " \t{)]}\f")
    at = next(begins, len(lines))
    at += not is_below
    return lines[:at], lines[at:]
