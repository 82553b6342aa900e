"""Code in other files that resembles the code around a cursor, and definitions with bodies.

Files are cut into windows of a few lines. A window is ranked by the words of code that it shares
with the code around the cursor, each weighted by how few windows have it (BM25 without its
constants). Documentation is compared with nothing: its lines resemble each other, not the code.
"""

from __future__ import annotations

import heapq
import math
import re
import sys
import time
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from herdmate.bounded_read import read_bytes
from herdmate.context.documentation import code_flags, last_code
from herdmate.context.files import LARGEST_FILE
from herdmate.context.index import Defined, Stamp, kin_at, stamp_of_file
from herdmate.context.recent import Cut, windows_at
from herdmate.context.unsaved import stamp_of_text
from herdmate.redaction.redact import redacted
from herdmate.text import folder_of, with_line_feeds

_LINES, _STEP = 10, 5
_MOST_A_FILE = 2
_LONGEST_LINE = 400
_LONGEST_WHOLE = 240  # bytes of a definition with its body

_MOST_KEPT = 4_000_000
"""Characters of files kept; with their words they take some 20 MB at most."""

_TOO_COMMON, _FEW = 8, 200
"""A word does not count if more than one in eight windows have it, and more than 200."""

_MOST_RANKED = 200
_ALIKE = 0.45
"""The share, by rarity, that a window must have of the wanted words which any file has. Measured on
calls: code that has less makes the right line less probable."""

_RECENT = 1.5  # how much more a window counts in which the user was recently
_SHARED = 2  # words that code which was cut must share with what is wanted
_SAME = 40  # characters by which a definition is recognised

_SECONDS = 0.15
"""For reading files that are not known yet; those that are left are read at the next pause."""

_WORD = re.compile(r"[^\W\d]\w{2,}")
_QUERY, _QUERY_REACH = 400, 4000


