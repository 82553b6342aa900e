"""Drop trailing whitespace, unless something follows on the line."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext


def remove_trailing_whitespace(text: str, context: CursorContext) -> str:
    """Drop trailing whitespace; if something follows on the line, only the end of a single line."""
    if not context.line_suffix.strip():
        return text.rstrip()
    is_line_end = text.endswith("\n") and "\n" not in text.rstrip()
    return text.rstrip("\n") if is_line_end else text
