"""Drop a completion that is only whitespace."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext


def drop_blank(text: str, context: CursorContext) -> str:
    """Drop a completion that is only whitespace."""
    return text if text.strip() else ""
