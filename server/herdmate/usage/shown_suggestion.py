"""What becomes of a suggestion: it is typed, accepted, kept, or something else is written.

Told from the text alone, for not every editor says so. What is remembered of the text lives for as
long as the suggestion and half a minute more, in memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from herdmate.completion.postprocess import Shown
from herdmate.completion.typing_through import MOST_CLOSED, behind, what_is_left
from herdmate.text import Cursor, Document, Span

_AROUND = 80
"""Characters before a suggestion by which its place is known again."""

_NEAR = 4000
"""Characters around the place of an accepted text in which it may lie after other edits."""

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ShownSuggestion:
    """What is left of a suggestion: ``text`` in the place of ``reach`` characters from ``at`` on.

    ``before`` and ``behind`` stand there, in a document of ``length`` characters.
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


@dataclass(frozen=True, slots=True)
class Accepted:
    """Lines that were accepted, without their spaces; the first one from its start on."""

    uri: str
    language: str
    day: str
    at: int
    length: int
    lines: tuple[str, ...]


def suggestion_at(cursor: Cursor, text: str, span: Span, number: int) -> ShownSuggestion:
    """A suggestion as it is shown; ``span`` may begin before the cursor, with what is typed."""
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
    """The offer in a changed document, without a text where it was accepted; ``None``: it is over.

    What one key can have written, with what the editor closes by itself, is more likely to have
    been typed. Where the cursor is is not told, but what was closed stands behind it.
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
    """Does a newer offer, at a cursor, have what is left of the older one there, or more of it?"""
    left = None
    if older.uri == newer.uri and older.at <= newer.at and _is_before(older, cursor.document):
        left = _left_at(older, cursor)
    return left is not None and (
        left.text.startswith(newer.text) or newer.text.startswith(left.text)
    )


def accepted(offer: ShownSuggestion, day: str) -> Accepted:
    """What is to be looked for later."""
    text = offer.before.rpartition("\n")[2] + offer.text
    lines = tuple(filter(None, map(_bare, text.splitlines())))
    return Accepted(offer.uri, offer.language, day, offer.at, len(offer.text), lines)


def is_kept(accepted: Accepted, document: Document) -> bool:
    """Are all its lines there still, in their order, whatever the spaces are?"""
    start, end = accepted.at - _NEAR, accepted.at + accepted.length + _NEAR
    near, found = _bare(document.text[max(start, 0) : end]), 0
    for line in accepted.lines:
        if (place := near.find(line, found)) < 0:
            return False
        found = place + len(line)
    return True


def _is_before(offer: ShownSuggestion, document: Document) -> bool:
    """Does still stand there what stood before it?"""
    return document.text.endswith(offer.before, 0, offer.at)


def _left_at(offer: ShownSuggestion, cursor: Cursor) -> ShownSuggestion | None:
    """What is left of an offer of which all up to a cursor was typed."""
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
