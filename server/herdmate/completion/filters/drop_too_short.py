"""Drop a single punctuation mark, unless it ends something."""

from __future__ import annotations

from herdmate.completion.cursor_context import ENDS, CursorContext


def drop_too_short(text: str, context: CursorContext) -> str:
    """Drop a single punctuation mark, unless it ends something."""
    short = text.strip()
    return "" if len(short) == 1 and not short.isalnum() and short not in ENDS else text
