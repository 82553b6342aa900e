"""Recognises text that nests too deeply for any grammar, from its bytes alone.

The scanners of some grammars keep open items in a fixed-size buffer and overrun it, which can go
unnoticed in the parser process and then harm the server. So such text is not even tried.
"""

from __future__ import annotations

import re

from herdmate.context.source import utf_8

DEEPEST = 500
"""Nested brackets. Hand-written code has ten levels, generated code thirty."""

_DEEPEST_IN = {"perl": 40, "markdown": 100}
"""Lower limits for weaker grammars: Perl's in the language pack overruns its buffer at 83 ``"${``,
Markdown's in tree-sitter-languages aborts at 256 ``[``."""

MOST_LEVELS = 64
"""Levels of indentation. Scala's scanner in tree-sitter-languages overruns its buffer at 150."""

_BLOCKS = {
    "markdown": re.compile(
        rb"^(?:[ \t]*(?:>|[*+-](?=[ \t])|\d{1,9}[.)](?=[ \t]))){%d}" % MOST_LEVELS, re.MULTILINE
    ),
    "yaml": re.compile(rb"^(?:[ \t]*[-?:](?=[ \t])){%d}" % MOST_LEVELS, re.MULTILINE),
}
"""Lines that open too many blocks. Markdown's grammars can take 127, YAML's in the language pack
255."""

_RUNS = {"markdown": b"`" * 200}
"""Runs of characters that are too long. Markdown's grammar in tree-sitter-languages aborts at
256 backticks."""

_MOST_WORK = 8_000_000  # bytes; two million characters of minified code take two million

_PAIRS = (b"()", b"[]", b"{}")
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"()[]{}")
_FAR_RIGHT = re.compile(rb"^[ \t]{%d}" % MOST_LEVELS, re.MULTILINE)
_INDENT = re.compile(rb"^[ \t]*(?=[^\s])", re.MULTILINE)


def nests_without_measure(text: str, language: str = "") -> bool:
    """Are brackets or lines nested more deeply than is sane?

    Counts those in strings and comments too: typing a quote can turn them into code. Takes a few
    tenths of a millisecond for a long file.
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
    """Are brackets nested too deeply? Peels off matched pairs from the inside out to find out."""
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
    """How many brackets of one kind are opened but never closed, for the worst kind."""
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
