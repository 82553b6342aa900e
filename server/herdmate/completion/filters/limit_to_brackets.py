"""Close a bracket only if the completion opened it or nothing after the cursor closes it."""

from __future__ import annotations

from herdmate.completion.cursor_context import WITH_LONE_CLOSERS, CursorContext
from herdmate.context.lexical import (
    PROSE,
    brackets,
    closers,
    code_language,
    depth_after,
    unclosed,
)
from herdmate.context.line_kinds import without_strings


def limit_to_brackets(text: str, context: CursorContext) -> str:
    """Close a bracket only if the completion opened it or nothing after the cursor closes it.

    Auto-closed brackets are the common case. ``} else {`` reopens what it closes.
    """
    allowed, language = context.closers_missing, code_language(context.language)
    behind, inside = context.line_suffix.lstrip(), context.code.inside
    if behind.startswith((")", "]", "}")) and language not in PROSE | WITH_LONE_CLOSERS:
        # Nothing that is open further out can be closed before these are.
        opened, closed = unclosed(context.line_prefix, language), len(behind)
        closed -= len(behind.lstrip(")]}"))
        here = max(opened - closed, 0)
        inside = None if opened else inside  # far from its start, a file's strings are guessed
        allowed = here if allowed is None else min(here, allowed)
    if allowed is None:
        return text
    depth, floor, code = 0, -allowed, without_strings(text, context.language, inside)
    for at, char in brackets(code, language):
        depth = depth_after(char, depth)
        if char == "{" and depth > floor:
            floor = -allowed  # what was closed is open again
        elif depth < floor:
            if char != "}" or not _reopens(code[at + 1 :], language):
                return text[:at]
            floor = depth
    return text


def _reopens(rest: str, language: str) -> bool:
    """Does the rest of the line reopen the brace that was just closed?"""
    return "}" in closers(rest.partition("\n")[0], language)
