"""Two tries: a reply that cannot be taken is told to the model once, with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from itertools import count
from typing import TypeVar

from herdmate.assist.ask import Question, asked_on
from herdmate.assist.companion import Companion
from herdmate.errors import RefusedError
from herdmate.generation import Finished, Request
from herdmate.prompting.families import restored
from herdmate.prompting.words import say

_T = TypeVar("_T")


async def attempted(
    question: Question, companion: Companion, take: Callable[[str, bool], _T],
    on_progress: Callable[[int], None] = lambda _: None,
) -> _T:  # fmt: skip
    """What ``take`` makes of the reply, or of the second one where it refuses the first.

    ``take`` is given the reply, and whether the model came to its end by itself; ``on_progress`` is
    told the tokens generated so far. Raises ``RefusedError`` when the second is refused too.
    """
    counter = count(1)

    def on_token() -> None:
        on_progress(next(counter))

    reply, finished = await _reply(question.request, companion, on_token)
    try:
        return take(question.reply_start + restored(reply), finished)
    except RefusedError as refusal:
        again = await _repair(question, reply, refusal, companion)
        if again is None:
            raise
    reply, finished = await _reply(again.request, companion, on_token)
    try:
        return take(again.reply_start + restored(reply), finished)
    except RefusedError as refusal:
        told = "The model was told what was wrong and did not mend it."
        raise RefusedError(f"{refusal} {told}") from refusal


async def _repair(
    question: Question, reply: str, refusal: RefusedError, companion: Companion
) -> Question | None:
    """The question that tells the model what was wrong; ``None`` where that is of no use."""
    said = say("repair", refusal.repair, refusal.values) if refusal.repair else ""
    return await asked_on(question, reply, said, companion) if said else None


async def _reply(
    request: Request, companion: Companion, on_token: Callable[[], None]
) -> tuple[str, bool]:
    text, finished = "", False
    async with aclosing(companion.generate(request)) as events:
        async for event in events:
            if isinstance(event, Finished):
                finished = event.reason in ("end", "stop")
            else:
                text += event.text
                on_token()
    return text, finished
