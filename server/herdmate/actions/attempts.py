"""Attempts at a reply that can be used: the model gets one chance to correct a refused one; if that
fails too, it is asked again with some randomness. If it changed nothing even though something must
change, its second choices are tried first.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TypeVar

from herdmate.actions.question import Question, asked_on
from herdmate.actions.repetition import goes_round
from herdmate.actions.second_choices import second_choices
from herdmate.control_tags import restored
from herdmate.engine.host import EngineHost
from herdmate.errors import RefusedError, UnchangedError
from herdmate.generation import Finished, Piece, Sampling
from herdmate.prompting.words import say

_T = TypeVar("_T")

_log = logging.getLogger(__name__)

_MOST_LOGGED, _LONGEST_LOGGED = 500, 500
"""Lines of a refused reply, and characters of a line."""

_OTHERWISE = Sampling(temperature=0.6)
"""A model that overlooks a problem in its likeliest answer may see it in another."""

_LONGEST_WAIT = 60.0
"""Seconds after which nothing more is begun that the user might not have to wait for."""

_LEAST_FOR_CHOICES, _SHARE_FOR_CHOICES = 3.0, 1.5
"""Seconds for looking at second choices, and the same relative to the first reply's."""


_CIRCLE = (
    "The model went on repeating itself, so its answer is not used; select a smaller part or use a "
    "larger model."
)


async def attempted(
    question: Question, host: EngineHost, take: Callable[[str, bool], _T],
    on_progress: Callable[[int], None] = lambda _: None, must_change: bool = False,
    language: str = "", seed: int = 1,
) -> _T:  # fmt: skip
    """What ``take`` makes of the reply, or of a later one if it refuses the first.

    ``take`` receives the reply and whether the model ended it on its own; ``on_progress`` receives
    the number of tokens generated so far. ``must_change``: leaving the code as it is would be
    wrong. ``language`` is that of the code in the reply, if a choice of other lines makes sense.
    Another ``seed`` may bring another answer in the end. Raises ``RefusedError`` if later replies
    are refused too, or if asking again would not help.
    """
    tokens = 0

    def on_tokens(more: int) -> None:
        nonlocal tokens
        tokens += more
        on_progress(tokens)

    begun = time.monotonic()
    question = replace(question, request=replace(question.request, logprobs=must_change))
    said, finished = await _reply(question, host, on_tokens)
    reply = _text(said)
    try:
        return _taken(take, question, reply, finished)
    except UnchangedError:
        if not must_change:
            raise
    except RefusedError as refusal:
        return await _corrected(question, reply, refusal, host, take, on_tokens, begun, seed)
    seconds = max(_LEAST_FOR_CHOICES, _SHARE_FOR_CHOICES * (time.monotonic() - begun))
    choices = second_choices(question, said, language, host, on_tokens, seconds)
    async with aclosing(choices):
        async for other in choices:
            with suppress(RefusedError):
                return _taken(take, question, other, True)
    return await _otherwise(question, host, take, on_tokens, seed)


def _taken(take: Callable[[str, bool], _T], question: Question, reply: str, finished: bool) -> _T:
    """What is made of a reply; one that is refused is logged, for those who want to see it."""
    whole = _whole(question, reply)
    try:
        return take(whole, finished)
    except UnchangedError:
        raise
    except RefusedError as refusal:
        _log.debug("This answer is refused: %s", refusal)
        for line in whole.splitlines()[:_MOST_LOGGED]:
            _log.debug("| %s", line[:_LONGEST_LOGGED])
        raise


def _whole(question: Question, reply: str) -> str:
    """A reply with its start, and with the tags in it that were kept out of the question."""
    return question.reply_start + restored(reply, question.request.prompt.tags)


async def _corrected(
    question: Question, reply: str, refusal: RefusedError, host: EngineHost,
    take: Callable[[str, bool], _T], on_tokens: Callable[[int], None], begun: float, seed: int,
) -> _T:  # fmt: skip
    """The second attempt, in which the model is told what was wrong, or the third, if it is soon.

    Raises the first refusal if asking again would not help.
    """
    is_circle = goes_round(reply, _asked(question))
    said = say("repair", refusal.repair, refusal.values) if refusal.repair else ""
    again = await asked_on(question, reply, said, host) if said and not is_circle else None
    if again is None:
        if not is_circle:
            raise refusal
        if time.monotonic() - begun < _LONGEST_WAIT:
            with suppress(RefusedError):
                return await _otherwise(question, host, take, on_tokens, seed)
        raise RefusedError(_CIRCLE) from refusal
    pieces, finished = await _reply(again, host, on_tokens)
    try:
        return _taken(take, again, _text(pieces), finished)
    except RefusedError as second:
        if time.monotonic() - begun < _LONGEST_WAIT:
            with suppress(RefusedError):
                return await _otherwise(question, host, take, on_tokens, seed)
        told = "The model was told what was wrong but did not correct it."
        raise RefusedError(f"{second} {told}") from second


async def _otherwise(
    question: Question, host: EngineHost, take: Callable[[str, bool], _T],
    on_tokens: Callable[[int], None], seed: int,
) -> _T:  # fmt: skip
    """The same question again, with some randomness."""
    request = replace(question.request, sampling=replace(_OTHERWISE, seed=seed))
    said, finished = await _reply(replace(question, request=request), host, on_tokens)
    return _taken(take, question, _text(said), finished)


def _asked(question: Question) -> str:
    """What was asked last, whose code an answer may repeat."""
    return question.turns[-1].text


def _text(said: list[Piece]) -> str:
    return "".join(piece.text for piece in said)


async def _reply(
    question: Question, host: EngineHost, on_tokens: Callable[[int], None]
) -> tuple[list[Piece], bool]:
    """The pieces of a reply, up to where it goes round in circles; did the model end it itself?"""
    said: list[Piece] = []
    text = ""
    finished = False
    async with aclosing(host.generate(question.request)) as events:
        async for event in events:
            if isinstance(event, Finished):
                finished = event.reason in ("end", "stop")
            else:
                said.append(event)
                on_tokens(event.tokens)
                text += event.text
                if goes_round(text, _asked(question)):
                    break
    return said, finished
