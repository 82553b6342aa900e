"""Text that nests so deep that no grammar should see it, told by a look at its bytes.

Scanners of some grammars keep what is open in a place of fixed size and write beyond its end, which
may go unnoticed where it is tried and then harm the server. So such text is not even tried.
"""

from __future__ import annotations

import re

from herdmate.context.source import utf_8

DEEPEST = 500
"""Brackets in one another. Code that people write has ten, what programs write has thirty."""

_DEEPEST_IN = {"perl": 40, "markdown": 100}
"""Where the grammar bears less: Perl's of the language pack writes beyond its end at 83 ``"${``,
Markdown's of tree-sitter-languages aborts at 256 ``[``."""

MOST_LEVELS = 64
"""Lines in one another, each further to the right. Scala's scanner of tree-sitter-languages writes
beyond its end at 150."""

_BLOCKS = {
    "markdown": re.compile(
        rb"^(?:[ \t]*(?:>|[*+-](?=[ \t])|\d{1,9}[.)](?=[ \t]))){%d}" % MOST_LEVELS, re.MULTILINE
    ),
    "yaml": re.compile(rb"^(?:[ \t]*[-?:](?=[ \t])){%d}" % MOST_LEVELS, re.MULTILINE),
}
"""What opens too many blocks in one line. Markdown's grammars bear 127, YAML's of the language pack
255."""

_RUNS = {"markdown": b"`" * 200}
"""Markdown's grammar of tree-sitter-languages aborts at 256."""

_MOST_WORK = 8_000_000  # bytes; two million characters of minified code take two million

_PAIRS = (b"()", b"[]", b"{}")
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"()[]{}")
_FAR_RIGHT = re.compile(rb"^[ \t]{%d}" % MOST_LEVELS, re.MULTILINE)
_INDENT = re.compile(rb"^[ \t]*(?=[^\s])", re.MULTILINE)


def nests_without_measure(text: str, language: str = "") -> bool:
    """Do more brackets stand open in one another, or lines further right, than is sane?

    Those in strings and comments count: a quote that is typed can turn them into code. Some tenths
    of a millisecond for a long file.
    """
    data = utf_8(text)
    blocks, run = _BLOCKS.get(language), _RUNS.get(language)
    return (
        _nests_brackets(data, _DEEPEST_IN.get(language, DEEPEST))
        or _nests_lines(data)
        or (blocks is not None and blocks.search(data) is not None)
        or (run is not None and run in data)
    )


def _nests_brackets(data: bytes, deepest: int) -> bool:
    """What closes at once goes first, until nothing is left that closes."""
    left = data.translate(None, _NO_BRACKETS)
    if _surplus(left) > deepest:
        return True
    work = 0
    for _ in range(deepest):
        work += len(left)
        if work > _MOST_WORK:
            return True
        shorter = left
        for pair in _PAIRS:
            shorter = shorter.replace(pair, b"")
        if len(shorter) == len(left):
            return sum(left.count(pair[:1]) for pair in _PAIRS) > deepest
        left = shorter
    return any(pair in left for pair in _PAIRS)


def _surplus(brackets: bytes) -> int:
    """How many brackets of one kind are never closed."""
    return max(brackets.count(pair[:1]) - brackets.count(pair[1:]) for pair in _PAIRS)


def _nests_lines(data: bytes) -> bool:
    if _FAR_RIGHT.search(data) is None:
        return False
    levels: list[int] = [0]
    for indent in _INDENT.finditer(data):
        width = len(indent[0].expandtabs())
        while levels[-1] > width:
            levels.pop()
        if levels[-1] < width:
            levels.append(width)
            if len(levels) > MOST_LEVELS:
                return True
    return False
