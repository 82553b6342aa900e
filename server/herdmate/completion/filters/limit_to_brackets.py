"""A bracket is closed only if the completion opened it or nothing behind the cursor closes it."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext
from herdmate.context.lexical import brackets, unclosed


def limit_to_brackets(text: str, context: CursorContext) -> str:
    """A bracket is closed only if the completion opened it or nothing behind the cursor closes it.

    Auto-closed brackets are the common case. ``} else {`` opens again what it closes.
    """
    allowed = context.closers_missing
    if allowed is None:
        return text
    depth = 0
    for at, char in brackets(text, context.language):
        if char == "}" and _reopens(text[at + 1 :], context.language):
            continue
        depth += 1 if char in "([{" else -1
        if depth < -allowed:
            return text[:at]
    return text


def _reopens(rest: str, language: str) -> bool:
    """Does the line open a bracket again that it closed just before?"""
    return unclosed(rest.partition("\n")[0], language) > 0
