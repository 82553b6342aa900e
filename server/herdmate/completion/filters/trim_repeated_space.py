"""Behind a space no other space follows."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext


def trim_repeated_space(text: str, context: CursorContext) -> str:
    """Behind a space no other space follows."""
    return (
        text.lstrip(" ")
        if context.line_prefix[-1:] == " " and context.line_prefix.strip()
        else text
    )
