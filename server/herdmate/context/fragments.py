"""Code in other files that resembles the code before a cursor, and definitions with bodies."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from herdmate.bounded_read import read_bytes
from herdmate.context.documentation import last_code
from herdmate.context.files import LARGEST_FILE
from herdmate.context.index import Defined, Stamp, kin_at, stamp_of_file
from herdmate.context.line_windows import WORD, WindowedFile, into_windows
from herdmate.context.resemblance import NEXT, Place, Wanted, places
from herdmate.context.unsaved import stamp_of_text
from herdmate.redaction.redact import redacted
from herdmate.text import folder_of, with_line_feeds

_MOST_A_FILE = 2
_LONGEST_WHOLE = 240  # bytes of a definition with its body

_MOST_KEPT = 4_000_000
"""Characters of files kept; with their words they take some 20 MB at most."""

_SHARED = 2  # words that code which was cut must share with what is wanted
_SAME = 40  # characters by which a definition is recognised

_SECONDS = 0.15
"""For reading files that are not known yet; those that are left are read at the next pause."""

_QUERY, _QUERY_REACH = 400, 4000


@dataclass(frozen=True, slots=True)
class Fragment:
    """Whole lines of a file: the bytes ``start:end`` of its UTF-8, or -1 if they were cut out.

    ``likeness`` says how well its lines match those before the cursor and the start of the cursor's
    own, from 0 to 1; ``coming`` are the lines from the one that corresponds to the cursor's.
    """

    path: Path
    text: str
    start: int
    end: int
    likeness: float = field(default=0.0, compare=False)
    coming: str = field(default="", compare=False)

    def overlaps(self, other: Fragment) -> bool:
        """Do both have the same lines of a file, or some of them?"""
        is_cut = self.start < 0 or other.start < 0
        if is_cut or self.path != other.path:
            return self == other
        return self.start < other.end and other.start < self.end


@dataclass(slots=True)
class Files:
    """The texts of the files that were read last, without their secrets, and their words.

    Methods may read disks: call them on another thread, one at a time.
    """

    _known: dict[Path, WindowedFile] = field(default_factory=dict)

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
        """Up to ``most`` fragments of known files that resemble what is wanted, best first."""
        files = {
            path: file
            for path, file in self._known.items()
            if file.kin == wanted.kin and path != wanted.own
        }
        taken: dict[Path, list[range]] = {}
        found: list[Fragment] = []
        for place in places(files, wanted):
            mine = taken.setdefault(place.path, [])
            if len(found) == most:
                break
            if len(mine) < _MOST_A_FILE and all(_apart(place.rows, other) for other in mine):
                mine.append(place.rows)
                found.append(_fragment(files[place.path], place))
        return tuple(found)


def of_cuts(wanted: Wanted) -> tuple[Fragment, ...]:
    """Code that was cut out of other files and has words of what is wanted; the newest first."""
    words = frozenset(WORD.findall(wanted.like))
    codes = ((cut.path, cut.code()) for cut in wanted.cuts)
    return tuple(
        Fragment(path, code, -1, -1)
        for path, code in codes
        if len(words.intersection(WORD.findall(code))) >= _SHARED
    )


def query_at(text: str, offset: int, kin: str) -> str:
    """The code before an offset, with which windows are compared."""
    return last_code(text[:offset], kin, _QUERY, _QUERY_REACH)


def _read(path: Path, stamp: Stamp, within: Path | None, text: str | None) -> WindowedFile | None:
    try:
        if text is None:
            text = read_bytes(path, LARGEST_FILE, within).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if len(text) > LARGEST_FILE:
        return None
    return into_windows(stamp, kin_at(path, ""), redacted(text))


def _fragment(file: WindowedFile, place: Place) -> Fragment:
    start, end = file.starts[place.rows.start], file.starts[place.rows.stop]
    row, following = place.row, min(place.row + NEXT, place.rows.stop)
    coming = file.text[file.starts[row] : file.starts[following]]
    first, last = _bytes(file.text[:start]), _bytes(file.text[:end])
    text, coming = (with_line_feeds(code).rstrip() for code in (file.text[start:end], coming))
    return Fragment(place.path, text + "\n", first, last, place.likeness, coming)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _apart(one: range, other: range) -> bool:
    return one.stop <= other.start or other.stop <= one.start
