"""Ghost text that grows: its first lines are shown while the model continues, and the client is
told to ask again once there is more."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, dataclass

from lsprotocol import types

from herdmate.completion.complete import Completion
from herdmate.completion.in_flight import InFlight
from herdmate.completion.postprocess import Shown
from herdmate.completion.state import Grown
from herdmate.lsp import protocol
from herdmate.lsp.handlers import read_ahead
from herdmate.lsp.open_document import OpenDocument
from herdmate.lsp.session import Session
from herdmate.text import Cursor

_log = logging.getLogger(__name__)

PAUSES = (0.3, 0.3, 0.3, 0.6, 1.2, 2.4, 4.8)
"""Seconds before each step of growth, rarer and rarer, as faster ones would be distracting; after
the last one the text grows when the model has ended."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where ghost text is shown: at an offset of an open document, after the menu entry ``chosen``.

    ``cursor`` is where the model writes: with that entry accepted, if there is one.
    """

    opened: OpenDocument
    offset: int
    cursor: Cursor
    chosen: str = ""


def watch(session: Session, place: Place, shown: Completion) -> bool:
    """Tell the client when there is more than ``shown``; ``False`` if there can be no more.

    A model that has ended may have written more while the lines that are shown were checked.
    """
    uri = place.opened.document.uri
    running = session.completion.in_flight.get(uri)
    if running is None or not running.covers(place.cursor):
        return False
    if running.is_done and shown.is_cached:
        return False
    work = _watch(session, running, place, shown.text)
    session.spawn(session.tasks.supersede(_key(uri), work), quiet=True)
    return True


def stop(session: Session, uri: str) -> None:
    """Stop telling about what was shown in a document: something else is being asked for."""
    session.completion.grown.pop(uri, None)
    session.tasks.stop(_key(uri))


def grown(
    session: Session, opened: OpenDocument, params: types.InlineCompletionParams
) -> Shown | None:
    """What the client was told to ask for again; ``None`` if it asks for anything else.

    The model is not asked, and the request is not counted: the user did nothing.
    """
    found = session.completion.grown.get(uri := opened.document.uri)
    context, at = params.context, opened.lines.offset(params.position)
    chosen = context.selected_completion_info.text if context.selected_completion_info else ""
    here = opened.document.version, at, chosen
    if found is None or (found.version, found.offset, found.chosen) != here:
        return None
    if context.trigger_kind != types.InlineCompletionTriggerKind.Automatic:
        return None
    del session.completion.grown[uri]
    return found.shown


async def _watch(session: Session, running: InFlight, place: Place, text: str) -> None:
    document, cursor = place.opened.document, place.cursor
    uri, version = document.uri, document.version
    position = place.opened.lines.position(place.offset)
    where = {"line": position.line, "character": position.character}
    for step, pause in enumerate(PAUSES, start=1):
        await asyncio.sleep(pause)
        if (shown := await running.more(cursor, text, at_end=step == len(PAUSES))) is None:
            break
        now = session.documents.find(uri)
        if now is None or now.document.version != version:
            return  # closed or changed while the last lines were checked
        text = shown.text
        session.completion.grown[uri] = Grown(version, place.offset, place.chosen, shown)
        grew = protocol.CompletionGrew(uri, version, where)
        _log.info("ghost text has grown")
        session.protocol.notify(protocol.COMPLETION_GREW, asdict(grew))
    if session.documents.find(uri) is not None:
        read_ahead.after_showing(session, cursor)


def _key(uri: str) -> str:
    return f"grow {uri}"
