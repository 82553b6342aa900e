"""What closes a string that a line leaves open, with the code that is interpolated into it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from herdmate.context.languages import ECMASCRIPT, line_comment
from herdmate.context.lexical import PROSE, SINGLE_QUOTED

_HASHED = dict.fromkeys(("ruby", "elixir"), "#{")
_BRACED = dict.fromkeys(ECMASCRIPT, "${")
_DOLLAR = dict.fromkeys(("kotlin", "dart", "scala", "php", "shellscript"), "${")
_INTERPOLATES = {**_HASHED, **_BRACED, **_DOLLAR, "swift": "\\("}
"""What begins code within a string."""

_FORMATTED = {
    "python": re.compile(r"(?<!\w)(?:[rR]?[fFtT]|[fFtT][rR])$"),
    "csharp": re.compile(r"\$@?$|@\$$"),
}
"""What precedes the quote of a string in which a brace begins code."""

_YAML_STRING = re.compile(r"(?:^|[:-] |[\[{,])[ \t]*([\"'])(?:\\.|(?!\1).)*$")
"""A quote elsewhere is part of a plain value."""

_CHARACTER = re.compile(r"'(?:\\[^\n]{1,8}?|[^'\\\n])'")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


def string_closers(line: str, language: str) -> tuple[str, str]:
    """What closes the strings that are open at the end of a line, and the brackets around them.

    The former includes what is open within the strings. Both are ``""`` if none is open.
    """
    if language == "yaml":
        return (found[1], "") if (found := _YAML_STRING.search(line)) else ("", "")
    waiting: list[_Open] = []
    at = 0 if language not in PROSE else len(line)
    mark = line_comment(language)
    while at < len(line):
        if waiting and waiting[-1].closer in _QUOTES:
            at = _past_character(line, at, language, waiting)
        elif mark and line.startswith(mark, at) and (at == 0 or line[at - 1].isspace()):
            break
        else:
            at = _past_code(line, at, language, waiting)
    closers = [item.closer for item in waiting]
    outer = next((at for at, closer in enumerate(closers) if closer in _QUOTES), None)
    if outer is None:
        return "", ""
    return "".join(reversed(closers[outer:])), "".join(reversed(closers[:outer]))


@dataclass(frozen=True, slots=True)
class _Open:
    """What closes something open; ``has_braces``: it is a string in which braces begin code."""

    closer: str
    has_braces: bool = False


_QUOTES = frozenset("\"'`")


def _past_character(line: str, at: int, language: str, waiting: list[_Open]) -> int:
    """Continue inside a string."""
    inner = waiting[-1]
    if opened := _interpolation(line, at, language, inner.closer, inner.has_braces):
        waiting.append(_Open(_CLOSERS[opened[-1]]))
        return at + len(opened)
    if line[at] == inner.closer:
        waiting.pop()
    return at + (2 if line[at] == "\\" else 1)


def _past_code(line: str, at: int, language: str, waiting: list[_Open]) -> int:
    """Continue outside strings."""
    char = line[at]
    if language not in SINGLE_QUOTED and (literal := _CHARACTER.match(line, at)):
        return literal.end()
    if char in _QUOTES and _may_open(line, at, language):
        known = _FORMATTED.get(language)
        before = line[max(at - 3, 0) : at]
        waiting.append(_Open(char, known is not None and known.search(before) is not None))
    elif char in _CLOSERS:
        waiting.append(_Open(_CLOSERS[char]))
    elif waiting and char == waiting[-1].closer:
        waiting.pop()
    return at + 1


def _interpolation(line: str, at: int, language: str, quote: str, has_braces: bool) -> str:
    """What begins code at a place in a string; ``""`` if nothing does."""
    if has_braces:
        return "{" if line[at] == "{" and line[at : at + 2] != "{{" and line[at - 1] != "{" else ""
    begins = _INTERPOLATES.get(language)
    if begins is None or not line.startswith(begins, at):
        return ""
    return begins if quote == ("`" if language in _BRACED else '"') else ""


def _may_open(line: str, at: int, language: str) -> bool:
    """Can a quote begin a string, rather than be an apostrophe or a lifetime?"""
    if line[at] == "'" and language not in SINGLE_QUOTED:
        return False
    return line[at] != "'" or not line[at - 1 : at].isalnum() or language == "python"
