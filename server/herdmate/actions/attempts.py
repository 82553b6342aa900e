"""Two tries: what was wrong with a reply is told to the model once, and where it changes nothing
though something is to be changed, it is asked in another way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from typing import TypeVar

from herdmate.actions.question import Question, asked_on
from herdmate.engine.host import EngineHost
from herdmate.errors import RefusedError, UnchangedError
from herdmate.generation import Finished, Request, Sampling
from herdmate.prompting.families import restored
from herdmate.prompting.words import say

_T = TypeVar("_T")

_OTHERWISE = Sampling(temperature=0.6, seed=1)
"""A model that sees nothing wrong where something is gives other answers beside its likeliest."""


async def attempted(
    question: Question, host: EngineHost, take: Callable[[str, bool], _T],
    on_progress: Callable[[int], None] = lambda _: None, must_change: bool = False,
) -> _T:  # fmt: skip
    """What ``take`` makes of the reply, or of the second one where it refuses the first.

    ``take`` is given the reply, and whether the model came to its end by itself; ``on_progress`` is
    told the tokens generated so far. ``must_change``: to leave the code as it is is wrong, and then
    the same is asked again with some chance in the choice of tokens. Raises ``RefusedError`` when
    the second is refused too.
    """
    counter = count(1)

    def on_token() -> None:
        on_progress(next(counter))

    reply, finished = await _reply(question.request, host, on_token)
    try:
        return take(question.reply_start + restored(reply), finished)
    except RefusedError as refusal:
        again = await _again(question, reply, refusal, host, must_change)
        if again is None:
            raise
    reply, finished = await _reply(again.request, host, on_token)
    try:
        return take(again.reply_start + restored(reply), finished)
    except RefusedError as refusal:
        if again.turns == question.turns:
            raise
        told = "The model was told what was wrong and did not mend it."
        raise RefusedError(f"{refusal} {told}") from refusal


async def _again(
    question: Question, reply: str, refusal: RefusedError, host: EngineHost, must_change: bool
) -> Question | None:
    """The second question; ``None`` where it would be of no use."""
    if isinstance(refusal, UnchangedError) and must_change:
        return replace(question, request=replace(question.request, sampling=_OTHERWISE))
    said = say("repair", refusal.repair, refusal.values) if refusal.repair else ""
    return await asked_on(question, reply, said, host) if said else None


async def _reply(
    request: Request, host: EngineHost, on_token: Callable[[], None]
) -> tuple[str, bool]:
    text, finished = "", False
    async with aclosing(host.generate(request)) as events:
        async for event in events:
            if isinstance(event, Finished):
                finished = event.reason in ("end", "stop")
            else:
                text += event.text
                on_token()
    return text, finished
