"""Stop where the completion arrives at the line below the cursor's."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, is_telling
from herdmate.context.lexical import unclosed


def limit_to_gap(text: str, context: CursorContext) -> str:
    """Stop where the completion arrives at the line below the cursor's.

    The token limit may have cut off the last line while it was repeating that line.
    """
    lines = text.split("\n")
    for at, line in enumerate(lines[1:], start=1):
        if not line.strip() or not context.below:
            continue
        cut_off = at == len(lines) - 1 and is_telling(line) and context.below[0].startswith(line)
        # Open brackets may already be closed after the cursor.
        closed = unclosed("\n".join(lines[:at]), context.language) <= context.closers_left
        if (line.rstrip() == context.below[0] or cut_off) and closed:
            return "\n".join(lines[:at])
    return text
