"""Ghost text: what the model would write at the cursor."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

from herdmate.completion.alternatives import alternatives
from herdmate.completion.asker import Asking
from herdmate.completion.confidence import confidence
from herdmate.completion.in_flight import InFlight
from herdmate.completion.postprocess import Shown
from herdmate.completion.shape import Shape
from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.completion.state import CompletionState
from herdmate.completion.syntax_check import syntax_check_at
from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.completion.telling_name import telling_name
from herdmate.completion.token_limits import most_if_asked, most_while_typing
from herdmate.completion.trigger import (
    ends_in_word,
    is_switched_off,
    scope_off,
    shape_at,
    silence_reason,
)
from herdmate.completion.unfinished import Unfinished
from herdmate.completion.wider import wider
from herdmate.completion.window_size import budget, room_for_prompt
from herdmate.context.languages import as_comment, comment_mark, language_name
from herdmate.context.window import Window, fitting, gather, lines_in_reach
from herdmate.context.withheld import reason_to_withhold, without_secrets_soon
from herdmate.engine.latency import delay
from herdmate.generation import Priority, Prompt, Request
from herdmate.prompting.families import (
    Family,
    Others,
    can_infill,
    continue_prompt,
    family_of,
    infill_prompt,
)
from herdmate.settings import CompletionSettings
from herdmate.text import BYTE_ORDER_MARK, Cursor, Span
from herdmate.token_counts import TokenCounts

_OTHERS = 3
"""How many answers are tried if an explicit request would show nothing."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Text that replaces ``span``, which is empty or on the cursor's line.

    ``is_cached``: it comes from an earlier answer; the model was not asked. ``confidence`` is the
    probability of the first line, ``None`` if it is not known.
    """

    text: str
    span: Span
    is_cached: bool = False
    confidence: float | None = field(default=None, compare=False)


async def complete(
    cursor: Cursor, state: CompletionState, settings: CompletionSettings, invoked: bool,
    asking: Asking = nullcontext, grows: bool = False,
) -> tuple[Completion, ...] | Silence:  # fmt: skip
    """What to show at the cursor, best first. ``invoked``: the user asked, so there is no delay.

    ``asking`` is entered only while the model is working. ``grows``: complete lines are shown at
    once, as the client can be told of more. Raises ``HerdmateError`` if no model can be asked.
    """
    if silence := _forbidden(cursor, state, settings, invoked, is_parsed=True):
        return silence
    is_shown = invoked and state.cache.sure(cursor, settings.confidence) is not None
    again, room = (state.cache.note_asked(cursor), most_if_asked(settings)) if invoked else (0, 0)
    known, begun = _cached(cursor, state, settings, invoked)
    if isinstance(known, tuple) and (again or is_shown):
        return await _with_others(known, cursor, state, settings, asking)
    if known:
        return known
    if reason := silence_reason(cursor, invoked):
        return Silence(reason)
    shape, box = shape_at(cursor, settings.multiline, invoked), _box(settings, invoked, grows)
    place = Place(cursor, shape, syntax_check_at(cursor, invoked))
    if (running := state.in_flight.get(cursor.document.uri)) is not None:
        if found := await _followed(running, cursor, state, box, room):
            return found
        running.stop()
    if not invoked:
        await asyncio.sleep(_delay(cursor, state, settings))
    asked_at = asyncio.get_running_loop().time()
    request = await typing_request(cursor, state, _roomy(settings) if invoked else settings)
    if silence := _forbidden(cursor, state, settings, invoked):
        return silence
    state.cache.forget_seen(is_asked=invoked)
    running = started(request, place, state, settings, asking, begun)
    found = await _followed(running, cursor, state, box, room)
    state.host.latency.note_answer(asyncio.get_running_loop().time() - asked_at)
    if found:
        return found
    other = await _other(running, request, place, state, settings, asking) if invoked else ()
    return other or running.silence()


async def _with_others(
    known: tuple[Completion, ...], cursor: Cursor, state: CompletionState,
    settings: CompletionSettings, asking: Asking,
) -> tuple[Completion, ...] | Silence:  # fmt: skip
    """What is shown already, followed by others to choose from."""
    if settings.alternatives == 1 or silence_reason(cursor, invoked=True):
        return known
    shape, check = shape_at(cursor, settings.multiline, True), syntax_check_at(cursor, True)
    if (running := state.in_flight.get(cursor.document.uri)) is not None:
        running.stop()
    request = await typing_request(cursor, state, settings)
    if silence := _forbidden(cursor, state, settings, invoked=True):
        return silence
    wanted = replace(request, alternatives=settings.alternatives)
    found = await alternatives(wanted, cursor, shape, check, state.host, asking)
    return known + _here([it for it in found if not known[0].text.startswith(it.text)], cursor)


async def _other(
    running: InFlight, request: Request, place: Place, state: CompletionState,
    settings: CompletionSettings, asking: Asking,
) -> tuple[Completion, ...]:  # fmt: skip
    """For a user who asked, if nothing is left of the answer: more of it, or the best of others."""
    if running.was_stopped:
        return ()
    cursor, shape, check, host = place.cursor, place.shape, place.check, state.host
    found = [await wider(running, request, cursor, check, host, asking)]
    if not found[0].text:
        most = min(settings.max_tokens, request.max_tokens)
        wanted = replace(request, max_tokens=most, alternatives=_OTHERS)
        found = await alternatives(wanted, cursor, shape, check, host, asking)
    if found:
        state.cache.put(cursor, found[0])
    return _here(found[:1], cursor)


def _delay(cursor: Cursor, state: CompletionState, settings: CompletionSettings) -> float:
    """Seconds to wait for the next key, which cancels the request."""
    return delay(state.host.latency, settings.delay / 1000, ends_in_word(cursor))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a completion goes, and what it can be there."""

    cursor: Cursor
    shape: Shape
    check: SyntaxCheck | None


