"""The status that the user sees: what the model is doing, or why it does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace

from herdmate.completion.complete import why_smaller
from herdmate.errors import HerdmateError
from herdmate.lsp import protocol
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.printable import as_message, one_line
from herdmate.prompting.families import described, family_of, limits


def set_status(session: Session, status: Status) -> None:
    """Change the status, and send it to a client that supports it."""
    model = one_line(status.model) if status.model else None
    status = replace(status, message=as_message(status.message), model=model)
    session.model.status = status
    session.model.status_changed.set()
    if session.capabilities.status:
        session.protocol.notify(protocol.STATUS, asdict(status))


def state_in_words(session: Session) -> str:
    """What the model is doing, as the editor's status bar says it."""
    state = session.model.status.state
    return "no model" if state == "noModel" else state


async def next_status(session: Session) -> Status:
    """Wait for the next change of status."""
    session.model.status_changed.clear()
    await session.model.status_changed.wait()
    return session.model.status


def fail(session: Session, error: HerdmateError) -> None:
    """Report an error that the user has to resolve before anything works."""
    set_status(session, Status("error", str(error)))
    session.show(str(error))


def set_ready(session: Session) -> None:
    """Say that the model is ready, or is thinking if requests are waiting for it."""
    if (info := session.model.info) is not None:
        doing: protocol.State = "thinking" if session.model.requests else "ready"
        set_status(session, Status(doing, _ready_message(session), model=info.name))


@asynccontextmanager
async def thinking(session: Session) -> AsyncIterator[None]:
    """Set the status to ``thinking`` while the block runs."""
    model = session.model
    model.requests += 1
    if model.status.state == "ready":
        set_status(session, replace(model.status, state="thinking", message="Asking the model."))
    try:
        yield
    finally:
        model.requests -= 1
        if model.status.state == "thinking" and not model.requests:
            message = _ready_message(session)
            set_status(session, replace(model.status, state="ready", message=message))


def _ready_message(session: Session) -> str:
    """The model, its prompt formats, what it cannot do, and what would work better."""
    if (info := session.model.info) is None:
        return ""
    try:
        family = family_of(info)
    except HerdmateError as error:
        return str(error)
    window = why_smaller(info, session.settings, session.model.host.latency)
    said = (f"{info.name} is ready ({described(family)}).", limits(family), info.note,
            session.model.note, window)  # fmt: skip
    return " ".join(filter(None, said))
