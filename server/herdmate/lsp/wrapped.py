"""Markdown with short lines, for editors that show long ones as they are."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)]|>)?\s*")


def wrapped(markdown: str, columns: int = 80) -> str:
    """The text with its long lines broken at spaces; code, tables and long words stay whole."""
    return "\n".join(_lines(markdown, columns))


def _lines(markdown: str, columns: int) -> Iterator[str]:
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        is_code = bool(fence or mark)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            fence = mark[1]
        if is_code or len(line) <= columns or line.lstrip().startswith("|"):
            yield line
        else:
            yield from _broken(line, columns)


def _broken(line: str, columns: int) -> list[str]:
    match = _ITEM.match(line)
    begin = match.group() if match else ""
    indent = begin if ">" in begin else " " * len(begin)
    return textwrap.wrap(
        line, columns, subsequent_indent=indent[: columns // 2],
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
