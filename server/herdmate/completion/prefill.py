"""Evaluating a prompt before it is needed, while the engine is idle."""

from __future__ import annotations

from dataclasses import replace

from herdmate.completion.complete import typing_request
from herdmate.completion.confidence import marked
from herdmate.completion.cursor_context import cursor_context
from herdmate.completion.postprocess import Shown, finish, is_whole
from herdmate.completion.silence_reasons import SilenceReason
from herdmate.completion.state import CompletionState
from herdmate.completion.syntax_check import sound, syntax_check_at
from herdmate.completion.token_limits import most_while_typing
from herdmate.completion.trigger import shape_at, silence_reason
from herdmate.completion.unfinished import Unfinished
from herdmate.context.withheld import reason_to_withhold
from herdmate.generation import Finished, Piece, Priority
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Edit, Span, supposing


async def prefill(cursor: Cursor, state: CompletionState, settings: CompletionSettings) -> None:
    """Evaluate the exact prompt of a completion at the cursor, without asking for one.

    A suffix that was only reused while the user typed is evaluated again. If ghost text is shown,
    the completion that would follow it is prepared instead, to be ready when the user accepts.
    Every other request takes precedence. Raises ``HerdmateError`` if there is no model.
    """
    if not settings.enabled or not settings.prefill:
        return
    if reason_to_withhold(cursor.document, state.project.withheld):
        return
    if shown := state.cache.sure(cursor, settings.confidence):
        span = Span(cursor.offset, cursor.offset + shown.reach)
        accepted = supposing(cursor.document, Edit(span, shown.text))
        await _go_on(accepted, state, settings)
        return
    # A cursor inside a word will soon be at its end, where something is offered.
    if silence_reason(cursor, invoked=False) not in (None, SilenceReason.INSIDE_WORD):
        return
    request = await typing_request(cursor, state, settings, nobody_types=True)
    await state.host.evaluate(replace(request, exact=True))


async def _go_on(cursor: Cursor, state: CompletionState, settings: CompletionSettings) -> None:
    """Cache the completion that would be shown at the cursor."""
    if state.cache.get(cursor) or silence_reason(cursor, invoked=False):
        return
    shape, check = shape_at(cursor, settings.multiline), syntax_check_at(cursor)
    roomy = replace(settings, max_tokens=most_while_typing(settings, state.host.latency))
    request = await typing_request(cursor, state, roomy, nobody_types=True)
    context = cursor_context(cursor)
    pieces: list[Piece] = []
    ends: list[Finished] = []
    raw = await state.host.answer(
        replace(request, priority=Priority.BACKGROUND),
        lambda said: is_whole(said, cursor, shape, context),
        pieces.append,
        ends.append,
    )
    said = marked(finish(raw, cursor, shape, context) or Shown(""), pieces)
    shown = await sound(said, check)
    if shown.text:
        is_cut = any(end.reason == "length" for end in ends)
        state.cache.put(cursor, shown, Unfinished(raw, tuple(pieces)) if is_cut else None)
