"""Only spaces and line ends are nothing."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext


def drop_blank(text: str, context: CursorContext) -> str:
    """Only spaces and line ends are nothing."""
    return text if text.strip() else ""
