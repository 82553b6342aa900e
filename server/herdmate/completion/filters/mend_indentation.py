"""Indent with tabs or with spaces, whichever the surrounding code uses."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, code_lines_around
from herdmate.context.indentation import in_spaces, in_tabs, step_of


def mend_indentation(text: str, context: CursorContext) -> str:
    """Indent with tabs or with spaces, whichever the surrounding code uses."""
    first, end, more = text.partition("\n")
    around = code_lines_around(context)
    indented = [line[:1] for line in around if line.startswith(("\t", "  "))]
    if not end or not indented:
        return text
    # The lines that follow in the same block, at their real depth, show the model's own unit.
    lines = more.split("\n")
    if indented[0] == "\t" and any(line.startswith("  ") for line in lines):
        return first + end + "\n".join(in_tabs(lines))
    if indented[0] == " " and any(line.startswith("\t") for line in lines):
        return first + end + "\n".join(in_spaces(lines, step_of(around)))
    return text
