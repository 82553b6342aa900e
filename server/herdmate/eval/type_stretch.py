"""A person who types a stretch of code and accepts suggestions that say what comes next."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from herdmate.eval.scores import Answer
from herdmate.lsp.typist import keystrokes

_FIRST_WORD = re.compile(r"\W*\w+")
_LINE_END = re.compile(r"\n")
_INDENT = re.compile(r"(?<=\n)[ \t]+")
_LONGEST_KEY = 512
"""Characters of text that are searched for the next key; only Return with an indent is long."""

_THOUGHT = 0.3
"""Seconds. In a pause this long a server may find something to do, so it is always waited for."""
_STEP = 0.05
"""Seconds between checks whether the server is still working."""


class Writer(Protocol):
    """An editor with a document in which suggestions are shown."""

    def press(self, text: str) -> None:
        """Type a key, or insert an accepted suggestion."""

    async def suggestion(self, shown: str) -> str | None:
        """What to show at the cursor where ``shown`` is left of an earlier suggestion."""

    async def grown(self, shown: str) -> str:
        """What was ``shown``, with what has been added to it since."""

    def leave(self) -> None:
        """Close the document."""


class Clock:
    """The running event loop's clock, advanced past time in which nothing happens.

    Everything in this process that goes by that clock sees the same time.
    """

    def __init__(self, is_busy: Callable[[], bool] = lambda: False) -> None:
        """``is_busy``: is an answer being generated, which must not lose that time?"""
        self._is_busy, self._skipped = is_busy, 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        loop.time = lambda: real() + self._skipped  # type: ignore[method-assign]

    async def let_pass(self, seconds: float, slept: float) -> None:
        """Let time pass, really for the first ``slept`` seconds and while an answer is written."""
        slept = min(seconds, slept)
        await asyncio.sleep(slept)
        seconds -= slept
        while seconds > 0 and self._is_busy():
            await asyncio.sleep(part := min(seconds, _STEP))
            seconds -= part
        self._skipped += seconds
        await asyncio.sleep(0)


@dataclass(slots=True)
class Typed:
    """What became of one stretch.

    ``characters`` have been typed or accepted; a line ending and the indent after it count as one.
    ``taken`` of them came from suggestions, for ``presses`` of the accepting key. ``shown`` counts
    new suggestions, of which ``wrong`` did not say what comes next. ``late`` of the ``requests``
    were not answered before the next key. ``seconds`` are from a key to a new suggestion.
    """

    characters: int = 0
    taken: int = 0
    presses: int = 0
    shown: int = 0
    wrong: int = 0
    requests: int = 0
    late: int = 0
    seconds: list[float] = field(default_factory=list)


async def type_stretch(
    text: str, gaps: Sequence[float], writer: Writer, clock: Clock, slower: float = 1.0
) -> Typed:
    """Type ``text``; each key follows the previous one after its gap, whether answered or not.

    All gaps are ``slower`` times as long as given.

    Only an answer that arrives before the next key is shown. If it says what comes next, the next
    key is the accepting one. Before the first key the person has waited for one answer, which is
    not counted. Raises ``HerdmateError`` if the model cannot be asked.
    """
    typed, at, shown = Typed(), 0, ""
    await writer.suggestion("")
    while at < len(text):
        if count := right_part(shown, text[at:]):
            written, shown = text[at : at + count], shown[count:]
            typed.taken += _characters(written)
            typed.presses += 1
        else:
            written = keystrokes(text[at : at + _LONGEST_KEY])[0]
            shown = shown[len(written) :] if shown.startswith(written) else ""
        typed.characters += _characters(written)
        at += len(written)
        writer.press(written)
        answer = await _answer(writer, shown, gaps[at - 1], slower, clock)
        typed.requests += 1
        if answer is None:
            typed.late += 1
            continue
        new = answer.text or ""
        if new and not _is_the_same(new, shown):
            typed.shown += 1
            typed.wrong += not right_part(new, text[at:])
            typed.seconds.append(answer.seconds)
        shown = await writer.grown(new) if new else ""
    return typed


def right_part(shown: str, coming: str) -> int:
    """How many characters of a suggestion a person would accept who wants to type ``coming``.

    All of it, else as many whole lines as are right, else the first word with what precedes it; 0
    if that is wrong too. Half a word is wrong.
    """
    lines = [found.start() for found in _LINE_END.finditer(shown) if shown[: found.start()].strip()]
    for end in (len(shown), *reversed(lines)):
        is_whole = end == len(shown) or coming[end : end + 1] in ("", "\n")
        if is_whole and _says(shown[:end], coming):
            return end
    word = _FIRST_WORD.match(shown)
    return word.end() if word and _says(word.group(), coming) else 0


def _says(shown: str, coming: str) -> bool:
    """Is this what comes next, up to the end of a word?"""
    if not shown.strip() or not coming.startswith(shown):
        return False
    return not (_is_word(shown[-1]) and _is_word(coming[len(shown) : len(shown) + 1]))


def _characters(text: str) -> int:
    """How many characters a person types; editors insert the indent after a line ending."""
    return len(_INDENT.sub("", text))


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _is_the_same(new: str, shown: str) -> bool:
    """Is this what was already shown, or more or less of it?"""
    return bool(shown) and (new.startswith(shown) or shown.startswith(new))


async def _answer(
    writer: Writer, shown: str, gap: float, slower: float, clock: Clock
) -> Answer | None:
    """The answer to a key and how long it took; ``None`` if the next key came first."""
    now = asyncio.get_running_loop().time
    began = now()
    asking = asyncio.ensure_future(writer.suggestion(shown))
    try:
        await asyncio.wait({asking}, timeout=gap * slower)
    finally:
        is_late = asking.cancel()  # no effect on one that has arrived
    if is_late:
        return None
    seconds = now() - began
    left = max(gap * slower - seconds, 0.0)
    await clock.let_pass(left, slept=gap if gap >= _THOUGHT else 0.0)
    return Answer(asking.result(), seconds)
