"""Lines are indented by tabs where the code around is, by spaces where it has spaces."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, code_lines_around
from herdmate.context.indentation import in_spaces, in_tabs, step_of


def mend_indentation(text: str, context: CursorContext) -> str:
    """Lines are indented by tabs where the code around is, by spaces where it has spaces."""
    first, end, more = text.partition("\n")
    around = code_lines_around(context)
    told = [line[:1] for line in around if line.startswith(("\t", "  "))]
    if not end or not told:
        return text
    # What follows in the same block, at its real depth, tells the model's own unit.
    lines = more.split("\n")
    if told[0] == "\t" and any(line.startswith("  ") for line in lines):
        return first + end + "\n".join(in_tabs(lines))
    if told[0] == " " and any(line.startswith("\t") for line in lines):
        return first + end + "\n".join(in_spaces(lines, step_of(around)))
    return text
