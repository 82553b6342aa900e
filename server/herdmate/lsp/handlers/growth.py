"""Ghost text that grows: its first lines are shown while the model continues, and the client is
told to ask again once there is more."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict

from lsprotocol import types

from herdmate.completion.complete import Completion
from herdmate.completion.in_flight import InFlight
from herdmate.completion.state import Grown
from herdmate.lsp import protocol
from herdmate.lsp.handlers import read_ahead
from herdmate.lsp.open_document import OpenDocument
from herdmate.lsp.session import Session
from herdmate.text import Cursor, Span

_log = logging.getLogger(__name__)

PAUSES = (0.3, 0.3, 0.3, 0.6, 1.2, 2.4, 4.8)
"""Seconds before each step of growth, rarer and rarer, as faster ones would be distracting; after
the last one the text grows when the model has ended."""


def watch(session: Session, opened: OpenDocument, cursor: Cursor, shown: Completion) -> bool:
    """Tell the client when there is more than ``shown``; ``False`` if the model has finished."""
    uri = cursor.document.uri
    running = session.completion.in_flight.get(uri)
    if running is None or not running.agrees(cursor):
        return False
    work = _watch(session, running, opened, cursor, shown.text)
    session.spawn(session.tasks.supersede(_key(uri), work), quiet=True)
    return True


def stop(session: Session, uri: str) -> None:
    """Stop telling about what was shown in a document: something else is being asked for."""
    session.completion.grown.pop(uri, None)
    session.tasks.stop(_key(uri))


def grown(
    session: Session, opened: OpenDocument, params: types.InlineCompletionParams
) -> Completion | None:
    """What the client was told to ask for again; ``None`` if it asks for anything else.

    The model is not asked, and the request is not counted: the user did nothing.
    """
    found = session.completion.grown.get(uri := opened.document.uri)
    at = opened.lines.offset(params.position)
    if found is None or (found.version, found.offset) != (opened.document.version, at):
        return None
    context = params.context
    is_automatic = context.trigger_kind == types.InlineCompletionTriggerKind.Automatic
    if not is_automatic or context.selected_completion_info is not None:
        return None
    del session.completion.grown[uri]
    return Completion(found.shown.text, Span(at, at + found.shown.reach), is_cached=True)


async def _watch(
    session: Session, running: InFlight, opened: OpenDocument, cursor: Cursor, text: str
) -> None:
    uri, version = cursor.document.uri, cursor.document.version
    position = opened.lines.position(cursor.offset)
    where = {"line": position.line, "character": position.character}
    for step, pause in enumerate(PAUSES, start=1):
        await asyncio.sleep(pause)
        if (shown := await running.more(cursor, text, at_end=step == len(PAUSES))) is None:
            break
        now = session.documents.find(uri)
        if now is None or now.document.version != version:
            return  # closed or changed while the last lines were checked
        text = shown.text
        session.completion.grown[uri] = Grown(version, cursor.offset, shown)
        grew = protocol.CompletionGrew(uri, version, where)
        _log.info("ghost text has grown")
        session.protocol.notify(protocol.COMPLETION_GREW, asdict(grew))
    if session.documents.find(uri) is not None:
        read_ahead.after_showing(session, cursor)


def _key(uri: str) -> str:
    return f"grow {uri}"
