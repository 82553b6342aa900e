"""Drop a completion whose first line repeats the line below."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, first_line, is_telling


def drop_repeat_of_next_line(text: str, context: CursorContext) -> str:
    """Drop a completion whose first line repeats the line below."""
    first, below = first_line(text, context).rstrip(), "".join(context.below[:1])
    is_same = first == below or (is_telling(first) and first.strip() == below.strip())
    return "" if is_same else text
