"""What the user did last: where they edited and looked, and code that they cut out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from herdmate.context.files import LARGEST_FILE
from herdmate.redaction.redact import redacted
from herdmate.text import Span, with_line_feeds

_MOST_FILES = 16
_MOST_ROWS = 4  # of a file
_MOST_CUTS = 3
_MOST_LINES = 40
_LONGEST = 2_000  # characters that were cut
_CLOSE = 5
"""Rows. What is closer than that to a place is the same place."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Code that was cut out of a file: the text before that, and what part of it is gone."""

    path: Path
    before: str
    span: Span

    def code(self) -> str:
        """What was cut, as whole lines without secrets; takes as long as searching the text."""
        found = redacted(self.before)[self.span.start : self.span.end]
        return with_line_feeds(found).strip("\n") + "\n"


@dataclass(slots=True)
class Recent:
    """The rows of files at which the user was last, and the last cuts, the newest at the end."""

    rows: dict[Path, tuple[int, ...]] = field(default_factory=dict)
    cuts: tuple[Cut, ...] = ()

    def note_look(self, path: Path, row: int) -> None:
        """The user was at a row of a file."""
        others = (other for other in self.rows.pop(path, ()) if abs(other - row) >= _CLOSE)
        self.rows[path] = (*others, row)[-_MOST_ROWS:]
        for old in tuple(self.rows)[:-_MOST_FILES]:
            del self.rows[old]

    def note_edit(self, path: Path, first: int, last: int, lines: int) -> None:
        """The rows from ``first`` to ``last`` became one row and ``lines`` more."""
        moved = lines - (last - first)
        known = (
            row if row <= first else max(row + moved, first) for row in self.rows.get(path, ())
        )
        self.rows[path] = tuple(known)
        self.note_look(path, first + lines)

    def note_cut(self, path: Path, text: str, span: Span) -> None:
        """A part of a file's text was removed; only a few whole lines count."""
        code = text[span.start : span.end]
        if len(text) > LARGEST_FILE or len(code) > _LONGEST:
            return
        if 2 <= code.strip().count("\n") + 1 <= _MOST_LINES:
            self.cuts = (*self.cuts, Cut(path, text, span))[-_MOST_CUTS:]

    def forget(self, path: Path) -> None:
        """Drop what is known of a file."""
        self.rows.pop(path, None)
        self.cuts = tuple(cut for cut in self.cuts if cut.path != path)


def cuts_elsewhere(cuts: Iterable[Cut], own: Path, text: str) -> tuple[Cut, ...]:
    """The cuts, newest first, that were not pasted into the file at ``own``, whose text it is."""
    return tuple(
        cut
        for cut in reversed(tuple(cuts))
        if cut.path != own and cut.before[cut.span.start : cut.span.end].strip() not in text
    )


def windows_at(rows: Mapping[Path, Collection[int]], step: int, path: Path) -> frozenset[int]:
    """The windows, one every ``step`` lines and twice as long, that have a file's recent rows."""
    return frozenset(row // step - more for row in rows.get(path, ()) for more in (0, 1))
