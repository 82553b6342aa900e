"""Formats as text: ``{piece}`` is a control piece, ``{place}`` a place for the user's text.

``{|}`` is a place where the texts before and after are tokenised separately. What is put into a
place is never read as a format, so text of the user's cannot become a control piece.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from herdmate.generation import Segment, Special, Text

_PART = re.compile(r"\{([^{}]+)\}")
_BREAK = "|"


@dataclass(frozen=True, slots=True)
class Place:
    """Where text of the user's goes."""

    name: str


Part = str | Special | Place
"""Text of the format itself, a control piece, or a place; an empty text is a break."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format as parts in order."""

    parts: tuple[Part, ...] = ()

    @property
    def pieces(self) -> tuple[str, ...]:
        """Its control pieces, except those that every vocabulary names."""
        found = (part.piece for part in self.parts if isinstance(part, Special))
        return tuple(piece for piece in found if piece not in ("bos", "eos"))

    @property
    def places(self) -> tuple[str, ...]:
        """Its places, in order."""
        return tuple(part.name for part in self.parts if isinstance(part, Place))


NOTHING = Format()
"""A format that writes nothing."""


def parse(text: str, places: Collection[str]) -> Format:
    """A format from its text; raises ``ValueError`` that says what is wrong."""
    parts: list[Part] = []
    at = 0
    for found in _PART.finditer(text):
        parts += _plain(text[at : found.start()])
        name = found[1]
        parts.append("" if name == _BREAK else Place(name) if name in places else Special(name))
        at = found.end()
    parts += _plain(text[at:])
    return Format(tuple(parts))


def _plain(text: str) -> list[Part]:
    if "{" in text or "}" in text:
        raise ValueError(f"a brace in {text!r} has no partner")
    return [text] if text else []


@dataclass(slots=True)
class Writer:
    """Segments under construction; texts that adjoin are one segment.

    ``pieces``: the vocabulary's control pieces. One that it lacks is written as text.
    """

    pieces: Mapping[str, int]
    dummy_space: bool = False
    segments: list[Segment] = field(default_factory=list)
    end: int = -1
    _open: bool = False

    def write(
        self, form: Format, values: Mapping[str, Iterable[Segment]], ends_at: str = ""
    ) -> None:
        """Add a format with its places filled.

        No text continues the one in the place ``ends_at``, whose index is then in ``end``.
        """
        for part in form.parts:
            if isinstance(part, Place):
                for segment in values.get(part.name, ()):
                    self.add(segment)
                if part.name == ends_at:
                    self.end, self._open = len(self.segments) - 1, False
            elif isinstance(part, Special):
                self.special(part.piece)
            elif part:
                self.text(part)
            else:
                self._open = False

    def add(self, segment: Segment) -> None:
        """Add a segment; a text continues the text before it."""
        if isinstance(segment, Special):
            self.special(segment.piece)
            return
        last = self.segments[-1] if self._open else None
        if isinstance(last, Text):
            leading_space = last.leading_space or segment.leading_space
            self.segments[-1] = Text(last.text + segment.text, leading_space)
        else:
            self.segments.append(segment)
        self._open = True

    def text(self, text: str) -> None:
        """Add text of the format itself, or of the user's."""
        self.add(Text(text, self.dummy_space))

    def special(self, piece: str) -> None:
        """Add a control piece."""
        if piece in self.pieces:
            self.segments.append(Special(piece))
            self._open = False
        elif piece not in ("bos", "eos"):
            self.text(piece)
