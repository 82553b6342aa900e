"""The complete tests of a test file that was cut off: half a test would test something else."""

from __future__ import annotations

import re
from itertools import islice

from herdmate.context import syntax
from herdmate.context.languages import BRACES
from herdmate.context.lexical import brackets

_BEGINS_TEST = re.compile(
    r"[ \t]*(?:(?:async )?def test|(?:it|test|specify|scenario|example)(?:\.\w+)*\b\W"
    r"|func [Tt]est|TEST(?:_[FP])?\("
    r"|(?:(?:public|private|protected|internal|static|async|pub) )*(?:void|function|fun|fn|Task)\b)"
)
_BELONGS = re.compile(
    r"[ \t]*(?:[@#\[]|//|/?\*|class Test|$|(?:describe|context|suite)\b.*(?:[{(]|\bdo)$)"
)
"""Decorators, attributes, comments, blank lines and the head of its group directly above a test."""

_GOES_ON = re.compile(r"[ \t]*(?:[)\]}{]|(?:end|rescue|ensure|else|elsif|catch|finally)\b)")
"""Lines that end a test, or go on with it, no further right than its first one."""

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_DEFINES = re.compile(r"[ \t]*(?:class|module|def)\b")
_MOST_CUTS = 20


def whole_tests(text: str, language: str) -> str:
    r"""A test file without the test in which it breaks off, with everything left open closed.

    ``text`` uses ``\n`` as its line ending. The result parses without errors, if there is a
    grammar; ``""`` if not even one test is complete.
    """
    lines = text.split("\n")
    for cut in _cuts(lines)[: -_MOST_CUTS - 1 : -1]:
        for end in dict.fromkeys((cut, _start_of_attributes(lines, cut))):
            kept = lines[:end]
            while kept and _BELONGS.match(kept[-1]):
                kept.pop()
            closing = _closing(kept, language)
            whole = "\n".join([*kept, *closing]) + "\n"
            errors = syntax.errors_in(whole, language)
            if errors == 0 or (errors is None and (language in BRACES or not closing)):
                return whole
    return ""


def _cuts(lines: list[str]) -> list[int]:
    """The rows before which a test is complete: the next one begins there, or other code does."""
    starts = [row for row, line in enumerate(lines) if _BEGINS_TEST.match(line)]
    if not starts:
        return []
    last, width = starts[-1], len(_indent(lines[starts[-1]]))
    below = (
        row
        for row in range(last + 1, len(lines))
        if lines[row].strip()
        and len(_indent(lines[row])) <= width
        and not _GOES_ON.match(lines[row])
    )
    return [*starts[1:], *islice(below, 1)]


def _start_of_attributes(lines: list[str], row: int) -> int:
    """Where decorators or attributes of several lines directly above a row begin, else the row."""
    first = row
    while first and lines[first - 1].strip():
        first -= 1
    return first if lines[first].lstrip().startswith(("@", "[", "#[")) else row


def _closing(lines: list[str], language: str) -> list[str]:
    """The lines that close what lines of code have left open, the innermost first."""
    if language in ("ruby", "elixir"):
        return _ends(lines)
    text, opened = "\n".join(lines), list[int]()
    for at, char in brackets(text, language):
        if char in _CLOSERS:
            opened.append(at)
        elif opened:
            opened.pop()
    found: dict[int, str] = {}
    for at in reversed(opened):
        row = text.count("\n", 0, at)
        found[row] = found.get(row, "") + _CLOSERS[text[at]]
    ends = ";" if language.startswith(("javascript", "typescript")) else ""
    return [
        _indent(lines[row]) + closers + (ends if ")" in closers else "")
        for row, closers in found.items()
    ]


def _ends(lines: list[str]) -> list[str]:
    """``end`` for each block whose first line is further left than all that follow it."""
    found: list[str] = []
    left = len(_indent(lines[-1])) if lines else 0
    for line in reversed(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if len(_indent(line)) < left and _opens_end(line):
            found.append(_indent(line) + "end")
        left = min(left, len(_indent(line)))
    return found


def _opens_end(line: str) -> bool:
    """Does a line of Ruby or Elixir open a block that ``end`` closes?"""
    code = line.rstrip()
    has_names = code.endswith("|") and " do |" in code
    return code.endswith(" do") or has_names or _DEFINES.match(code) is not None


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
