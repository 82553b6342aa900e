"""Ghost text for the line below a finished one, begun before the user opens that line."""

from __future__ import annotations

from herdmate.completion.asker import Asking
from herdmate.completion.complete import Place, started, typing_request
from herdmate.completion.silence_reasons import SilenceReason
from herdmate.completion.state import CompletionState
from herdmate.completion.syntax_check import syntax_check_at
from herdmate.completion.trigger import shape_at, silence_reason
from herdmate.context.withheld import reason_to_withhold
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Edit, Span, indent_of, line_ending, supposing


async def begin_below(
    cursor: Cursor, state: CompletionState, settings: CompletionSettings, asking: Asking
) -> None:
    """After a finished statement, begin the answer that the request after Return will follow.

    Nothing happens anywhere else. Raises ``HerdmateError`` if the model cannot be asked.
    """
    if silence_reason(cursor, invoked=False) is not SilenceReason.STATEMENT_COMPLETE:
        return
    uri, below = cursor.document.uri, line_below(cursor)
    if (running := state.in_flight.get(uri)) is not None and running.agrees(below):
        return
    if state.cache.get(below) or silence_reason(below, invoked=False):
        return
    place = Place(below, shape_at(below, settings.multiline), syntax_check_at(below))
    request = await typing_request(below, state, settings)
    if reason_to_withhold(cursor.document, state.project.withheld):
        return
    if (running := state.in_flight.get(uri)) is not None:
        running.stop()
    started(request, place, state, settings, asking, None)


def line_below(cursor: Cursor) -> Cursor:
    """The cursor as it will be after Return, in an editor that keeps the line's indent."""
    opened = line_ending(cursor.document.text) + indent_of(cursor.line_prefix)
    return supposing(cursor.document, Edit(Span(cursor.offset, cursor.offset), opened))