@dataclass(frozen=True, slots=True)
class Fragment:
    """Whole lines of a file: the bytes ``start:end`` of its UTF-8, or -1 if they were cut out."""

    path: Path
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What fragments have to be like, and where they may come from.

    They come from files of one ``kin`` except ``own``; ``weights`` has those that count more than
    1, ``rows`` where in a file the user was recently, and ``cuts`` what was cut out of files.
    """

    like: str
    kin: str
    own: Path
    weights: Mapping[Path, float]
    rows: Mapping[Path, Collection[int]] = field(default_factory=dict)
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """A file's text, where its lines start, and the windows in which each of its words occurs.

    Window ``n`` begins in line ``n * _STEP``; ``sizes`` says how many different words it has.
    """

    stamp: Stamp
    kin: str
    text: str
    starts: array[int]
    windows: dict[str, array[int]]
    sizes: array[int]


@dataclass(slots=True)
class Files:
    """The texts of the files that were read last, without their secrets, and their words.

    Methods may read disks: call them on another thread, one at a time.
    """

    _known: dict[Path, _File] = field(default_factory=dict)

    def read(
        self, paths: Iterable[Path], folders: tuple[Path, ...],
        opened: Mapping[Path, str] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """Read those files that have changed or are not known, until time runs out.

        ``opened`` has the texts of open documents, which count instead of the files.
        """
        end = time.monotonic() + _SECONDS
        for path in paths:
            text = opened.get(path)
            stamp = stamp_of_file(path) if text is None else stamp_of_text(text)
            known = self._known.pop(path, None)
            if stamp is not None and (known is None or known.stamp != stamp):
                late = time.monotonic() > end
                known = None if late else _read(path, stamp, folder_of(path, folders), text)
            if stamp is not None and known is not None:
                self._known[path] = known
        left = _MOST_KEPT
        for path, file in reversed(tuple(self._known.items())):
            if (left := left - len(file.text)) < 0:
                del self._known[path]

    def paths(self) -> tuple[Path, ...]:
        """The files that are known, those read last at the end."""
        return tuple(self._known)

    @property
    def has_room(self) -> bool:
        """Can another file be kept without dropping one?"""
        known = tuple(self._known.values())  # another thread may be reading more
        return sum(len(file.text) for file in known) < _MOST_KEPT - LARGEST_FILE

    def forget(self, paths: Iterable[Path]) -> None:
        """Drop files that must not be seen any more."""
        for path in paths:
            self._known.pop(path, None)

    def whole(self, item: Defined) -> str:
        """A definition with its body; ``""`` if it is too long or gone."""
        file, head = self._known.get(item.path), item.head
        if file is None or not 0 < head.end - head.start <= _LONGEST_WHOLE:
            return ""
        data = file.text.encode("utf-8", "replace")[head.start : head.end]
        code = with_line_feeds(data.decode("utf-8", "replace")).rstrip() + "\n"
        return code if code.startswith(head.text[:_SAME].split("\n")[0].rstrip(" .;{")) else ""

    def alike(self, wanted: Wanted, most: int) -> tuple[Fragment, ...]:
        """Up to ``most`` windows of known files that resemble what is wanted, best first."""
        files = {
            path: file
            for path, file in self._known.items()
            if file.kin == wanted.kin and path != wanted.own
        }
        taken: dict[Path, list[int]] = {}
        found: list[Fragment] = []
        for _, path, window in _ranked(files, wanted):
            mine = taken.setdefault(path, [])
            if len(found) == most:
                break
            if len(mine) < _MOST_A_FILE and all(_apart(window, other) for other in mine):
                mine.append(window)
                found.append(_fragment(path, files[path], window))
        return tuple(found)


def of_cuts(wanted: Wanted) -> tuple[Fragment, ...]:
    """Code that was cut out of other files and has words of what is wanted; the newest first."""
    words = frozenset(_WORD.findall(wanted.like))
    codes = ((cut.path, cut.code()) for cut in wanted.cuts)
    return tuple(
        Fragment(path, code, -1, -1)
        for path, code in codes
        if len(words.intersection(_WORD.findall(code))) >= _SHARED
    )


def query_at(text: str, offset: int, kin: str) -> str:
    """The code before an offset, with which windows are compared."""
    return last_code(text[:offset], kin, _QUERY, _QUERY_REACH)


def _read(path: Path, stamp: Stamp, within: Path | None, text: str | None) -> _File | None:
    try:
        if text is None:
            text = read_bytes(path, LARGEST_FILE, within).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if len(text) > LARGEST_FILE:
        return None
    return _into_windows(stamp, kin_at(path, ""), redacted(text))


def _fragment(path: Path, file: _File, window: int) -> Fragment:
    first, last = _rows(window, len(file.starts) - 1)
    code = file.text[file.starts[first] : file.starts[last]]
    start = len(file.text[: file.starts[first]].encode("utf-8", "replace"))
    end = start + len(code.encode("utf-8", "replace"))
    return Fragment(path, with_line_feeds(code).rstrip() + "\n", start, end)


def _into_windows(stamp: Stamp, kin: str, text: str) -> _File:
    starts = array("L", [0])
    windows: dict[str, array[int]] = {}
    sizes = array("H")
    lines = text.splitlines(keepends=True)
    for line in lines:
        starts.append(starts[-1] + len(line))
    flags = code_flags(lines, kin)
    for window in range(-(-len(lines) // _STEP)):
        first, last = _rows(window, len(lines))
        words = _words(lines[first:last], flags[first:last])
        sizes.append(min(len(words), 65_535))
        for word in words:
            windows.setdefault(sys.intern(word), array("H")).append(window)
    return _File(stamp, kin, text, starts, windows, sizes)


def _words(lines: Sequence[str], flags: Sequence[bool]) -> frozenset[str]:
    """The words of a window's code; none if it is mostly documentation or has endless lines."""
    code = [line for line, is_code in zip(lines, flags, strict=True) if is_code and line.strip()]
    rest = sum(not is_code for is_code in flags)
    if len(code) < rest or sum(map(len, lines)) > _LINES * _LONGEST_LINE:
        return frozenset()
    return frozenset(_WORD.findall("".join(code)))


def _rows(window: int, rows: int) -> tuple[int, int]:
    """The first line of a window, and the line after its last."""
    return window * _STEP, min(window * _STEP + _LINES, rows)


def _ranked(files: Mapping[Path, _File], wanted: Wanted) -> list[tuple[float, Path, int]]:
    """The windows that have enough of what is wanted, each with its score, the best ones first.

    A word counts more the fewer windows have it, and nothing if many do. Where the user was
    recently, any of the words is enough.
    """
    words = frozenset(_WORD.findall(wanted.like))
    total = 1 + sum(len(file.sizes) for file in files.values())
    counts = {
        word: sum(len(file.windows.get(word, ())) for file in files.values()) for word in words
    }
    rarity = {
        word: math.log(1 + total / (1 + count))
        for word, count in counts.items()
        if count <= max(total // _TOO_COMMON, _FEW)
    }
    least = _ALIKE * sum(value for word, value in rarity.items() if counts[word])
    ranked = []
    for path, file in files.items():
        scores: dict[int, float] = {}
        for word in rarity.keys() & file.windows.keys():
            for window in file.windows[word]:
                scores[window] = scores.get(window, 0.0) + rarity[word]
        weight = wanted.weights.get(path, 1.0)
        recent = windows_at(wanted.rows, _STEP, path)
        ranked += [
            (score * weight * (_RECENT if at in recent else 1) / (8 + file.sizes[at]), path, at)
            for at, score in scores.items()
            if score >= least or at in recent
        ]
    return heapq.nsmallest(_MOST_RANKED, ranked, lambda item: (-item[0], str(item[1]), item[2]))


def _apart(one: int, other: int) -> bool:
    return abs(one - other) * _STEP >= _LINES
