"""The lines above a cursor that began the head whose parameters or condition it is in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from herdmate.context.languages import BRACES
from herdmate.context.lexical import brackets
from herdmate.context.line_kinds import without_strings
from herdmate.text import indent_of

_LANGUAGES = BRACES | {"python", "ruby", "lua", "julia", "groovy"}

_MOST_LINES = 40


def open_head(before: Sequence[str], below: str, language: str) -> tuple[str, ...]:
    """The lines from the one with the round bracket around the cursor to the one above the cursor.

    ``before`` are the lines up to the cursor, ``below`` is the next one that is not blank. Empty if
    the bracket is on the cursor's line or seems to be closed below, or if the cursor is deeper than
    the first line in it.
    """
    if language not in _LANGUAGES or below.lstrip().startswith((")", "{")):
        return ()
    text, opened = "\n".join(before), list[tuple[int, str]]()
    code = without_strings(text, language)  # of the same length, with fewer line ends
    for at, char in brackets(code, language):
        if char in "([{":
            opened.append((at, char))
        elif opened:
            opened.pop()
    start = -1
    while opened and opened[-1][1] == "(":  # ``if (f(`` opens two
        start = opened.pop()[0]
    row = text.count("\n", 0, start) if start >= 0 else len(before)
    lines = tuple(before[row:-1])
    if not 0 < len(lines) <= _MOST_LINES:
        return ()
    first = next(filter(str.strip, (*lines[1:], before[-1])), before[-1])
    return () if _columns(before[-1]) > _columns(first) else lines


def has_body(line: str, language: str) -> bool:
    """Does what a line begins, as far as that tells, have a body, rather than being a call?"""
    code = line.rpartition("(")[0]
    return _HEAD_WORD.search(code) is not None or (
        language in BRACES and _TYPED.match(code) is not None
    )


_HEAD_WORD = re.compile(
    r"(?<![\w.])(?:def|fn|func|fun|function|sub|class|struct|interface|record|trait|impl|constructor|"
    r"init|if|elif|elsif|elseif|unless|for|foreach|while|switch|match|when|catch|using|lock)\b"
)
_TYPED = re.compile(
    r"\s*(?!(?:return|await|throw|yield|new|raise|else|go|defer|case|delete|assert|echo|print|in)\b)"
    r"[\w<>\[\],.*&:?]{1,100}\s+[^=(]{1,200}\Z"
)
"""``int f(``, ``public async Task<int> f(``."""


def _columns(line: str) -> int:
    return len(indent_of(line).expandtabs(4))
