"""Drop comments after code, unless a line nearby has one too."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext
from herdmate.context.lexical import LONG_QUOTES, PROSE, trailing_comment

_EXPLAINED = PROSE | {"toml", "dockerfile", "makefile", "sql", "lua"}
"""Languages in which comments after code are common."""


def trim_trailing_comments(text: str, context: CursorContext) -> str:
    """Drop comments after code, unless a line nearby has one too."""
    prefix, language = context.line_prefix, context.language
    if language in _EXPLAINED or context.is_in_long_string or any(q in text for q in LONG_QUOTES):
        return text
    around = (prefix, *context.above, *context.below[:3])
    if any(trailing_comment(line, language) is not None for line in around):
        return text
    first, *more = text.split("\n")
    lines = [_without_comment(prefix + first, language)[len(prefix) :]]
    return "\n".join((*lines, *(_without_comment(line, language) for line in more)))


def _without_comment(line: str, language: str) -> str:
    at = trailing_comment(line, language)
    return line if at is None else line[:at].rstrip()
