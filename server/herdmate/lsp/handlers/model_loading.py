"""Loading the model in the settings, and telling the user what becomes of the engine."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from lsprotocol import types

from herdmate.engine.host import EngineStart
from herdmate.engine.interface import EngineState
from herdmate.engine.remote.engine import RemoteStart
from herdmate.errors import (
    HerdmateError,
    ModelError,
    NoMemoryError,
    NoModelError,
    UnreachableError,
)
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.lsp.status import fail, set_ready, set_status
from herdmate.models.start import memory_advice
from herdmate.printable import as_message
from herdmate.settings import RemoteSettings, Settings

_log = logging.getLogger(__name__)

_INSTEAD = (
    "Meanwhile a model on this machine is used; run herdmate.restartEngine to try the remote "
    "server again."
)

_DISK_SECONDS = 60.0
"""Long enough for a network disk, or for a sleeping one to wake up."""


async def load_model(session: Session, instead_of: str = "") -> bool:
    """Start the engine with the model in the settings, ending a load in progress.

    ``instead_of``: a sentence on why the remote server in the settings is not used. Answers
    ``False`` if a newer call has superseded this one. Raises ``NoModelError``.
    """
    return bool(await session.tasks.supersede("load", _load(session, instead_of)))


async def stop_loading(session: Session) -> None:
    """End the process that is loading, as the user does not want to wait."""
    if session.model.status.state in ("starting", "loading"):
        error = ModelError(
            "Loading the model was cancelled; choose another, or run the command "
            "herdmate.restartEngine."
        )
        set_status(session, Status("error", str(error)))
        await session.model.host.refuse(error)


def after_engine_change(session: Session, state: EngineState) -> None:
    """Tell the user of a change in the engine's life; some of them need more than a sentence."""
    if state.state == "ready" and state.info is not None:
        session.model.info = state.info
        set_ready(session)
    elif state.state == "loading":
        message = state.message or "Loading the model."
        set_status(session, Status("loading", message, state.fraction))
    elif state.state == "sleeping":
        set_status(session, Status("sleeping", state.message))
    elif state.state == "crashed":
        set_status(session, Status("starting", state.message))
        session.show(state.message, types.MessageType.Warning)
    elif state.state == "failed":
        _after_failure(session, state)


def _after_failure(session: Session, state: EngineState) -> None:
    if session.settings.remote.fallback and isinstance(state.error, UnreachableError):
        session.spawn(_load_instead(session, f"{state.message} {_INSTEAD}"))
    elif isinstance(state.error, NoMemoryError):
        set_status(session, Status("error", state.message))
        session.spawn(_advise(session, state.message))
    else:
        fail(session, HerdmateError(state.message))


async def _load(session: Session, instead_of: str) -> bool:
    host = session.model.host
    await host.stop()  # so its memory counts as free when a model is chosen
    if session.model.status.state != "starting":
        set_status(session, Status("starting", "Looking for the model."))
    settings = session.settings
    settings = replace(settings, remote=RemoteSettings()) if instead_of else settings
    try:
        message, note = await _first_message(session, settings)
        session.model.note = " ".join(filter(None, (instead_of, note)))
    except NoModelError as error:
        await host.refuse(error)
        set_status(session, Status("noModel", str(error)))
        raise
    except HerdmateError as error:
        await host.refuse(error)
        fail(session, error)
        return True
    if isinstance(message, RemoteStart) and message.endpoint.no_key:
        session.show(message.endpoint.no_key, types.MessageType.Warning)
    session.completion.reset()
    await host.start(message, session.settings.engine.unload_after * 60)
    return True


async def _first_message(session: Session, settings: Settings) -> tuple[EngineStart, str]:
    """Call ``first_message`` on a thread, as it reads disks that may be slow or gone.

    Raises ``HerdmateError``.
    """
    try:
        reading = asyncio.to_thread(session.model.first_message, settings)
        return await asyncio.wait_for(reading, _DISK_SECONDS)
    except asyncio.TimeoutError as error:
        raise ModelError(
            "The disk with the models does not respond; reconnect it, or set herdmate.model to a "
            "file elsewhere, then run the command herdmate.restartEngine."
        ) from error
    except OSError as error:
        raise ModelError(
            f"The models cannot be read ({error.strerror or error}); set herdmate.model to a "
            "readable file."
        ) from error
    except HerdmateError:
        raise
    except Exception as error:
        _log.exception("internal error")
        raise ModelError(
            "Choosing a model failed with an internal error (see the log); set herdmate.model to "
            "a file, and please report it."
        ) from error


async def _load_instead(session: Session, why: str) -> None:
    await load_model(session, why)


async def _advise(session: Session, message: str) -> None:
    """Report the error with advice on what would fit into memory; this reads the disks."""
    advice = await asyncio.to_thread(memory_advice, session.settings)
    if session.model.status.message == as_message(message):  # nothing else was loaded meanwhile
        fail(session, NoMemoryError(f"{message} {advice[:1].upper()}{advice[1:]}."))
