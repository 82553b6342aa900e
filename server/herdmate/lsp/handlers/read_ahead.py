"""When the model reads ahead: after a document is opened, the cursor rests, typing pauses, ghost
text is shown, a statement is finished, or code is selected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from lsprotocol import types

from herdmate.actions.offers import ActionOffer
from herdmate.actions.prefill import prefill_explanation
from herdmate.completion.line_below import begin_below
from herdmate.completion.prefill import prefill
from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.errors import HerdmateError
from herdmate.lsp.handlers import declarations, usage_statistics
from herdmate.lsp.handlers.pausing import is_paused
from herdmate.lsp.handlers.recent_places import after_looking
from herdmate.lsp.parsing import parsed
from herdmate.lsp.ranges import position_from_json
from herdmate.lsp.session import Session
from herdmate.lsp.state import RoleModel
from herdmate.lsp.status import thinking
from herdmate.text import Cursor, Selection

_log = logging.getLogger(__name__)

_AFTER_OPENING = 0.3
_AFTER_SHOWING = 0.5
_AFTER_SELECTING = 0.5
_AFTER_TYPING = 1.5
"""Seconds. Longer than a pause for thought: moved text is evaluated anew, and typing stops that."""

_MOST_SELECTED = 8_000
"""Characters, about 2,000 tokens."""


def after_opening(session: Session, uri: str) -> None:
    """Read a newly opened file, as far as the window reaches."""
    if (opened := session.documents.find(uri)) is not None:
        _soon(session, uri, len(opened.document.text), _AFTER_OPENING)


def after_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Read at the end of the last change, once typing pauses."""
    uri = params.text_document.uri
    changes = params.content_changes
    if (opened := session.documents.find(uri)) is None or not changes:
        return
    if isinstance(last := changes[-1], types.TextDocumentContentChangePartial):
        offset = opened.lines.offset(last.range.start) + len(last.text)
        _soon(session, uri, min(offset, len(opened.document.text)), _AFTER_TYPING)
    else:
        session.completion.stop_reading_ahead(uri)


def after_hint(session: Session, hint: Any) -> None:
    """Read where the cursor rests, according to ``herdmate/cursor``."""
    try:
        uri, position = hint["uri"], position_from_json(hint["position"])
    except (KeyError, TypeError, ValueError):
        _log.info("an invalid cursor notification: it needs uri and position")
        return
    if isinstance(uri, str) and (opened := session.documents.find(uri)) is not None:
        after_looking(session, opened, position.line)
        _soon(session, uri, opened.lines.offset(position), 0.0)


def after_showing(session: Session, cursor: Cursor) -> None:
    """Read at the cursor while ghost text is shown, in case it is accepted."""
    _soon(session, cursor.document.uri, cursor.offset, _AFTER_SHOWING)


def after_silence(session: Session, cursor: Cursor) -> None:
    """Begin the line below a finished statement: the next key is most likely Return."""
    silence, settings = session.completion.silence, session.settings.completion
    if not isinstance(silence, Silence) or silence.reason is not SilenceReason.STATEMENT_COMPLETE:
        return
    if settings.prefill and not is_paused(session):
        uri = cursor.document.uri
        work = partial(_begin_below, session, uri, cursor.offset)
        _later(session, session.model.completion, uri, settings.delay / 1000, work)


def after_selecting(session: Session, selection: Selection, explain: ActionOffer) -> None:
    """Read the prompt that explains the selected lines, as the user may ask for that next.

    A selection within one line is more likely a word to copy; a large one takes longer to read
    than users wait before they ask.
    """
    code = selection.text.strip()
    if session.settings.completion.prefill and "\n" in code and len(code) <= _MOST_SELECTED:
        work = partial(prefill_explanation, explain.target, explain.action, session.action_context)
        uri = selection.document.uri
        _later(session, session.model.answers, uri, _AFTER_SELECTING, work)


def _soon(session: Session, uri: str, offset: int, seconds: float) -> None:
    """Read ahead for ghost text after some seconds."""
    if not is_paused(session):
        work = partial(_read, session, uri, offset)
        _later(session, session.model.completion, uri, seconds, work)


def _later(
    session: Session, model: RoleModel, uri: str, seconds: float,
    work: Callable[[], Awaitable[None]],
) -> None:  # fmt: skip
    """Have a model read ahead after some seconds, only at the newest place; none is woken for it.

    Forty files that change at once would evict each other from the cache.
    """
    reading = session.completion.reading_ahead
    for other in tuple(reading):
        session.completion.stop_reading_ahead(other)
    if model.status.state in ("ready", "thinking", "starting", "loading"):
        reading[uri] = asyncio.ensure_future(_after(seconds, work))


async def _after(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    try:
        await work()
    except HerdmateError as error:
        _log.info("nothing was read ahead: %s", error)


async def _begin_below(session: Session, uri: str, offset: int) -> None:
    if (opened := session.documents.find(uri)) is not None:
        opened = await parsed(session, opened)
        cursor = Cursor(opened.document, min(offset, len(opened.document.text)))
        asking = partial(thinking, session, session.model.completion)
        await begin_below(
            cursor, session.completion, usage_statistics.learnt_settings(session), asking
        )


async def _read(session: Session, uri: str, offset: int) -> None:
    if (opened := session.documents.find(uri)) is None:
        return
    declarations.look(session, uri, partial(_soon, session, uri, offset, 0.0))
    cursor = Cursor(opened.document, min(offset, len(opened.document.text)))
    await prefill(cursor, session.completion, usage_statistics.learnt_settings(session))
