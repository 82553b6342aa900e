"""Ghost text: what the model would write at the cursor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from herdmate.assist.companion import Companion
from herdmate.assist.postprocess import finish, is_whole
from herdmate.assist.trigger import silence_reason, wants_multiline
from herdmate.context.window import Window, gather, reach
from herdmate.generation import Priority, Prompt, Request
from herdmate.prompting.families import Family, can_infill, continue_prompt, infill_prompt
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Span


@dataclass(frozen=True, slots=True)
class Completion:
    """Text to put in the place of ``span``, which is empty or lies on the cursor's line."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is offered, and why, in a few words."""

    reason: str


async def complete(
    cursor: Cursor, companion: Companion, settings: CompletionSettings, invoked: bool
) -> Completion | Silence:
    """What to show at the cursor. ``invoked``: the user asked, so there is no delay.

    Raises ``HerdmateError`` when the model cannot be asked.
    """
    if not settings.enabled and not invoked:
        return Silence("switched off by herdmate.completion.enabled")
    if text := companion.cache.get(cursor):
        return _here(text, cursor)
    if reason := silence_reason(cursor, invoked):
        return Silence(reason)
    multiline = wants_multiline(cursor, settings.multiline)
    if not invoked:
        await asyncio.sleep(settings.delay / 1000)
    window = await _window(cursor, companion, settings)
    _, family = await companion.model()
    answer = await companion.answer(
        _request(cursor, window, family, settings),
        lambda raw: is_whole(raw, cursor, multiline),
    )
    text = finish(answer.text, cursor, multiline)
    if not text:
        return Silence("the model had nothing useful to add")
    companion.cache.put(cursor, text)
    return _here(text, cursor)


async def _window(cursor: Cursor, companion: Companion, settings: CompletionSettings) -> Window:
    budget = settings.prefix_tokens, settings.suffix_tokens
    await companion.counts.learn(reach(cursor, *budget))
    return gather(cursor, *budget, companion.counts.cost)


def _request(
    cursor: Cursor, window: Window, family: Family, settings: CompletionSettings
) -> Request:
    return Request(
        prompt=_prompt(window, family),
        lane=f"type {cursor.document.uri}",
        max_tokens=settings.max_tokens,
        priority=Priority.TYPING,
    )


def _prompt(window: Window, family: Family) -> Prompt:
    if can_infill(family):
        return infill_prompt(family, window.prefix, window.suffix)
    return continue_prompt(family, window.prefix)


def _here(text: str, cursor: Cursor) -> Completion:
    return Completion(text, Span(cursor.offset, cursor.offset))
