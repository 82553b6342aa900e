"""Typing along with ghost text: what is left of it, whatever the editor auto-closes.

After ``foo(`` many editors insert ``)`` at once and let the user type over it. The ghost text
contains that bracket itself, so what is left of it replaces the editor's. Return between ``{`` and
``}`` puts the latter on a line below, where nothing is replaced: the ghost text ends before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from herdmate.completion.postprocess import Shown
from herdmate.text import Cursor, line_start

BEHIND = 256
"""Characters after the cursor that must be unchanged, apart from what the editor closed."""

MOST_CLOSED = 8
"""The most characters that an editor auto-closes in one place."""

_LINE = 1024
"""Characters before the text that are searched for open quotes and brackets."""

_ADDED = " \t\r\n)]};,\"'`"
"""What may have been added to a text to close it."""

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_QUOTES = "\"'`"
_MOVED_BELOW = re.compile(r"\r?\n[ \t]{0,256}(?=[)\]}])")


def behind(cursor: Cursor) -> str:
    """The text after a cursor, as much of it as ``what_is_left`` needs later."""
    return cursor.document.text[cursor.offset : cursor.offset + BEHIND]


def what_is_left(shown: Shown, begun: Cursor, stood: str, cursor: Cursor) -> Shown | None:
    """The rest of ``shown``, to show at ``cursor`` after the user typed the start of it.

    It was shown at ``begun``, with ``stood`` after it; only the text before ``begun`` is read.
    ``None`` if something else was typed or nothing is left.
    """
    if len(shown.text) <= cursor.offset - begun.offset:
        return None
    typed = cursor.document.text[begun.offset : cursor.offset]
    if not shown.text.startswith(typed):
        return None
    change = _Change(begun, typed, shown.text, stood, cursor)
    more = change.characters_more(min(shown.reach, len(stood)), may_go_on=False)
    if more is None:
        return _left_above(shown, change)
    return Shown(shown.text[len(typed) :], shown.reach + more, _logprobs_left(shown, len(typed)))


def may_say(said: str, begun: Cursor, stood: str, cursor: Cursor) -> bool:
    """Can a text that begins with ``said`` still turn out to begin with what was typed?"""
    typed = cursor.document.text[begun.offset : cursor.offset]
    if not (said.startswith(typed) or typed.startswith(said)):
        return False
    change = _Change(begun, typed, max(said, typed, key=len), stood, cursor)
    reach = min(MOST_CLOSED, len(stood))
    return change.characters_more(reach, may_go_on=True) is not None or change.has_moved_closers()


def has_grown(shown: Shown | None, than: str) -> bool:
    """Is there more than a text? Closers that were added at its end need not stay."""
    if shown is None or shown.text == than:
        return False
    return len(shown.text) > len(than) and shown.text.startswith(than.rstrip(_ADDED))


def part_inside(text: str, cursor: Cursor) -> str:
    """The part of a text before it closes anything that was opened before the cursor."""
    line = _line_before(cursor)
    before = [pair for pair in _pairs(line + text) if _is_before(pair, len(line))]
    ends = [pair.end - len(pair.closer) for pair in before]
    return text[: max(min(ends) - len(line), 0)] if ends else text


def _left_above(shown: Shown, change: _Change) -> Shown | None:
    """What is left of ``shown`` above closers that the editor has moved to a line below."""
    if not change.has_moved_closers():
        return None
    size = len(change.typed)
    text = part_inside(shown.text[size:], change.cursor).rstrip()
    left = tuple(known for known in _logprobs_left(shown, size) if known[0] <= len(text))
    return Shown(text, 0, left) if text else None


def _logprobs_left(shown: Shown, typed: int) -> tuple[tuple[int, float], ...]:
    """The tokens behind the first ``typed`` characters.

    Each typed letter of a token takes its share of what was doubtful in it.
    """
    left, begin = [], 0
    for end, logprob in shown.logprobs:
        if end > typed:
            begin += len(shown.text[begin:end]) - len(shown.text[begin:end].lstrip())
            share = (end - typed) / (end - begin) if begin < typed else 1.0
            left.append((end - typed, logprob * share))
        begin = end
    return tuple(left)


def _line_before(cursor: Cursor) -> str:
    """The line up to a cursor, or the end of it: a file can be a single line."""
    text = cursor.document.text[max(cursor.offset - _LINE, 0) : cursor.offset]
    return text[line_start(text, len(text)) :]


@dataclass(frozen=True, slots=True)
class _Change:
    """The typed part of a text that was shown at ``begun``, when ``stood`` followed it."""

    begun: Cursor
    typed: str
    text: str
    stood: str
    cursor: Cursor

    def has_moved_closers(self) -> bool:
        """Has Return moved what the editor had closed to a line below the cursor's?"""
        ahead = self.cursor.document.text[self.cursor.offset : self.cursor.offset + _LINE]
        if "\n" not in self.typed or (moved := _MOVED_BELOW.match(ahead)) is None:
            return False
        return self.characters_more(0, may_go_on=True, skipped=moved.end()) is not None

    def characters_more(self, reach: int, may_go_on: bool, skipped: int = 0) -> int | None:
        """How many characters the editor added after the cursor, minus those typed over.

        The user may have typed over up to ``reach`` characters of ``stood``; ``None`` if anything
        else changed. ``may_go_on``: the text may yet close what it has left open. The first
        ``skipped`` characters after the cursor do not count.
        """
        document, offset = self.cursor.document, self.cursor.offset + skipped
        now = document.text[offset : offset + BEHIND + MOST_CLOSED]
        for over in range(reach + 1):
            for added in range(MOST_CLOSED + 1):
                if now[added : added + BEHIND - over] == self.stood[over:] and self._is_closed(
                    now[:added], self.stood[:over], may_go_on
                ):
                    return added - over
        return None

    def _is_closed(self, added: str, over: str, may_go_on: bool) -> bool:
        """Does the text later close what the editor added, and did it close what was typed over?"""
        if not added and not over:
            return True
        line = _line_before(Cursor(self.cursor.document, self.begun.offset))
        start, at = len(line), len(line) + len(self.typed)
        pairs = _pairs(line + self.text)
        ahead = [
            pair
            for pair in pairs
            if start <= pair.start < at < pair.end and (may_go_on or pair.is_closed)
        ]
        ahead.sort(key=lambda pair: pair.start, reverse=True)
        done = [pair for pair in pairs if pair.end <= at and _is_before(pair, start)]
        done.sort(key=lambda pair: pair.end)
        return _is_in(added, "".join(pair.closer for pair in ahead)) and "".join(
            pair.closer for pair in done
        ).startswith(over)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Brackets or quotes from ``start``, -1 if that is before the text, to just after ``closer``.

    An unclosed pair ends beyond the text.
    """

    start: int
    end: int
    closer: str
    is_closed: bool = True


def _pairs(text: str) -> list[_Pair]:
    """All brackets and quotes in a text, as far as can be told without knowing its language.

    Includes those in strings, which can hold code: editors auto-close brackets there too. So this
    is not ``lexical.brackets``, which knows the language and leaves strings out.
    """
    pairs: list[_Pair] = []
    opened: list[tuple[int, str]] = []
    never = len(text) + 1
    at = 0
    while at < len(text):
        char, size = text[at], 1
        if char == "\\":
            size = 2
        elif char in _CLOSERS:
            opened.append((at, _CLOSERS[char]))
        elif char in _CLOSERS.values():
            is_known = bool(opened) and opened[-1][1] == char
            pairs.append(_Pair(opened.pop()[0] if is_known else -1, at + 1, char))
        elif char in _QUOTES:
            quote = char * 3 if text.startswith(char * 3, at) else char
            size = len(quote)
            if end := _string_end(text, at + size, quote):
                pairs.append(_Pair(at, end, quote))
                pairs += _within(text[at + size : end - size], at + size)
                size = end - at
            else:  # an apostrophe does not hide what follows it
                pairs.append(_Pair(at, never, quote, is_closed=False))
        at += size
    return pairs + [_Pair(start, never, closer, is_closed=False) for start, closer in opened]


def _within(string: str, at: int) -> list[_Pair]:
    """The complete pairs in a string's text, which begins at ``at``."""
    whole = (pair for pair in _pairs(string) if pair.start >= 0 and pair.is_closed)
    return [_Pair(pair.start + at, pair.end + at, pair.closer) for pair in whole]


def _string_end(text: str, at: int, quote: str) -> int:
    """The offset just after the quote that ends a string; 0 if none does."""
    while at < len(text) and (text[at] != "\n" or len(quote) > 1 or quote == "`"):
        if text.startswith(quote, at):
            return at + len(quote)
        at += 2 if text[at] == "\\" else 1
    return 0


def _is_before(pair: _Pair, start: int) -> bool:
    """Does a pair open before ``start`` and close after it?"""
    return pair.is_closed and pair.start < start < pair.end


def _is_in(some: str, all_of_it: str) -> bool:
    """Is ``some`` a subsequence of ``all_of_it``?"""
    left = iter(all_of_it)
    return all(char in left for char in some)
