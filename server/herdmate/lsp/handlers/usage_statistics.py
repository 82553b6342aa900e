"""Local statistics: counts the session's events, and writes them to the file now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import date

from lsprotocol import types

from herdmate.completion.complete import Completion
from herdmate.completion.silence_reasons import Silence
from herdmate.errors import HerdmateError
from herdmate.generation import Priority, Request, Usage
from herdmate.lsp import protocol
from herdmate.lsp.handlers import shown_documents
from herdmate.lsp.session import Session
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor
from herdmate.usage import statistics
from herdmate.usage.learnt_confidence import as_learnt, learnt_level
from herdmate.usage.shown_suggestion import Accepted

_SECONDS = 30.0
"""Time between two writes, and until an accepted text is checked again."""

_NOTE = "These counts stay on this machine; `herdmate stats --erase` erases them."


def learnt_settings(session: Session) -> CompletionSettings:
    """The settings of ghost text, with the confidence that this user has taught."""
    return as_learnt(session.settings.completion, session.usage.level)


def after_asking(session: Session, cursor: Cursor) -> float:
    """Count a request for ghost text; return its time."""
    if session.settings.stats:
        session.usage.tally.asked(cursor.document.language)
        _save_soon(session)
    return time.perf_counter()


def after_answering(
    session: Session,
    cursor: Cursor,
    answer: tuple[Completion, ...] | Silence | HerdmateError | None,
    asked_at: float,
) -> None:
    """Count the answer to a request; a superseded request has none."""
    if not session.settings.stats or not answer:
        return
    language, seconds = cursor.document.language, time.perf_counter() - asked_at
    if isinstance(answer, tuple):
        session.usage.tally.answered(language, seconds, answer[0].is_cached)
    else:
        session.usage.tally.silent(language, answer.reason if isinstance(answer, Silence) else None)


def after_generating(session: Session, request: Request, usage: Usage) -> None:
    """Count the tokens of a request to the model for ghost text."""
    if session.settings.stats and request.priority is Priority.TYPING:
        session.usage.tally.generated(request.language, usage)


def offered(
    session: Session, cursor: Cursor, items: Sequence[Completion]
) -> list[types.Command | None]:
    """Record the texts shown; return the commands with which editors report acceptance."""
    if not session.settings.stats:
        return [None] * len(items)
    return [
        types.Command("Count", protocol.COMMAND_ACCEPTED, arguments=[number])
        for number in session.usage.tally.offer(cursor, items)
    ]


def after_change(session: Session, uri: str) -> None:
    """Check whether an edit accepted a text, as some editors run no command for that."""
    opened = session.documents.find(uri)
    if session.settings.stats and opened is not None:
        _judge_later(session, session.usage.tally.changed(opened.document))


def after_accepting(session: Session, number: int) -> None:
    """Count a text that the editor reports as accepted."""
    if session.settings.stats:
        _judge_later(session, session.usage.tally.accept(number))


def before_closing(session: Session, uri: str) -> None:
    """Judge whether the texts accepted in a document were kept."""
    if (opened := session.documents.find(uri)) is not None:
        for item in session.usage.tally.waiting(uri):
            session.usage.tally.judge(item, opened.document)


async def finish(session: Session) -> None:
    """Judge and write everything, before the server ends; the disk may be slow or gone."""
    for uri in session.documents.uris():
        before_closing(session, uri)
    if session.usage.saving is not None:
        session.usage.saving.cancel()
    counts = session.usage.tally.take()
    if counts and session.settings.stats:
        await asyncio.to_thread(session.usage.file.add, counts)


async def show(session: Session) -> str | None:
    """Show the figures; return the text only if the client cannot show it."""
    file = session.usage.file
    counts = await asyncio.to_thread(file.read) + session.usage.tally.counted
    is_off = "" if session.settings.stats else "Counting is switched off by herdmate.stats. "
    text = statistics.page(counts, f"{is_off}{_NOTE}")
    if not session.capabilities.show_document:
        return text
    await shown_documents.show_markdown(session, "statistics", text)
    return None


def _judge_later(session: Session, item: Accepted | None) -> None:
    if item is not None:
        asyncio.get_running_loop().call_later(_SECONDS, _judge, session, item)


def _judge(session: Session, item: Accepted) -> None:
    if (opened := session.documents.find(item.uri)) is not None:
        session.usage.tally.judge(item, opened.document)
        _save_soon(session)


def _save_soon(session: Session) -> None:
    if session.usage.saving is None:
        loop = asyncio.get_running_loop()
        session.usage.saving = loop.call_later(_SECONDS, lambda: session.spawn(_save(session)))


async def _save(session: Session) -> None:
    session.usage.saving = None
    if not session.settings.stats:
        session.usage.tally.forget()
        session.usage.level = 0.0
    counts = session.usage.tally.take()
    if not counts:
        return
    if not await asyncio.to_thread(session.usage.file.add, counts):
        session.usage.tally.counted += counts
        return
    known = await asyncio.to_thread(session.usage.file.read)
    session.usage.level = learnt_level(known, date.today())
