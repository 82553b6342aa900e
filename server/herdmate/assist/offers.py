"""What becomes of a suggestion: it is typed, accepted, kept, or something else is written.

Told from the text alone, for not every editor says so. What is remembered of the text lives for as
long as the suggestion and half a minute more, in memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from herdmate.text import Cursor, Document, Span

_AROUND = 80
"""Characters on both sides of a suggestion by which its place is known again."""

_NEAR = 4000
"""Characters around the place of an accepted text in which it may lie after other edits."""

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Offer:
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


def offer_at(cursor: Cursor, text: str, span: Span, number: int) -> Offer:
    """A suggestion as it is shown; ``span`` may begin before the cursor, with what is typed."""
    document, at = cursor.document, cursor.offset
    return Offer(
        number,
        document.uri,
        document.language,
        at,
        text[at - span.start :],
        span.end - at,
        document.text[max(at - _AROUND, 0) : at],
        document.text[at : at + _AROUND],
        len(document.text),
    )


def taken(offer: Offer, text: str) -> int | None:
    """How many characters of the offer a changed text has; ``None`` when it has become another."""
    at, rest = offer.at, offer.text
    if not text.endswith(offer.before, 0, at):
        return None
    grown = len(text) - offer.length
    whole = rest + offer.behind[offer.reach :]
    if grown == len(rest) - offer.reach and text.startswith(whole, at):
        return len(rest)
    part = rest[: max(grown, 0)] + offer.behind
    return grown if 0 <= grown < len(rest) and text.startswith(part, at) else None


def left_of(offer: Offer, typed: int, length: int) -> Offer:
    """The offer after some of it was written into a document that is now so long."""
    return replace(
        offer,
        at=offer.at + typed,
        text=offer.text[typed:],
        before=(offer.before + offer.text[:typed])[-_AROUND:],
        length=length,
    )


def is_same(older: Offer, newer: Offer) -> bool:
    """Do both offer the same at one place, or one of them more of it?"""
    if (older.uri, older.at) != (newer.uri, newer.at):
        return False
    return older.text.startswith(newer.text) or newer.text.startswith(older.text)


def accepted(offer: Offer, day: str) -> Accepted:
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


def _bare(text: str) -> str:
    return _SPACE.sub("", text)
