"""Counts what becomes of ghost text, in memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from herdmate.completion.complete import Completion
from herdmate.completion.silence_reasons import SilenceReason
from herdmate.context.withheld import WithheldReason
from herdmate.generation import Usage
from herdmate.text import Cursor, Document
from herdmate.usage import learnt_confidence, statistics
from herdmate.usage.shown_suggestion import (
    Accepted,
    ShownSuggestion,
    accepted,
    is_kept,
    is_same,
    left_of,
    suggestion_at,
)
from herdmate.usage.statistics import Counts, Key

_MOST_OFFERS = 16
"""How many recent suggestions the editor can still report as accepted."""


class Tally:
    """Counts since the last ``take``, and the suggestions that are being tracked."""

    def __init__(self, today: Callable[[], str] = lambda: date.today().isoformat()) -> None:
        self.counted: Counts = Counter()
        self._today = today
        self._number = 0
        self._shown: tuple[ShownSuggestion, ...] = ()
        self._offers: deque[ShownSuggestion] = deque(maxlen=_MOST_OFFERS)
        self._accepted: list[Accepted] = []

    def asked(self, language: str) -> None:
        """Count a request for ghost text."""
        self._count(language, statistics.ASKED)

    def silent(self, language: str, reason: SilenceReason | WithheldReason | None) -> None:
        """Count a request answered with nothing; ``None``: because of an error."""
        self._count(language, statistics.silent(reason))

    def answered(self, language: str, seconds: float, is_cached: bool) -> None:
        """Count a request answered with text."""
        self._count(language, statistics.ANSWERED)
        self._count(language, statistics.within(seconds, is_cached))
        self._count(language, statistics.MILLISECONDS, round(seconds * 1000))
        self._count(language, statistics.CACHED, int(is_cached))

    def generated(self, language: str, usage: Usage) -> None:
        """Count the tokens of a prompt to the model."""
        self._count(language, statistics.PROMPT_TOKENS, usage.prompt_tokens)
        self._count(language, statistics.REUSED_TOKENS, usage.reused_tokens)

    def offer(self, cursor: Cursor, items: Sequence[Completion]) -> list[int]:
        """Note alternatives shown at a cursor; returns their numbers for ``accept``.

        What is left of an earlier one, or has grown out of it, keeps that one's band.
        """
        first = self._number + 1
        self._number += len(items)
        offers, is_new = [], True
        for place, item in enumerate(items):
            new = suggestion_at(cursor, item.text, item.span, first + place)
            old = next((old for old in self._shown if is_same(old, new, cursor)), None)
            band = learnt_confidence.band(item.confidence) if old is None else old.band
            offers.append(replace(new, band=band))
            is_new = is_new and old is None
        if offers and is_new:
            self._count(cursor.document.language, statistics.SHOWN)
            if offers[0].band:
                self._count(cursor.document.language, learnt_confidence.shown(offers[0].band))
        if offers:
            self._shown = tuple(offers)
            self._offers.extend(offers)
        return [offer.number for offer in offers]

    def changed(self, document: Document) -> Accepted | None:
        """Note a document's edit; returns what the edit accepted, if anything."""
        left: list[ShownSuggestion] = []
        for offer in self._shown:
            if offer.uri != document.uri:
                left.append(offer)
            elif (now := left_of(offer, document)) is None:
                continue
            elif not now.text:
                return self._accept(offer)
            else:
                left.append(now)
        self._shown = tuple(left)
        return None

    def accept(self, number: int) -> Accepted | None:
        """Note that the editor reports an acceptance; ``None`` if already seen or too long ago."""
        now = {offer.number: offer for offer in (*self._offers, *self._shown)}
        return self._accept(now[number]) if number in now else None

    def judge(self, item: Accepted, document: Document) -> None:
        """Count an accepted suggestion as kept if it is still there; later calls do nothing."""
        if item in self._accepted:
            self._accepted.remove(item)
            if is_kept(item, document):
                self._count(item.language, statistics.KEPT, day=item.day)

    def waiting(self, uri: str) -> tuple[Accepted, ...]:
        """What was accepted in a document and has not been judged yet."""
        return tuple(item for item in self._accepted if item.uri == uri)

    def take(self) -> Counts:
        """Return the counts and start again from zero."""
        counted, self.counted = self.counted, Counter()
        return counted

    def forget_document(self, uri: str) -> None:
        """Stop tracking the suggestions of a document that was closed."""
        self._shown = tuple(item for item in self._shown if item.uri != uri)
        self._offers = deque((item for item in self._offers if item.uri != uri), _MOST_OFFERS)
        self._accepted = [item for item in self._accepted if item.uri != uri]

    def forget(self) -> None:
        """Drop the counts and all tracked suggestions."""
        self.counted, self._shown, self._accepted = Counter(), (), []
        self._offers.clear()

    def _accept(self, offer: ShownSuggestion) -> Accepted:
        self._shown = ()
        self._offers = deque(
            (other for other in self._offers if other.number != offer.number), _MOST_OFFERS
        )
        item = accepted(offer, self._today())
        self._count(offer.language, statistics.ACCEPTED)
        if offer.band:
            self._count(offer.language, learnt_confidence.accepted(offer.band))
        self._count(offer.language, statistics.CHARACTERS, len(offer.text))
        self._accepted.append(item)
        return item

    def _count(self, language: str, name: str, many: int = 1, day: str = "") -> None:
        if many:
            key = Key(day or self._today(), statistics.language_of(language), name)
            self.counted[key] += many
