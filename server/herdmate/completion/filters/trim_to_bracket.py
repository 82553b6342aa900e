"""Begin on the cursor's line if code follows on it, unless in a bracket that ends that line."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext
from herdmate.completion.filters.trim_to_cursor_line import trim_to_cursor_line


def trim_to_bracket(text: str, context: CursorContext) -> str:
    """Begin on the cursor's line if code follows on it, unless in a bracket that ends that line."""
    is_in_bracket = context.line_prefix.rstrip().endswith(("(", "[", "{"))
    return text if is_in_bracket else trim_to_cursor_line(text, context)
