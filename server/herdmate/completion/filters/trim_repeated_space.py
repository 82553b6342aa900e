"""Drop leading spaces if there is already a space before the cursor."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext


def trim_repeated_space(text: str, context: CursorContext) -> str:
    """Drop leading spaces if there is already a space before the cursor."""
    return (
        text.lstrip(" ")
        if context.line_prefix[-1:] == " " and context.line_prefix.strip()
        else text
    )
