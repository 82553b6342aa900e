"""What a line's characters alone show: brackets, comments, whether it opens a block.

For text without a tree, such as a model's answer. Recognises strings and comments as far as a
single line allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from herdmate.context.languages import BRACES, line_comment


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


PROSE = _words(
    "plaintext markdown html xml vue svelte yaml latex tex bibtex restructuredtext asciidoc log"
    " git-commit git-rebase"
)
"""Languages that are mostly prose: apostrophes are not quotes, and brackets need not be closed."""

_SCRIPTED = _words("vue svelte html astro")


def code_language(language: str) -> str:
    """The language of code within a document: its own, or JavaScript in one that is mostly tags."""
    return "javascript" if language in _SCRIPTED else language


_CLOSERS = {"(": ")", "[": "]", "{": "}"}

LONG_QUOTES = ('"""', "'''")


def brackets(text: str, language: str) -> Iterator[tuple[int, str]]:
    """Brackets and their offsets, except in strings, comments and regular expressions.

    None at all in prose.
    """
    if language in PROSE:
        return
    mark = line_comment(language)
    without_end: dict[str, int] = {}
    notable, at = _notable(language), 0
    while found := notable.search(text, at):
        at = found.start()
        char = text[at]
        if char in "()[]{}":
            yield at, char
        elif char in "\"'`":
            at = _string_end(text, at, language, without_end)
        elif mark and text.startswith(mark, at) and _may_be_comment(text, at, mark):
            at = _line_end(text, at)
        elif char == "/" and language in WITH_REGEX:
            at = _regex_end(text, at)
        at += 1


@lru_cache(maxsize=64)
def _notable(language: str) -> re.Pattern[str]:
    """The characters at which code has to be looked at; all others are skipped at once."""
    marks = (line_comment(language) or "")[:1] + ("/" if language in WITH_REGEX else "")
    return re.compile("[" + re.escape("()[]{}\"'`" + marks) + "]")


def depth_after(bracket: str, depth: int) -> int:
    """The nesting after a bracket, given the nesting before it."""
    return depth + (1 if bracket in _CLOSERS else -1)


def closers(text: str, language: str) -> str:
    """What would close the brackets that the text opens but does not close, innermost first."""
    waiting: list[str] = []
    for _, char in brackets(text, language):
        if char in _CLOSERS:
            waiting.append(_CLOSERS[char])
        elif waiting:
            waiting.pop()
    return "".join(reversed(waiting))


def balance(before: str, after: str, language: str) -> tuple[str, int]:
    """What closes the brackets that are open between two texts and that ``after`` leaves open.

    Innermost first. Also how many brackets ``after`` closes that are not open.
    """
    waiting, left, depth = list(reversed(closers(before, language))), 0, 0
    missing: list[str] = []
    for _, char in brackets(after, language):
        depth = depth_after(char, depth)
        if depth >= 0:
            continue
        depth = 0
        if char not in waiting:
            left += 1
            continue
        while (waits := waiting.pop()) != char:
            missing.append(waits)
    return "".join((*missing, *reversed(waiting))), left


def before_unopened(text: str, language: str) -> str:
    """The part of a text before it closes a bracket that it did not open."""
    depth = 0
    for at, char in brackets(text, code_language(language)):
        depth = depth_after(char, depth)
        if depth < 0:
            return text[:at]
    return text


def is_quote_open(line: str) -> bool:
    """Is a quote open at the end of the line?"""
    quote = ""
    escaped = False
    for char in line:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'`":
            quote = char
    return bool(quote)


def unclosed(text: str, language: str) -> int:
    """How many brackets the text opens but does not close."""
    return len(closers(text, language))


def trailing_comment(line: str, language: str) -> int | None:
    """Where a comment after code begins; ``None`` if there is none or we cannot tell."""
    mark = line_comment(language)
    if not mark or language in PROSE:
        return None
    without_end: dict[str, int] = {}
    at = start = len(line) - len(line.lstrip())
    while at < len(line):
        if line[at] in "\"'`":
            at = _string_end(line, at, language, without_end)
        elif line.startswith(mark, at) and at > start and line[at - 1].isspace():
            return at if line[at + len(mark) : at + len(mark) + 1] in ("", " ") else None
        at += 1
    return None


