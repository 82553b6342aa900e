"""Close a bracket only if the completion opened it or nothing after the cursor closes it."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext
from herdmate.context.lexical import brackets, depth_after, unclosed


def limit_to_brackets(text: str, context: CursorContext) -> str:
    """Close a bracket only if the completion opened it or nothing after the cursor closes it.

    Auto-closed brackets are the common case. ``} else {`` reopens what it closes.
    """
    allowed = context.closers_missing
    if allowed is None:
        return text
    depth = 0
    for at, char in brackets(text, context.language):
        if char == "}" and _reopens(text[at + 1 :], context.language):
            continue
        depth = depth_after(char, depth)
        if depth < -allowed:
            return text[:at]
    return text


def _reopens(rest: str, language: str) -> bool:
    """Does the rest of the line reopen the bracket that was just closed?"""
    return unclosed(rest.partition("\n")[0], language) > 0
