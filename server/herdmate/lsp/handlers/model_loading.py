"""Loading the model in the settings, and telling the user what becomes of the engine."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from lsprotocol import types

from herdmate.engine.interface import EngineState
from herdmate.engine.remote.engine import RemoteStart
from herdmate.engine.start import LlamaStart
from herdmate.errors import (
    HerdmateError,
    ModelError,
    NoMemoryError,
    NoModelError,
    UnreachableError,
)
from herdmate.lsp.handlers.shown_documents import agrees
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.lsp.state import EngineChoice, RoleModel
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

_LOAD = "Load it"

_DECLINED = (
    "No model was loaded because there is not enough memory; choose another, or run the command "
    "herdmate.restartEngine."
)


async def load_model(session: Session, instead_of: str = "", asks: bool = False) -> bool:
    """Start the engine with the model in the settings, ending a load in progress.

    ``instead_of``: a sentence on why the remote server in the settings is not used. ``asks``: the
    user can keep the old model if there is not enough memory for the new one. Returns ``False`` if
    the user did, or if a newer call has superseded this one. Raises ``NoModelError``.
    """
    return bool(await session.tasks.supersede("load", _load(session, instead_of, asks)))


async def stop_loading(session: Session) -> None:
    """End the process that is loading, as the user does not want to wait."""
    for model in session.model.in_use:
        if model.status.state in ("starting", "loading"):
            error = ModelError(
                "Loading the model was cancelled; choose another, or run the command "
                "herdmate.restartEngine."
            )
            set_status(session, model, Status("error", str(error)))
            await model.host.refuse(error)


def after_engine_change(session: Session, model: RoleModel, state: EngineState) -> None:
    """Tell the user about a change in an engine's state; some need more than a sentence."""
    if state.state == "ready" and state.info is not None:
        model.info = state.info
        set_ready(session, model)
    elif state.state == "loading":
        message = state.message or "Loading the model."
        set_status(session, model, Status("loading", message, state.fraction))
    elif state.state == "sleeping":
        set_status(session, model, Status("sleeping", state.message))
    elif state.state == "crashed":
        set_status(session, model, Status("starting", state.message))
        session.show(state.message, types.MessageType.Warning)
    elif state.state == "failed":
        _after_failure(session, model, state)


def _after_failure(session: Session, model: RoleModel, state: EngineState) -> None:
    if session.settings.remote.fallback and isinstance(state.error, UnreachableError):
        session.spawn(_load_instead(session, f"{state.message} {_INSTEAD}"))
    elif isinstance(state.error, NoMemoryError):
        set_status(session, model, Status("error", state.message))
        session.spawn(_advise(session, model, state.message))
    else:
        fail(session, model, HerdmateError(state.message))


async def _load(session: Session, instead_of: str, asks: bool) -> bool:
    model, host = session.model.answers, session.model.answers.host
    if not asks:
        await host.stop()  # so its memory counts as free when a model is chosen
        _say_starting(session, model, "Looking for the model.")
    settings = session.settings
    settings = replace(settings, remote=RemoteSettings()) if instead_of else settings
    try:
        choice = await _look_up(session, settings)
    except NoModelError as error:
        await host.refuse(error)
        set_status(session, model, Status("noModel", str(error)))
        raise
    except HerdmateError as error:
        await host.refuse(error)
        fail(session, model, error)
        return True
    if asks and not choice.fits and not await agrees(
        session, f"{choice.note} Load it anyway?", _LOAD
    ):  # fmt: skip
        if host.is_waiting:  # this took the place of a load that had stopped the engine
            await host.refuse(ModelError(_DECLINED))
            set_status(session, model, Status("error", _DECLINED))
        return False
    _say_starting(session, model, "Starting the engine.")
    start, note = choice.start, " ".join(filter(None, (instead_of, choice.note)))
    model.choice = replace(choice, note=note)
    if isinstance(start, RemoteStart) and start.endpoint.no_key:
        session.show(start.endpoint.no_key, types.MessageType.Warning)
    session.completion.reset()
    await host.start(start, settings.engine.unload_after * 60)
    return True


def _say_starting(session: Session, model: RoleModel, message: str) -> None:
    if model.status.state != "starting":
        set_status(session, model, Status("starting", message))


async def _look_up(session: Session, settings: Settings) -> EngineChoice:
    """What the settings ask for; a thread reads the disks, which may be slow or gone.

    Raises ``HerdmateError``.
    """
    held = session.model.answers.host.held_memory()
    try:
        reading = asyncio.to_thread(session.model.choose, settings, held)
        return await asyncio.wait_for(reading, _DISK_SECONDS)
    except asyncio.TimeoutError as error:
        raise ModelError(
            "The disk with the models is not responding; reconnect it, or set herdmate.model to a "
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
            "Choosing a model failed with an internal error; please report it with the log, and "
            "set herdmate.model to a file in the meantime."
        ) from error


async def _load_instead(session: Session, why: str) -> None:
    await load_model(session, why)


async def _advise(session: Session, model: RoleModel, message: str) -> None:
    """Report the error with advice on what would fit into memory; this reads the disks."""
    advice = ""
    if model.choice and isinstance(start := model.choice.start, LlamaStart):
        advice = await asyncio.to_thread(memory_advice, start.path, start.context)
    if model.status.message == as_message(message):  # nothing else was loaded meanwhile
        said = f"{message} {advice[:1].upper()}{advice[1:]}." if advice else message
        fail(session, model, NoMemoryError(said))
