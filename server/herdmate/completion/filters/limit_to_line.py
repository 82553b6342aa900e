"""Keep one line, the first that is not blank, and any line break before it."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, split_lead


def limit_to_line(text: str, context: CursorContext) -> str:
    """Keep one line, the first that is not blank, and any line break before it."""
    lead, rest = split_lead(text)
    return lead + rest.partition("\n")[0]
