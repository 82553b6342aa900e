"""Files cut into windows of a few lines, with the words of each window's code."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from herdmate.context.documentation import code_flags
from herdmate.context.index import Stamp

LINES, STEP = 10, 5
_LONGEST_LINE = 400

WORD = re.compile(r"[^\W\d]\w{2,}")
"""What counts as a word of code."""


@dataclass(frozen=True, slots=True)
class WindowedFile:
    """A file's text, where its lines start, and the windows in which each of its words occurs.

    Window ``n`` begins in line ``n * STEP``; ``sizes`` says how many different words it has.
    ``is_code`` has 0 for lines of documentation and 1 for others.
    """

    stamp: Stamp
    kin: str
    text: str
    starts: array[int]
    windows: dict[str, array[int]]
    sizes: array[int]
    is_code: bytes

    @property
    def height(self) -> int:
        """How many lines it has."""
        return len(self.starts) - 1

    def code(self, rows: range) -> list[str]:
        """Some of its lines, ``""`` for those of documentation."""
        return [
            self.text[self.starts[row] : self.starts[row + 1]] if self.is_code[row] else ""
            for row in rows
        ]

    def size(self, rows: range) -> int:
        """How many characters some of its lines have."""
        return self.starts[rows.stop] - self.starts[rows.start]


def into_windows(stamp: Stamp, kin: str, text: str) -> WindowedFile:
    """Cut a file's text, in which documentation has no words."""
    starts = array("L", [0])
    windows: dict[str, array[int]] = {}
    sizes = array("H")
    lines = text.splitlines(keepends=True)
    for line in lines:
        starts.append(starts[-1] + len(line))
    flags = code_flags(lines, kin)
    for window in range(-(-len(lines) // STEP)):
        rows = rows_of(window, len(lines))
        here = slice(rows.start, rows.stop)
        words = _words(lines[here], flags[here])
        sizes.append(min(len(words), 65_535))
        for word in words:
            windows.setdefault(sys.intern(word), array("H")).append(window)
    return WindowedFile(stamp, kin, text, starts, windows, sizes, bytes(flags))


def _words(lines: Sequence[str], flags: Sequence[bool]) -> frozenset[str]:
    """The words of a window's code; none if it is mostly documentation or has endless lines."""
    code = [line for line, is_code in zip(lines, flags, strict=True) if is_code and line.strip()]
    rest = sum(not is_code for is_code in flags)
    if len(code) < rest or sum(map(len, lines)) > LINES * _LONGEST_LINE:
        return frozenset()
    return frozenset(WORD.findall("".join(code)))


def rows_of(window: int, rows: int) -> range:
    """The lines of a window."""
    return range(window * STEP, min(window * STEP + LINES, rows))