def started(
    request: Request, place: Place, state: CompletionState, settings: CompletionSettings,
    asking: Asking, begun: Unfinished | None,
) -> InFlight:  # fmt: skip
    """A new generation; what it gives is cached."""
    most, level = partial(most_while_typing, settings, state.host.latency), settings.confidence
    cursor, shape, check = place.cursor, place.shape, place.check
    running = InFlight(cursor, shape, check, state.cache.put, asking, level, most, begun)
    state.in_flight[cursor.document.uri] = running.start(request, state.host)
    return running


def _cached(
    cursor: Cursor, state: CompletionState, settings: CompletionSettings, invoked: bool
) -> tuple[tuple[Completion, ...] | Silence | None, Unfinished | None]:
    """What is left of an earlier answer, as far as the model was sure of it; or what the user now
    wants to have finished of it."""
    if (shown := state.cache.get(cursor)) is None:
        return None, None
    if invoked and (cut := state.cache.cut(cursor)):
        return None, cut
    sure = shown if invoked else state.cache.sure(cursor, settings.confidence)
    return (_here([sure], cursor, is_cached=True) if sure else _DOUBTFUL), None


async def _followed(
    running: InFlight, cursor: Cursor, state: CompletionState, box: float | None, room: int
) -> tuple[Completion, ...] | Silence | None:
    """``room``: the tokens that it may have if the user asked for it, else 0.

    ``None`` if the model has to be asked again.
    """
    if not running.agrees(cursor):
        return None
    running.allow(room)
    is_seen = state.cache.is_seen(cursor, running.begun_at)
    shown = await running.follow(cursor, box, stops_at_once=room > 0, is_seen=is_seen)
    if shown is not None:
        return _here([shown], cursor)
    return running.silence() if running.is_doubtful and not running.was_stopped else None


def _box(settings: CompletionSettings, invoked: bool, grows: bool) -> float | None:
    """Seconds to wait for the whole suggestion before its first lines are shown."""
    if not settings.time_box or (invoked and not grows):
        return None
    return 0.0 if grows else settings.time_box / 1000


