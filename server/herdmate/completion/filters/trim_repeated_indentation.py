"""A line that is indented already, as the line above asks, is not indented again."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, indentation, opens_body


def trim_repeated_indentation(text: str, context: CursorContext) -> str:
    """A line that is indented already, as the line above asks, is not indented again."""
    indent, above = context.line_prefix, "".join(context.above[:1])
    if not indent or indent.strip():
        return text
    deeper = indentation(indent) - indentation(above)
    if opens_body(context.head, context):
        # Where the editor has not indented the block's first line, the model does that.
        return text.lstrip(" \t") if deeper > 0 else text
    return text.lstrip(" \t") if deeper == 0 else text.removeprefix(indent)
