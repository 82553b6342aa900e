"""Begin on the cursor's line if that is blank or code follows on it."""

from __future__ import annotations

from herdmate.completion.cursor_context import CLOSING_TAG, CursorContext, split_lead

_CLOSERS = " \t)]}>\"'`;:,"


def trim_leading_line_end(text: str, context: CursorContext) -> str:
    """Begin on the cursor's line if that is blank or code follows on it."""
    if not context.line_prefix.strip():
        return split_lead(text)[1]
    behind = context.line_suffix
    if behind.strip(_CLOSERS) and not CLOSING_TAG.fullmatch(behind):
        return text.lstrip() if text.lstrip(" \t").startswith("\n") else text
    return text
