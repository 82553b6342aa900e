"""Ghost text: what the model would write at the cursor."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace

from herdmate.assist.companion import Companion
from herdmate.assist.ongoing import Ongoing
from herdmate.assist.postprocess import finish, is_whole
from herdmate.assist.trigger import silence_reason, wants_multiline
from herdmate.context.window import Window, gather, reach
from herdmate.generation import ModelInfo, Piece, Priority, Prompt, Request
from herdmate.prompting.families import Family, can_infill, continue_prompt, infill_prompt
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Span

_MARGIN_TOKENS = 16
"""Control pieces, and what lines cost more together than apart."""


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
) -> tuple[Completion, ...] | Silence:
    """What to show at the cursor, best first. ``invoked``: the user asked, so there is no delay.

    Raises ``HerdmateError`` when the model cannot be asked.
    """
    if not settings.enabled and not invoked:
        return Silence("switched off by herdmate.completion.enabled")
    several = invoked and settings.alternatives > 1
    if not several and (text := companion.cache.get(cursor)):
        return _here([text], cursor)
    if reason := silence_reason(cursor, invoked):
        return Silence(reason)
    multiline = wants_multiline(cursor, settings.multiline)
    box = 0.0 if invoked else settings.time_box / 1000
    ongoing = companion.ongoing.get(cursor.document.uri)
    if ongoing is not None:
        follows = not several and ongoing.agrees(cursor)
        if text := await ongoing.follow(cursor, box, invoked) if follows else "":
            return _here([text], cursor)
        ongoing.stop()
    if not invoked:
        await asyncio.sleep(settings.delay / 1000)
    request = await typing_request(cursor, companion, settings)
    if several:
        found = await _alternatives(request, cursor, multiline, companion, settings.alternatives)
        return _here(found, cursor) if found else _NOTHING
    ongoing = Ongoing(cursor, multiline, companion.cache.put).start(request, companion)
    companion.ongoing[cursor.document.uri] = ongoing
    text = await ongoing.follow(cursor, box, invoked)
    return _here([text], cursor) if text else _NOTHING


async def typing_request(
    cursor: Cursor, companion: Companion, settings: CompletionSettings
) -> Request:
    """The generation of a completion at the cursor, whose window fits into the context."""
    info, family = await companion.model()
    budget = _budget(info, settings)
    await companion.counts.learn(reach(cursor, *budget))
    window = gather(cursor, *budget, companion.counts.cost)
    return Request(
        prompt=_prompt(window, family),
        lane=f"type {cursor.document.uri}",
        max_tokens=min(settings.max_tokens, info.context // 2),
        priority=Priority.TYPING,
        exact=not settings.reuse_suffix,
    )


_NOTHING = Silence("the model had nothing useful to add")


def _budget(info: ModelInfo, settings: CompletionSettings) -> tuple[int, int]:
    """Tokens of prefix and suffix: those wished for, or as many in proportion as fit."""
    wished = settings.prefix_tokens + settings.suffix_tokens
    room = info.context - min(settings.max_tokens, info.context // 2) - _MARGIN_TOKENS
    if wished <= room:
        return settings.prefix_tokens, settings.suffix_tokens
    share = max(room, 0) / max(wished, 1)
    return int(settings.prefix_tokens * share), int(settings.suffix_tokens * share)


async def _alternatives(
    request: Request, cursor: Cursor, multiline: bool, companion: Companion, count: int
) -> list[str]:
    """Different completions, best first; the model stops when all are whole."""
    raw = [""] * count
    async with aclosing(companion.generate(replace(request, alternatives=count))) as events:
        async for event in events:
            if isinstance(event, Piece):
                raw[event.index] += event.text
                if all(is_whole(text, cursor, multiline) for text in raw):
                    break
    found = [finish(text, cursor, multiline) for text in raw]
    texts = list(dict.fromkeys(text for text in found if text))
    if texts:
        companion.cache.put(cursor, texts[0])
    return texts


def _prompt(window: Window, family: Family) -> Prompt:
    if can_infill(family):
        return infill_prompt(family, window.prefix, window.suffix)
    return continue_prompt(family, window.prefix)


def _here(texts: list[str], cursor: Cursor) -> tuple[Completion, ...]:
    return tuple(Completion(text, Span(cursor.offset, cursor.offset)) for text in texts)
