"""A single line is part of the cursor's line, where anything at all follows on that."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, split_lead


def trim_to_cursor_line(text: str, context: CursorContext) -> str:
    """A single line is part of the cursor's line, where anything at all follows on that."""
    lead, rest = split_lead(text)
    return rest.lstrip(" \t") if lead and context.line_suffix.strip() else text
