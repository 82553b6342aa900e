"""Code in other files that resembles the code around a cursor, and definitions with bodies.

Files are cut into windows of a few lines. A window is ranked by the words that it shares with
the code around the cursor, each weighted by how few windows have it (BM25 without its constants).
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from herdmate.bounded_read import read_bytes
from herdmate.context.files import LARGEST_FILE
from herdmate.context.index import Defined, Stamp, stamp_of_file
from herdmate.context.unsaved import stamp_of_text
from herdmate.redaction.redact import redacted
from herdmate.text import folder_of, with_line_feeds

_LINES, _STEP = 10, 5
_MOST_A_FILE = 2
_LONGEST_LINE = 400
_LONGEST_WHOLE = 240  # bytes of a definition with its body

_MOST_KEPT = 1_000_000
"""Characters of files kept; with their words they take some 15 MB at most."""

_SAME = 40  # characters by which a definition is recognised

_SECONDS = 0.15
"""For reading files that are not known yet; those that are left are read at the next pause."""

_WORD = re.compile(r"[^\W\d]\w{2,}")
_QUERY_BEFORE, _QUERY_AFTER = 700, 200


@dataclass(frozen=True, slots=True)
class Fragment:
    """Whole lines of a file, which are the bytes ``start:end`` of its UTF-8."""

    path: Path
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Window:
    start: int
    end: int
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class _File:
    stamp: Stamp
    text: str
    windows: tuple[_Window, ...]


@dataclass(slots=True)
class Files:
    """The texts of the files that were read last, without their secrets, cut into windows.

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

    def alike(self, query: str, weights: Mapping[Path, float], most: int) -> tuple[Fragment, ...]:
        """Up to ``most`` windows of known files that resemble the query, best first.

        ``weights`` maps the files to search to their weights.
        """
        wanted = frozenset(_WORD.findall(query))
        files = {path: self._known[path] for path in weights if path in self._known}
        rarity = _rarity(files.values(), wanted)
        ranked = [
            (-_score(window, wanted, rarity) * weights[path], str(path), window.start, path, window)
            for path, file in files.items()
            for window in file.windows
        ]
        taken: dict[Path, list[_Window]] = {}
        found: list[Fragment] = []
        for score, _, _, path, window in sorted(ranked, key=lambda item: item[:3]):
            mine = taken.setdefault(path, [])
            if len(found) == most or score == 0:
                break
            if len(mine) < _MOST_A_FILE and not any(_overlap(window, other) for other in mine):
                mine.append(window)
                found.append(_fragment(path, files[path].text, window))
        return tuple(found)


def query_at(text: str, offset: int) -> str:
    """The code around an offset, with which windows are compared."""
    return text[max(offset - _QUERY_BEFORE, 0) : offset + _QUERY_AFTER]


def _read(path: Path, stamp: Stamp, within: Path | None, text: str | None) -> _File | None:
    try:
        if text is None:
            text = read_bytes(path, LARGEST_FILE, within).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if len(text) > LARGEST_FILE:
        return None
    text = redacted(text)
    return _File(stamp, text, tuple(_windows(text)))


def _fragment(path: Path, text: str, window: _Window) -> Fragment:
    code = text[window.start : window.end]
    start = len(text[: window.start].encode("utf-8", "replace"))
    end = start + len(code.encode("utf-8", "replace"))
    return Fragment(path, with_line_feeds(code).rstrip() + "\n", start, end)


def _windows(text: str) -> Iterator[_Window]:
    words: dict[str, str] = {}  # each word once
    ends = [0]
    for line in text.splitlines(keepends=True):
        ends.append(ends[-1] + len(line))
    for first in range(0, max(len(ends) - 1, 0), _STEP):
        last = min(first + _LINES, len(ends) - 1)
        start, end = ends[first], ends[last]
        if end - start <= _LINES * _LONGEST_LINE:
            found = _WORD.findall(text, start, end)
            yield _Window(start, end, frozenset(words.setdefault(word, word) for word in found))


def _rarity(files: Iterable[_File], wanted: frozenset[str]) -> dict[str, float]:
    """How informative a word is, from 0 to 1; the more windows have it, the less it is."""
    counts: Counter[str] = Counter()
    total = 1
    for file in files:
        for window in file.windows:
            total += 1
            counts.update(window.words & wanted)
    return {word: math.log(1 + total / (1 + count)) for word, count in counts.items()}


def _score(window: _Window, wanted: frozenset[str], rarity: Mapping[str, float]) -> float:
    shared = window.words & wanted
    return sum(rarity[word] for word in shared) / (8 + len(window.words)) if shared else 0.0


def _overlap(one: _Window, other: _Window) -> bool:
    return one.start < other.end and other.start < one.end
