"""Drop leading indentation that the cursor's line already has."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, indentation, opens_body


def trim_repeated_indentation(text: str, context: CursorContext) -> str:
    """Drop leading indentation that the cursor's line already has."""
    indent, above = context.line_prefix, "".join(context.above[:1])
    if not indent or indent.strip():
        return text
    deeper = indentation(indent) - indentation(above)
    if opens_body(context.head, context):
        # If the editor has not indented the block's first line, the model does.
        return text.lstrip(" \t") if deeper > 0 else text
    return text.lstrip(" \t") if deeper == 0 else text.removeprefix(indent)
