"""Put a one-line completion on the cursor's line if anything at all follows there."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, split_lead


def trim_to_cursor_line(text: str, context: CursorContext) -> str:
    """Put a one-line completion on the cursor's line if anything at all follows there."""
    lead, rest = split_lead(text)
    return rest.lstrip(" \t") if lead and context.line_suffix.strip() else text
