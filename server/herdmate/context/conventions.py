"""The coding style of a file: from the project's ``.editorconfig``, else from the file itself."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from herdmate.context.editorconfig import editorconfig as editorconfig

_WIDEST_INDENT, _WIDEST_LINE = 16, 10_000
_MOST_TEXT = 200_000  # characters of a file that are examined


@dataclass(frozen=True, slots=True)
class Conventions:
    """The style of a file; ``None`` for what is unknown.

    ``indent`` is the number of spaces, 0 for tabs; ``width`` the maximum line length.
    """

    indent: int | None = None
    quotes: str | None = None
    width: int | None = None


def conventions_of(text: str, path: Path | None) -> Conventions:
    """The conventions of a file with this text."""
    given = editorconfig(path) if path is not None else {}
    text = text[:_MOST_TEXT]
    return Conventions(
        _indent(given) if _indent(given) is not None else _indent_of(text),
        _quotes_of(text),
        _number(given.get("max_line_length", ""), _WIDEST_LINE),
    )


def _indent(given: dict[str, str]) -> int | None:
    if given.get("indent_style") == "tab":
        return 0
    return _number(given.get("indent_size", ""), _WIDEST_INDENT)


def _number(text: str, most: int) -> int | None:
    if not text.isdecimal() or len(text) > len(str(most)):
        return None
    return number if (number := int(text)) <= most else None


def _indent_of(text: str) -> int | None:
    """The most frequent step by which a line is indented further than the one above."""
    lines = [line for line in text.splitlines()[:2000] if line.strip()]
    if sum(line.startswith("\t") for line in lines) * 2 > sum(line[:1].isspace() for line in lines):
        return 0
    widths = [len(line) - len(line.lstrip(" ")) for line in lines]
    steps = Counter(after - before for before, after in pairwise(widths) if after > before)
    likely = [(count, step) for step, count in steps.items() if step in (2, 3, 4, 8)]
    return max(likely)[1] if likely else None


def _quotes_of(text: str) -> str | None:
    """The quotes of at least two thirds of the short strings, if there are enough of these."""
    double = len(re.findall(r'(?<!")"[^"\n]{0,80}"(?!")', text))
    single = len(re.findall(r"(?<![\w'])'[^'\n]{0,80}'(?!')", text))
    if double + single < 3:
        return None
    if double >= 2 * single:
        return '"'
    return "'" if single >= 2 * double else None
