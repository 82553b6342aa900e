"""Drop comments after code, unless a line nearby has one too or tools read them."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext
from herdmate.context.lexical import LONG_QUOTES, PROSE, trailing_comment

_EXPLAINED = PROSE | {"toml", "dockerfile", "makefile", "sql", "lua"}
"""Languages in which comments after code are common."""

_DIRECTIVE = re.compile(
    r"(?:#|//|--|%)\s?(?:"
    r"(?:[@$]?\w[\w.-]{1,40}?[:-]|shellcheck |resharper |istanbul |[cv]8 )"
    r"(?:ignore|disable|enable|suppress|skip|allow|nextline)"
    r"|(?:type|fmt|yapf|isort|pylint|pyright|mypy|ruff|flake8|phpcs|checkstyle|(?:iwyu )?pragma):"
    r"\s?\w"
    r"|(?:noqa|nolint\w*|nosec|nosonar|nopmd|nosemgrep|noinspection|nocov|no critic|nopep8)\b"
    r"|:(?:nodoc|nocov):|clang-format o|[lg]cov\w*_excl"
    r"|@(?:ts|phpstan|psalm|codecoverage|formatter|suppress)|ignore:\s?\w+_|\$flow"
    r"|fall[ -]?through\b)",
    re.IGNORECASE,
)
"""A comment that a compiler, linter or formatter reads: it is part of the code."""


def trim_trailing_comments(text: str, context: CursorContext) -> str:
    """Drop comments after code, unless a line nearby has one too.

    Not those that tools read, as ``# type: ignore`` is.
    """
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
    if at is None or _DIRECTIVE.search(line, at):
        return line
    return line[:at].rstrip()
