"""Lines of other files that resemble the code before a cursor, and what follows them there.

Windows are ranked by the words of code that they share with the code before the cursor, each
weighted by how few windows have it (BM25 without its constants) and by how near the cursor it is.
The best ones are then ranked by how well their lines correspond to those before the cursor, and
moved to show what comes next there. Documentation is compared with nothing: its lines resemble each
other, not the code.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from herdmate.context.alignment import before_cursor, best_row
from herdmate.context.line_windows import LINES, STEP, WORD, WindowedFile, rows_of
from herdmate.context.recent import Cut, windows_at

_TOO_COMMON, _FEW = 8, 200
"""A word does not count if more than one in eight windows have it, and more than 200."""

_MOST_RANKED, _FIRST_OF_FILE = 60, 6  # windows
_ALIKE = 0.35
"""The share, by rarity, that a window must have of the wanted words which any file has. Measured on
calls: code that has less makes the right line less probable."""

_FURTHER = 0.9  # how much less a word counts one line further up

_CORRESPONDS = 0.35
"""How alike lines must be to those before the cursor for a window to be moved there."""

_ABOVE, _BELOW = 3, 8  # lines shown above the one that corresponds to the cursor's, and from it on
NEXT = 2  # the first of the latter, which are always shown
_LONGEST = 700
"""Characters of moved lines: with more, they seldom have room beside definitions."""

_OF_LIKENESS = 2.0  # how much of a window's score its likeness adds at most

_RECENT = 1.5  # how much more a window counts in which the user was recently


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
class Place:
    """Lines to show of a file; ``row`` is the best match for the cursor's line."""

    score: float
    path: Path
    rows: range
    row: int
    likeness: float


def places(files: Mapping[Path, WindowedFile], wanted: Wanted) -> list[Place]:
    """The lines of these files that have enough of what is wanted, best first; they can overlap."""
    return _aligned(files, _ranked(files, wanted), wanted)


def _ranked(files: Mapping[Path, WindowedFile], wanted: Wanted) -> list[tuple[float, Path, int]]:
    """The windows that have enough of what is wanted, each with its score, the best ones first.

    A word counts more the nearer the cursor it is and the fewer windows have it, and nothing if
    many do. Where the user was recently, any of the words is enough. A file's windows beyond
    the first few come after those of all files.
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
    first, rest = [], []
    for path, file in files.items():
        scores: dict[int, float] = {}
        for word in worth.keys() & file.windows.keys():
            for window in file.windows[word]:
                scores[window] = scores.get(window, 0.0) + worth[word]
        weight = wanted.weights.get(path, 1.0)
        recent = windows_at(wanted.rows, STEP, path)
        mine = [
            (score * weight * (_RECENT if at in recent else 1) / (8 + file.sizes[at]), path, at)
            for at, score in scores.items()
            if score >= least or at in recent
        ]
        mine = heapq.nsmallest(_MOST_RANKED, mine, _best_first)
        first += mine[:_FIRST_OF_FILE]
        rest += mine[_FIRST_OF_FILE:]
    best = heapq.nsmallest(_MOST_RANKED, first, _best_first)
    return best + heapq.nsmallest(_MOST_RANKED - len(best), rest, _best_first)


def _best_first(window: tuple[float, Path, int]) -> tuple[float, str, int]:
    return -window[0], str(window[1]), window[2]


def _nearness(code: str) -> Mapping[str, float]:
    """The words of code before a cursor, and how much each counts for its distance."""
    found: dict[str, float] = {}
    lines = [line for line in code.split("\n") if line.strip()]
    for distance, line in enumerate(reversed(lines)):
        for word in WORD.findall(line):
            found.setdefault(word, _FURTHER**distance)
    return found


def _aligned(
    files: Mapping[Path, WindowedFile], ranked: Iterable[tuple[float, Path, int]], wanted: Wanted
) -> list[Place]:
    """What to show of ranked windows or beside them, best first."""
    before = before_cursor(wanted.like)
    found = []
    for score, path, window in ranked:
        file = files[path]
        rows = rows_of(window, file.height)
        above = range(max(rows.start - 2 * LINES, 0), rows.stop)
        at, likeness = best_row(before, file.code(above), rows.start - above.start, len(above))
        row = above[at]
        moved = _around(file, row)
        recent = wanted.rows.get(path, ())
        is_lost = any(look in rows for look in recent) and not any(look in moved for look in recent)
        if likeness >= _CORRESPONDS and file.size(moved) <= _LONGEST and not is_lost:
            rows = moved
        found.append(Place(score * (1 + _OF_LIKENESS * likeness), path, rows, row, likeness))
    return sorted(found, key=lambda place: (-place.score, str(place.path), place.rows.start))


def _around(file: WindowedFile, row: int) -> range:
    """The lines to show around one, fewer if they are long: those above go first."""
    start, stop = max(row - _ABOVE, 0), min(row + _BELOW, file.height)
    while start < row - 1 and file.size(range(start, stop)) > _LONGEST:
        start += 1
    while stop > row + NEXT and file.size(range(start, stop)) > _LONGEST:
        stop -= 1
    return range(start, stop)
