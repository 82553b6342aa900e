"""Code in other files that resembles the code around a cursor, and definitions with bodies.

Files are cut into windows of a few lines. A window is ranked by the words of code that it shares
with the code before the cursor, each weighted by how few windows have it (BM25 without its
constants) and by how near the cursor it is. The best windows are then ranked by how well their
lines correspond to those before the cursor, and moved to show what comes next there. Documentation
is compared with nothing: its lines resemble each other, not the code.
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
from herdmate.context.alignment import before_cursor, best_row
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

_MOST_RANKED = 60
_ALIKE = 0.35
"""The share, by rarity, that a window must have of the wanted words which any file has. Measured on
calls: code that has less makes the right line less probable."""

_FURTHER = 0.9  # how much less a word counts one line further up

_CORRESPONDS = 0.35
"""How alike lines must be to those before the cursor for a window to be moved there."""

_ABOVE, _BELOW = 3, 8  # lines shown above the one that corresponds to the cursor's, and from it on
_NEXT = 3  # of those, what comes next
_OF_LIKENESS = 2.0  # how much of a window's score its likeness adds at most

_RECENT = 1.5  # how much more a window counts in which the user was recently
_SHARED = 2  # words that code which was cut must share with what is wanted
_SAME = 40  # characters by which a definition is recognised

_SECONDS = 0.15
"""For reading files that are not known yet; those that are left are read at the next pause."""

_WORD = re.compile(r"[^\W\d]\w{2,}")
_QUERY, _QUERY_REACH = 400, 4000


@dataclass(frozen=True, slots=True)
class Fragment:
    """Whole lines of a file: the bytes ``start:end`` of its UTF-8, or -1 if they were cut out.

    ``likeness`` says how well the lines before byte ``corresponding`` match those before the
    cursor, from 0 to 1; what comes next there ends at byte ``coming``.
    """

    path: Path
    text: str
    start: int
    end: int
    likeness: float = field(default=0.0, compare=False)
    corresponding: int = field(default=-1, compare=False)
    coming: int = field(default=-1, compare=False)


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


@dataclass(frozen=True, slots=True)
class _Place:
    """Lines to show of a file, of which ``row`` corresponds to the cursor's as far as likely."""

    score: float
    path: Path
    rows: range
    row: int
    likeness: float


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
        taken: dict[Path, list[range]] = {}
        found: list[Fragment] = []
        for place in _aligned(files, _ranked(files, wanted), wanted.like):
            mine = taken.setdefault(place.path, [])
            if len(found) == most:
                break
            if len(mine) < _MOST_A_FILE and all(_apart(place.rows, other) for other in mine):
                mine.append(place.rows)
                found.append(_fragment(files[place.path], place))
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


def _fragment(file: _File, place: _Place) -> Fragment:
    start, end = file.starts[place.rows.start], file.starts[place.rows.stop]
    row, next_rows = place.row, min(place.row + _NEXT, place.rows.stop)
    marks = start, end, file.starts[row], file.starts[next_rows]
    text = with_line_feeds(file.text[start:end]).rstrip() + "\n"
    first, last, here, coming = (_bytes(file.text[:at]) for at in marks)
    return Fragment(place.path, text, first, last, place.likeness, here, coming)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _into_windows(stamp: Stamp, kin: str, text: str) -> _File:
    starts = array("L", [0])
    windows: dict[str, array[int]] = {}
    sizes = array("H")
    lines = text.splitlines(keepends=True)
    for line in lines:
        starts.append(starts[-1] + len(line))
    flags = code_flags(lines, kin)
    for window in range(-(-len(lines) // _STEP)):
        rows = _rows(window, len(lines))
        here = slice(rows.start, rows.stop)
        words = _words(lines[here], flags[here])
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


def _rows(window: int, rows: int) -> range:
    """The lines of a window."""
    return range(window * _STEP, min(window * _STEP + _LINES, rows))


def _ranked(files: Mapping[Path, _File], wanted: Wanted) -> list[tuple[float, Path, int]]:
    """The windows that have enough of what is wanted, each with its score, the best ones first.

    A word counts more the nearer the cursor it is and the fewer windows have it, and nothing if
    many do. Where the user was recently, any of the words is enough.
    """
    nearness = _nearness(wanted.like)
    total = 1 + sum(len(file.sizes) for file in files.values())
    counts = {
        word: sum(len(file.windows.get(word, ())) for file in files.values()) for word in nearness
    }
    worth = {
        word: nearness[word] * math.log(1 + total / (1 + count))
        for word, count in counts.items()
        if count <= max(total // _TOO_COMMON, _FEW)
    }
    least = _ALIKE * sum(value for word, value in worth.items() if counts[word])
    ranked = []
    for path, file in files.items():
        scores: dict[int, float] = {}
        for word in worth.keys() & file.windows.keys():
            for window in file.windows[word]:
                scores[window] = scores.get(window, 0.0) + worth[word]
        weight = wanted.weights.get(path, 1.0)
        recent = windows_at(wanted.rows, _STEP, path)
        ranked += [
            (score * weight * (_RECENT if at in recent else 1) / (8 + file.sizes[at]), path, at)
            for at, score in scores.items()
            if score >= least or at in recent
        ]
    return heapq.nsmallest(_MOST_RANKED, ranked, lambda item: (-item[0], str(item[1]), item[2]))


def _nearness(code: str) -> Mapping[str, float]:
    """The words of code before a cursor, and how much each counts for its distance."""
    found: dict[str, float] = {}
    lines = [line for line in code.split("\n") if line.strip()]
    for distance, line in enumerate(reversed(lines)):
        for word in _WORD.findall(line):
            found.setdefault(word, _FURTHER**distance)
    return found


def _aligned(
    files: Mapping[Path, _File], ranked: Iterable[tuple[float, Path, int]], like: str
) -> list[_Place]:
    """What to show of ranked windows or beside them, best first."""
    before = before_cursor(like)
    places = []
    for score, path, window in ranked:
        file = files[path]
        rows = _rows(window, len(file.starts) - 1)
        above = max(rows.start - _LINES, 0)
        lines = [_row(file, row) for row in range(above, rows.stop)]
        at, likeness = best_row(before, lines, rows.start - above, len(lines))
        if likeness >= _CORRESPONDS:
            row = above + at
            rows = range(max(row - _ABOVE, 0), min(row + _BELOW, len(file.starts) - 1))
        score *= 1 + _OF_LIKENESS * likeness
        places.append(_Place(score, path, rows, above + at, likeness))
    return sorted(places, key=lambda place: (-place.score, str(place.path), place.rows.start))


def _row(file: _File, row: int) -> str:
    return file.text[file.starts[row] : file.starts[row + 1]]


def _apart(one: range, other: range) -> bool:
    return one.stop <= other.start or other.stop <= one.start
