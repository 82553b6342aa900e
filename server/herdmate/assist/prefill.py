"""Evaluating a prompt before it is needed, when nothing else is to be done."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

from herdmate.assist.companion import Companion
from herdmate.assist.complete import typing_request
from herdmate.assist.explain import explanation_of
from herdmate.assist.gate import gate_at, sound
from herdmate.assist.postprocess import Shown, finish, is_whole
from herdmate.assist.trigger import IN_A_WORD, silence_reason, wants_multiline
from herdmate.assist.withheld import reason_to_withhold
from herdmate.generation import Priority, Request
from herdmate.prompting.library import Action
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Edit, Selection, Span, supposing


async def prefill(cursor: Cursor, companion: Companion, settings: CompletionSettings) -> None:
    """Evaluate what a completion at the cursor would be asked with, exactly, and say nothing.

    What was only moved into its place while the user typed is evaluated again. Where ghost text is
    shown, what follows it is prepared instead, so that it is there once that is accepted. Anything
    else that is asked goes first. Raises ``HerdmateError`` when there is no model.
    """
    if not settings.enabled or not settings.prefill:
        return
    if reason_to_withhold(cursor.document, companion.ignored):
        return
    if shown := companion.cache.get(cursor):
        span = Span(cursor.offset, cursor.offset + shown.reach)
        accepted = supposing(cursor.document, Edit(span, shown.text))
        await _go_on(accepted, companion, settings)
        return
    # From within a word the cursor soon gets to where something is offered.
    if silence_reason(cursor, invoked=False) not in (None, IN_A_WORD):
        return
    request = await typing_request(cursor, companion, settings, nobody_types=True)
    await _evaluate(replace(request, exact=True), companion)


async def prefill_explanation(selection: Selection, action: Action, companion: Companion) -> None:
    """Evaluate what an explanation of the selection would be asked with, and say nothing.

    Raises ``HerdmateError`` where it cannot be asked for.
    """
    question = await explanation_of(selection, action, companion)
    await _evaluate(question.request, companion)


async def _evaluate(request: Request, companion: Companion) -> None:
    ahead = replace(request, max_tokens=0, priority=Priority.BACKGROUND)
    async with aclosing(companion.generate(ahead)) as events:
        async for _ in events:
            pass


async def _go_on(cursor: Cursor, companion: Companion, settings: CompletionSettings) -> None:
    """Put what would be shown at the cursor into the cache."""
    if companion.cache.get(cursor) or silence_reason(cursor, invoked=False):
        return
    multiline, gate = wants_multiline(cursor, settings.multiline), gate_at(cursor)
    request = await typing_request(cursor, companion, settings)
    raw = await companion.answer(
        replace(request, priority=Priority.BACKGROUND),
        lambda said: is_whole(said, cursor, multiline),
    )
    shown = sound(finish(raw, cursor, multiline) or Shown(""), gate)
    if shown.text:
        companion.cache.put(cursor, shown)