def opens_block(line: str, language: str) -> bool:
    """Does a line of code begin a block, as with ``{``, Python's ``:`` or ``then``?

    Comments do not.
    """
    line = line.strip()
    mark = line_comment(language)
    if not line or language in _WITHOUT_BLOCKS or line.startswith(("/*", "*", mark or "/*")):
        return False
    if line.endswith("{"):
        return True
    if line.endswith(":"):
        return language in _COLONS
    words = line.replace("(", " ").split() or [""]
    if words[:2] == ["local", "function"] and language == "lua":
        return True
    if language in BRACES:
        return words[-1] in ("else", "do") and set(line) <= set("} elsedo")
    return words[-1] in _LAST_WORDS.get(language, ()) or words[0] in _FIRST_WORDS.get(language, ())


_COLONS = _words("python yaml")
_WITHOUT_BLOCKS = _words("markdown latex log git-commit")
_FIRST_WORDS = {
    "ruby": _words("def class module if unless while case else begin"),
    "lua": _words("function if for while"),
    "julia": _words("function struct module for while if begin"),
}
_LAST_WORDS = {
    "shellscript": _words("then do else"),
    "lua": _words("then do else repeat"),
    "ruby": _words("then do else begin"),
    "julia": _words("do else begin"),
    "elixir": _words("do else"),
    "fortran-modern": _words("then do else"),
    "sql": _words("begin then else"),
    "haskell": _words("do of where then else"),
}

WITH_REGEX = _words("javascript javascriptreact typescript typescriptreact")
SINGLE_QUOTED = WITH_REGEX | _words(
    "python ruby php lua shellscript sql perl css scss dart r elixir powershell toml makefile"
    " dockerfile"
)
"""Languages in which ``'`` encloses strings; elsewhere it encloses a character or is in a name."""

_CHARACTER = re.compile(r"'(?:\\[^\n]{1,8}?|[^'\\\n])'")
_REGEX = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n]){0,100}\]|[^/\\\[\n]){1,300}/")
_MOST_BEFORE = 200  # characters examined before a comment mark
_PREFIXED = re.compile(r"(?<!\w)(?:[rbfu]{1,2}|l|u8)\Z", re.IGNORECASE)


def _may_be_comment(text: str, at: int, mark: str) -> bool:
    """Can a comment begin here?

    Only at the start of a line or after whitespace; ``//`` also after the end of a statement.
    Elsewhere it is part of a URL.
    """
    nearest = max(at - _MOST_BEFORE, 0)
    before = text[max(text.rfind("\n", nearest, at) + 1, nearest) : at]
    if mark == "//":
        return before.strip()[-1:] in ("", *";{},()[]") or before[-1:].isspace()
    return not before[-1:].strip()


def _string_end(text: str, start: int, language: str, without_end: dict[str, int]) -> int:
    """The offset of the quote that ends a string on its line; ``start`` if none does.

    ``without_end`` remembers, by quote, the offset before which no string ends. Without it, a line
    of many escaped quotes would be searched over and over.
    """
    if text[start] == "'":
        if language not in SINGLE_QUOTED:
            found = _CHARACTER.match(text, start)
            return found.end() - 1 if found else start
        if text[start - 1 : start].isalnum() and not _PREFIXED.search(text[:start][-8:]):
            return start
    if start < without_end.get(text[start], 0):
        return start
    at = start + 1
    while at < len(text) and text[at] != "\n":
        if text[at] == text[start]:
            return at
        at += 2 if text[at] == "\\" else 1
    without_end[text[start]] = at
    return start


def _regex_end(text: str, start: int) -> int:
    """The offset of the slash that ends a regular expression; ``start`` if it is a division."""
    before = text[max(start - 20, 0) : start].rstrip()
    if before[-1:] not in ("", *"(,=:[!&|?{};") and not before.endswith("return"):
        return start
    found = _REGEX.match(text, start)
    return found.end() - 1 if found else start


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
