"""One line: the first that is not blank. A line end before it stays."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, split_lead


def limit_to_line(text: str, context: CursorContext) -> str:
    """One line: the first that is not blank. A line end before it stays."""
    lead, rest = split_lead(text)
    return lead + rest.partition("\n")[0]
