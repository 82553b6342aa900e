"""Drop a completion whose first line repeats the line above."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, first_line, is_telling


def drop_repeat_of_line_above(text: str, context: CursorContext) -> str:
    """Drop a completion whose first line repeats the line above."""
    first = first_line(text, context).rstrip()
    return "" if is_telling(first) and first in context.above[:1] else text
