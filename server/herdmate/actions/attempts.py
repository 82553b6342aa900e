"""Two attempts: the model gets one chance to correct a refused reply; if it changed nothing even
though something must change, the same question is asked again with some randomness.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from typing import TypeVar

from herdmate.actions.question import Question, asked_on
from herdmate.control_tags import restored
from herdmate.engine.host import EngineHost
from herdmate.errors import RefusedError, UnchangedError
from herdmate.generation import Finished, Request, Sampling
from herdmate.prompting.words import say

_T = TypeVar("_T")

_OTHERWISE = Sampling(temperature=0.6, seed=1)
"""A model that overlooks a problem in its likeliest answer may see it in another."""


async def attempted(
    question: Question, host: EngineHost, take: Callable[[str, bool], _T],
    on_progress: Callable[[int], None] = lambda _: None, must_change: bool = False,
) -> _T:  # fmt: skip
    """What ``take`` makes of the reply, or of a second one if it refuses the first.

    ``take`` receives the reply and whether the model ended it on its own; ``on_progress`` receives
    the number of tokens generated so far. ``must_change``: leaving the code as it is would be
    wrong, so the same question is then asked again with some randomness. Raises ``RefusedError``
    if the second reply is refused too, or if asking again would not help.
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
        told = "The model was told what was wrong but did not correct it."
        raise RefusedError(f"{refusal} {told}") from refusal


async def _again(
    question: Question, reply: str, refusal: RefusedError, host: EngineHost, must_change: bool
) -> Question | None:
    """The second question; ``None`` if asking again would not help."""
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
