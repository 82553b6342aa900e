"""What becomes of a suggestion: it is typed, accepted, kept, or something else is written.

This is inferred from the text alone, because not every editor reports it. Remembered text lives in
memory for the suggestion's lifetime plus half a minute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from herdmate.completion.postprocess import Shown
from herdmate.completion.typing_through import MOST_CLOSED, behind, what_is_left
from herdmate.text import Cursor, Document, Span

_AROUND = 80
"""Characters before a suggestion that identify its place."""

_NEAR = 4000
"""Characters around the place of an accepted text that are searched for it after other edits."""

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ShownSuggestion:
    """What is left of a suggestion: ``text`` replaces ``reach`` characters from ``at`` on.

    ``before`` and ``behind`` are the text around ``at``, in a document of ``length`` characters;
    ``band`` says how sure the model was.
    """

    number: int
    uri: str
    language: str
    at: int
    text: str
    reach: int
    before: str
    behind: str
    length: int
    band: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Accepted lines without whitespace; the first includes the text before the suggestion."""

    uri: str
    language: str
    day: str
    at: int
    length: int
    lines: tuple[str, ...]


def suggestion_at(cursor: Cursor, text: str, span: Span, number: int) -> ShownSuggestion:
    """A suggestion as shown; ``span`` can begin before the cursor, with text already typed."""
    document, at = cursor.document, cursor.offset
    return ShownSuggestion(
        number,
        document.uri,
        document.language,
        at,
        text[at - span.start :],
        span.end - at,
        document.text[max(at - _AROUND, 0) : at],
        behind(cursor),
        len(document.text),
    )


def left_of(offer: ShownSuggestion, document: Document) -> ShownSuggestion | None:
    """The offer in a changed document, with empty text if it was accepted; ``None`` if it is over.

    A change that a single key can cause, with auto-closing, is more likely to have been typed. The
    cursor's position is unknown, but auto-closed characters are after it.
    """
    text, at = document.text, offer.at
    grown = len(text) - offer.length
    whole = offer.text + offer.behind[offer.reach :]
    if not _is_before(offer, document):
        return None
    one_key = grown < 2 or _left_at(offer, Cursor(document, at + 1))
    if not one_key and grown == len(offer.text) - offer.reach and text.startswith(whole, at):
        return replace(offer, text="")
    places = range(max(grown - MOST_CLOSED, 0), grown + offer.reach + 1)
    return next(
        filter(None, (_left_at(offer, Cursor(document, at + typed)) for typed in places)), None
    )


def is_same(older: ShownSuggestion, newer: ShownSuggestion, cursor: Cursor) -> bool:
    """Does a newer offer at a cursor show what is left of the older one, or more or less of it?"""
    left = None
    if older.uri == newer.uri and older.at <= newer.at and _is_before(older, cursor.document):
        left = _left_at(older, cursor)
    return left is not None and (
        left.text.startswith(newer.text) or newer.text.startswith(left.text)
    )


def accepted(offer: ShownSuggestion, day: str) -> Accepted:
    """What to look for later, to see if the text was kept."""
    text = offer.before.rpartition("\n")[2] + offer.text
    lines = tuple(filter(None, map(_bare, text.splitlines())))
    return Accepted(offer.uri, offer.language, day, offer.at, len(offer.text), lines)


def is_kept(accepted: Accepted, document: Document) -> bool:
    """Are all accepted lines still there, in order, ignoring whitespace?"""
    start, end = accepted.at - _NEAR, accepted.at + accepted.length + _NEAR
    near, found = _bare(document.text[max(start, 0) : end]), 0
    for line in accepted.lines:
        if (place := near.find(line, found)) < 0:
            return False
        found = place + len(line)
    return True


def _is_before(offer: ShownSuggestion, document: Document) -> bool:
    """Is the text before the offer still there?"""
    return document.text.endswith(offer.before, 0, offer.at)


def _left_at(offer: ShownSuggestion, cursor: Cursor) -> ShownSuggestion | None:
    """What is left of a suggestion that was typed up to a cursor."""
    begun = Cursor(cursor.document, offer.at)
    left = what_is_left(Shown(offer.text, offer.reach), begun, offer.behind, cursor)
    if left is None:
        return None
    typed = cursor.document.text[offer.at : cursor.offset]
    return replace(
        offer,
        at=cursor.offset,
        text=left.text,
        reach=left.reach,
        before=(offer.before + typed)[-_AROUND:],
        behind=behind(cursor),
        length=len(cursor.document.text),
    )


def _bare(text: str) -> str:
    return _SPACE.sub("", text)