def _forbidden(
    cursor: Cursor, state: CompletionState, settings: CompletionSettings, invoked: bool,
    is_parsed: bool = False,
) -> Silence | None:  # fmt: skip
    """Why nothing may be shown in this document, regardless of its text.

    ``is_parsed``: no edit has moved its tree on, so it tells which scope the cursor is in.
    """
    if not settings.enabled and not invoked:
        return Silence(SilenceReason.DISABLED)
    where = settings.disabled_in
    if not invoked and is_switched_off(cursor.document, where, state.project.folders):
        return Silence(SilenceReason.DISABLED_HERE)
    if not invoked and is_parsed and scope_off(cursor, settings.scopes):
        return Silence(SilenceReason.SCOPE_OFF)
    if withheld := reason_to_withhold(cursor.document, state.project.withheld):
        return Silence(withheld.reason, withheld.detail)
    return None


def _roomy(settings: CompletionSettings) -> CompletionSettings:
    return replace(settings, max_tokens=most_if_asked(settings))


async def typing_request(
    cursor: Cursor,
    state: CompletionState,
    settings: CompletionSettings,
    nobody_types: bool = False,
) -> Request:
    """The request for a completion at the cursor, with a window that fits the context.

    Code from other files comes on top, three quarters as many tokens as the prefix if the context
    has room: what it costs to read is read once, since it stays between keystrokes.
    """
    cursor = replace(cursor, document=await without_secrets_soon(cursor.document))
    host, info = await state.model()
    family = family_of(info)
    before, after = budget(info, settings, host.latency)
    counts, project = host.counts, state.project
    room = max(room_for_prompt(info, settings) - before - after, 0)
    around = min(3 * before // 4, room) if settings.related else 0
    excerpts = await project.excerpts_for(cursor, around, counts, nobody_types)
    language = cursor.document.language
    others = Others(
        excerpts,
        project.shown_path(cursor.document.uri),
        comment_mark(language),
        language_name(language),
    )
    window = await _window(cursor, before, after, state, counts)
    return Request(
        prompt=_prompt(window, family, others),
        lane=f"type {cursor.document.uri}",
        max_tokens=min(settings.max_tokens, info.context // 2),
        priority=Priority.TYPING,
        exact=not settings.reuse_suffix,
        language=cursor.document.language,
        logprobs=True,
    )


async def _window(
    cursor: Cursor, before: int, after: int, state: CompletionState, counts: TokenCounts
) -> Window:
    """The lines around the cursor; a quarter of the prefix outlines what is cut off above it."""
    lines = lines_in_reach(cursor, before, after)
    await counts.learn(lines.texts)
    whole = fitting(lines, counts.cost)
    if not whole.start:
        return _named(whole, cursor)
    window, room = gather(cursor, before - before // 4, after, counts.cost), before // 4
    above = await state.overviews.above(cursor.document, window.start, room, counts)
    return replace(window, prefix=above + window.prefix) if above else whole


def _named(window: Window, cursor: Cursor) -> Window:
    """The window with the file's name above an empty file: only that shows what belongs there."""
    document = cursor.document
    if document.text.strip(f"{BYTE_ORDER_MARK} \t\r\n") or not (name := telling_name(document)):
        return window
    return replace(window, prefix=f"{as_comment(name, document.language)}\n{window.prefix}")


_DOUBTFUL = Silence(SilenceReason.DOUBTFUL)


def _prompt(window: Window, family: Family, others: Others) -> Prompt:
    prefix = window.prefix.removeprefix(BYTE_ORDER_MARK)
    if can_infill(family):
        return infill_prompt(family, prefix, window.suffix, others=others)
    return continue_prompt(family, prefix, others)


def _here(found: list[Shown], cursor: Cursor, is_cached: bool = False) -> tuple[Completion, ...]:
    at = cursor.offset
    return tuple(
        Completion(
            shown.text,
            Span(at, at + shown.reach),
            is_cached,
            confidence(shown),
        )
        for shown in found
    )
