"""Indent as the surrounding code does: with tabs, or with as many spaces."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import (
    GOES_ON,
    CursorContext,
    indent_unit,
    kinds_of_lines,
    opens_body,
)
from herdmate.context.languages import BRACES
from herdmate.context.lexical import before_unopened
from herdmate.context.units import Place, Units, in_units, is_indented, levels_of, units_below
from herdmate.text import indent_of

_TAG = re.compile(r"(?:^|[\s(>])<(?:[A-Za-z][^<>]{0,200}(?<![/=]))?>$")
_TAGGED = frozenset({"javascript", "javascriptreact", "typescriptreact", "vue", "svelte", "astro"})
"""Languages in which the content between two tags is indented."""

_RULE = re.compile(r"\t|[^\s#=:][^=#]*:(?!=)")
"""How a line of a makefile begins below which a recipe's lines are."""


def mend_indentation(text: str, context: CursorContext) -> str:
    """Indent as the surrounding code does: with tabs, or with as many spaces.

    Lines that begin inside a string are left alone. The first indented line shows how the text is
    indented.
    """
    lines, kinds, unit = text.split("\n"), kinds_of_lines(text, context), indent_unit(context)
    if context.line_prefix:  # the first line is indented already
        above, first, lines, kinds = _first(lines[0], context), lines[:1], lines[1:], kinds[1:]
    else:
        above, first = "".join(context.above[:1]), []
    if not lines or not unit:
        return text
    levels = levels_of(above, unit)
    own: Units | None = None
    for line, kind in zip(lines, kinds, strict=True):
        if kind == "string":
            above = line  # it completes what the line above began
        elif is_indented(line) and line.strip():
            if context.language == "makefile" and not _RULE.match(above):
                return text  # only recipes begin with a tab
            if levels is not None:
                own = units_below(line, _place(above, levels, line, context), unit)
            break
        elif line.strip():
            above, levels = line, 0
    if own is None:
        return text
    placed = [
        line if kind == "string" or not line.strip() else in_units(line, own, unit)
        for line, kind in zip(lines, kinds, strict=True)
    ]
    return "\n".join((*first, *_until_left(lines, placed, own)))


def _first(line: str, context: CursorContext) -> str:
    """The completion's first line, as deep as the head that it ends."""
    head = context.open_head[:1] if before_unopened(line, context.language) != line else ()
    return "".join(map(indent_of, head)) + line if head else context.line_prefix + line


def _place(above: str, levels: int, line: str, context: CursorContext) -> Place:
    above = above.rstrip()
    is_tag = context.language in _TAGGED and _TAG.search(above) is not None
    is_label = context.language in BRACES and line.rstrip().endswith(":")
    opens = (is_tag or opens_body(above, context)) and not (is_label or GOES_ON.match(line))
    return Place(levels, opens, is_tag or above.endswith(("(", "[")), bool(context.line_prefix))


def _until_left(lines: list[str], placed: list[str], own: Units) -> list[str]:
    """The lines as placed, up to where a text that forgot its levels begins something else."""
    for at in range(1, len(lines)):
        if own.lost and lines[at][:1].strip() and not lines[at - 1].strip():
            return [*placed[:at], *lines[at:]]
    return placed
