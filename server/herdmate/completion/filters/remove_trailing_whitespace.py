"""Drop trailing whitespace, unless something follows on the line."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext


def remove_trailing_whitespace(text: str, context: CursorContext) -> str:
    """Drop trailing whitespace, unless something follows on the line."""
    return text if context.line_suffix.strip() else text.rstrip()
