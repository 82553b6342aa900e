"""Begin on the cursor's line if code follows on it, unless in a bracket that ends that line."""

from __future__ import annotations

from herdmate.completion.cursor_context import CLOSING_TAG, CursorContext
from herdmate.completion.filters.trim_to_cursor_line import trim_to_cursor_line


def trim_to_bracket(text: str, context: CursorContext) -> str:
    """Begin on the cursor's line if code follows on it, unless in an open bracket or element."""
    is_in_bracket = context.line_prefix.rstrip().endswith(("(", "[", "{"))
    is_in_element = CLOSING_TAG.fullmatch(context.line_suffix)
    return text if is_in_bracket or is_in_element else trim_to_cursor_line(text, context)
