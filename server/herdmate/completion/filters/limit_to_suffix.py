"""Stop where the completion reaches the code after the cursor."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext


def limit_to_suffix(text: str, context: CursorContext) -> str:
    """Stop where a line of the completion ends with the code after the cursor."""
    behind = context.line_suffix.strip()
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if len(behind) > 1 and line.rstrip().endswith(behind):
            return "\n".join((*lines[:at], line.rstrip().removesuffix(behind)))
    return text
