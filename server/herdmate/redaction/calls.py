"""Passwords that are arguments of calls without being named: ``login("me", "…")``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from herdmate.redaction.places import Place, lowered
from herdmate.redaction.values import is_password

_LONGEST_CALL = 300
"""Characters of arguments that are read."""

_DEEPEST = 4

_CALL = re.compile(
    r"(?:auth(?:_basic|enticate|orize)?|basic_?auth|log_?[io]n|sign_?(?:in|up)\w{0,24}|"
    r"connect(?:ion)?|mysqli|pdo|dial|credentials?|add_?(?:password|user)|create_?user|register|"
    r"username_pw_set|bind(?:_s)?)"
    r"[\"']?[ \t]{0,4}[=:]?[ \t]{0,4}[(\[](?=[^)])"
)
_TOKEN = re.compile(
    r"\"((?:[^\"\\\r\n]|\\.){0,128})\"|'((?:[^'\\\r\n]|\\.){0,128})'|([(\[{])|([)\]}])|([,;])"
)
_OF_OTHERS = frozenset("/\\(){}<>=:;, ")
"""Characters of addresses, paths, options and patterns, which are arguments of such calls too."""

_MAIL = re.compile(r"@[\w-]{1,64}\.")
_PLAIN = re.compile(r"[\w.*#-]+")


def passed_in(text: str) -> Iterator[Place]:
    """The places of strings after the first argument of such calls that look like passwords."""
    for call in _CALL.finditer(lowered(text)):
        yield from _arguments(text, call.end())


def _arguments(text: str, at: int) -> Iterator[Place]:
    depth, behind = 1, False
    for token in _TOKEN.finditer(text, at, at + _LONGEST_CALL):
        if token[3] is not None:
            depth += 1
        elif token[4] is not None:
            depth -= 1
        elif token[5] is not None:
            behind = behind or depth == 1
        elif behind and _is_password(token[token.lastindex or 1]):
            yield token.span(token.lastindex or 1)
        if depth in (0, _DEEPEST) or token[5] == ";":
            return


def _is_password(value: str) -> bool:
    if not is_password(value):
        return False
    if _PLAIN.fullmatch(value) is not None:
        return _is_irregular(value)
    return _OF_OTHERS.isdisjoint(value) and _MAIL.search(value) is None


def _is_irregular(value: str) -> bool:
    """Are there digits between its letters, as in no name or version?"""
    return re.search(r"[A-Za-z]\d+[A-Za-z]", value) is not None and "." not in value
