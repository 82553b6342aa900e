"""The status that the user sees: what the model is doing, or why it does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace

from herdmate.completion.window_size import why_smaller
from herdmate.engine.remote.engine import RemoteStart
from herdmate.errors import HerdmateError
from herdmate.lsp import protocol
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.lsp.state import RoleModel
from herdmate.printable import one_line
from herdmate.prompting.families import family_of, limits


def set_status(session: Session, model: RoleModel, status: Status) -> None:
    """Change the status of a model in use, and send it to a client that supports it."""
    name = one_line(status.model) if status.model else None
    is_remote = model.choice is not None and isinstance(model.choice.start, RemoteStart)
    message = session.said(status.message)
    model.status = replace(status, message=message, model=name, remote=is_remote)
    if model not in session.model.in_use:
        return
    session.model.status_changed.set()
    if session.capabilities.status:
        session.protocol.notify(protocol.STATUS, asdict(session.model.status))


def state_in_words(status: Status) -> str:
    """What a model is doing, as the editor's status bar says it."""
    return "no model" if status.state == "noModel" else status.state


async def next_status(session: Session) -> Status:
    """Wait for the next change of status."""
    session.model.status_changed.clear()
    await session.model.status_changed.wait()
    return session.model.status


def fail(session: Session, model: RoleModel, error: HerdmateError) -> None:
    """Report an error that the user has to resolve before the model does anything."""
    set_status(session, model, Status("error", str(error)))
    session.show(sentence_of(session, model, str(error)))


def sentence_of(session: Session, model: RoleModel, sentence: str) -> str:
    """A sentence about a model, which says so if it is about the one for ghost text alone."""
    return f"Ghost text: {sentence}" if model is session.model.apart else sentence


def set_ready(session: Session, model: RoleModel) -> None:
    """Say that a model is ready, or is thinking if requests are waiting for it."""
    if model.info is not None:
        doing: protocol.State = "thinking" if model.requests else "ready"
        set_status(session, model, Status(doing, _ready_message(session, model), model=model.name))


@asynccontextmanager
async def thinking(session: Session, model: RoleModel) -> AsyncIterator[None]:
    """Set a model's status to ``thinking`` while the block runs."""
    model.requests += 1
    if model.status.state == "ready":
        asking = replace(model.status, state="thinking", message="Asking the model.")
        set_status(session, model, asking)
    try:
        yield
    finally:
        model.requests -= 1
        if model.status.state == "thinking" and not model.requests:
            message = _ready_message(session, model)
            set_status(session, model, replace(model.status, state="ready", message=message))


def _ready_message(session: Session, model: RoleModel) -> str:
    """The model, what it cannot do, and what would work better."""
    if (info := model.info) is None:
        return ""
    try:
        family = family_of(info)
    except HerdmateError as error:
        return str(error)
    window = why_smaller(info, session.settings, model.host.latency)
    said = (f"{model.name} is ready.", limits(family), info.note, model.note, window)
    return " ".join(filter(None, said))
