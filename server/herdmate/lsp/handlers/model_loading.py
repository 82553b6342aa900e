"""Loading the model in the settings, and telling the user what becomes of the engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
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
from herdmate.lsp.handlers.pausing import tell_of_change
from herdmate.lsp.handlers.shown_documents import agrees
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.lsp.state import RoleModel
from herdmate.lsp.status import fail, sentence_of, set_ready, set_status
from herdmate.models.role_choices import EngineChoice, Looked, RoleChoices, look_up
from herdmate.models.start import memory_advice
from herdmate.roles import for_ghost_text, is_apart, is_open, without_remote
from herdmate.settings import Settings

_log = logging.getLogger(__name__)

_INSTEAD = (
    "Meanwhile a model on this machine is used; run herdmate.restartEngine to try the remote "
    "server again."
)

_DISK_SECONDS = 60.0
"""Long enough for a network disk, or for a sleeping one to wake up."""

_LOAD_SECONDS = 120.0
"""Until the model that answers is loaded, even if the one for ghost text still is not."""

_LOAD = "Load it"

_DECLINED = (
    "No model was loaded because there is not enough memory; choose another, or run the command "
    "herdmate.restartEngine."
)


async def load_model(session: Session, asks: bool = False, keeps: bool = False) -> bool:
    """Start the engines with the models in the settings, ending a load in progress.

    ``asks``: the user can keep the old models if there is not enough memory for the new ones.
    ``keeps``: a model that stays the same goes on undisturbed. Returns ``False`` if the user kept
    the old ones, or if a newer call has superseded this one. Raises ``NoModelError``.
    """
    for model in session.model.both:
        model.instead_of = ""
    return bool(await session.tasks.supersede("load", _load(session, asks, keeps)))


async def stop_loading(session: Session) -> None:
    """End the processes that are loading, as the user does not want to wait."""
    session.tasks.stop("load")
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
    if model is session.model.apart:
        state = replace(state, message=for_ghost_text(state.message))
    if state.state == "ready" and state.info is not None:
        model.info = state.info
        set_ready(session, model)
        if model is session.model.completion:
            tell_of_change(session)
    elif state.state == "loading":
        message = state.message or "Loading the model."
        set_status(session, model, Status("loading", message, state.fraction))
    elif state.state == "sleeping":
        set_status(session, model, Status("sleeping", state.message))
    elif state.state == "crashed":
        set_status(session, model, Status("starting", state.message))
        session.show(sentence_of(session, model, state.message), types.MessageType.Warning)
    elif state.state == "failed":
        _after_failure(session, model, state)


def _after_failure(session: Session, model: RoleModel, state: EngineState) -> None:
    if session.settings.remote.fallback and isinstance(state.error, UnreachableError):
        session.spawn(_load_instead(session, model, f"{state.message} {_INSTEAD}"))
    elif isinstance(state.error, NoMemoryError):
        set_status(session, model, Status("error", state.message))
        session.spawn(_advise(session, model, state.message))
    else:
        fail(session, model, HerdmateError(state.message))


async def _load(session: Session, asks: bool, keeps: bool) -> bool:
    if not keeps:
        await _stop(session)
    settings = settings_in_force(session)
    found = await _look_up(session, settings)
    wanted = _by_role(session, settings, found)
    news = [role for role in wanted if not (keeps and _goes_on(*role))]
    if asks and (lacking := _lacking(news)) and not await agrees(
        session, f"{lacking} Load it anyway?", _LOAD
    ):  # fmt: skip
        await _decline(session)
        return False
    await _give_roles(session, is_apart=found.completion is not None)
    if found.reason:
        session.show(found.reason, types.MessageType.Warning)
    for model, _ in news:
        await model.host.stop()  # all of them, before memory is needed for others
        _say_starting(session, model, "Starting the engine.")
    for model, choice in wanted:
        if (model, choice) in news:
            await _begin(session, model, choice)
        elif isinstance(choice, EngineChoice):
            model.choice = choice
            if model.status.state in ("ready", "thinking"):
                set_ready(session, model)  # what is said about the choice may have changed
    return True


def _by_role(
    session: Session, settings: Settings, found: RoleChoices
) -> tuple[tuple[RoleModel, Looked], ...]:
    """What was found for each model, with all that is known of it; that for ghost text comes first,
    as it is usually smaller, and ready sooner."""
    answers, apart = session.model.both
    sleep_after = settings.engine.unload_after * 60

    def told(choice: Looked, instead_of: str) -> Looked:
        if isinstance(choice, HerdmateError):
            return choice
        note = " ".join(filter(None, (instead_of, choice.note)))
        return replace(choice, note=note, sleep_after=sleep_after)

    if found.completion is None:
        instead = " ".join(filter(None, (answers.instead_of, apart.instead_of)))
        return ((answers, told(found.answers, instead)),)
    return (
        (apart, told(found.completion, apart.instead_of)),
        (answers, told(found.answers, answers.instead_of)),
    )


def _goes_on(model: RoleModel, found: Looked) -> bool:
    """Is what was found running already?"""
    before = model.choice
    if isinstance(found, HerdmateError) or before is None or model.host.is_waiting:
        return False
    is_same = (before.start, before.sleep_after) == (found.start, found.sleep_after)
    return is_same and model.status.state not in ("error", "noModel")


async def _stop(session: Session) -> None:
    """End the engines, so that their memory counts as free when models are chosen."""
    for model in session.model.both:
        await model.host.stop()
    settings = settings_in_force(session)
    if not is_open(settings):  # otherwise that is only known once the models are
        await _give_roles(session, is_apart(settings))
    for model in session.model.in_use:
        _say_starting(session, model, "Looking for the model.")


async def _give_roles(session: Session, is_apart: bool) -> None:
    """Have ghost text written by a model of its own, or by the one that answers."""
    model = session.model
    if model.is_apart == is_apart:
        return
    model.is_apart = is_apart
    session.completion.reset(model.completion.host)
    if not is_apart:
        model.apart.choice, model.apart.status = None, Status("starting")
        # Requests that wait for it then wait for the model that answers.
        await model.apart.host.refuse(ModelError("Ghost text has no model of its own any more."))


async def _begin(session: Session, model: RoleModel, found: Looked) -> None:
    """Start what was found for a model. Raises ``NoModelError`` if nothing answers."""
    is_apart = model is session.model.apart
    if model is session.model.completion:
        session.completion.reset(model.host)
    if isinstance(found, HerdmateError):
        model.choice = None
        await model.host.refuse(found)
        if not isinstance(found, NoModelError):
            fail(session, model, found)
            return
        set_status(session, model, Status("noModel", str(found)))
        if not is_apart:
            raise found
        session.show(sentence_of(session, model, str(found)))
        return
    model.choice = found
    if isinstance(found.start, RemoteStart) and found.start.endpoint.no_key:
        session.show(found.start.endpoint.no_key, types.MessageType.Warning)
    await model.host.start(found.start, found.sleep_after)
    if is_apart:
        await _until_loaded(model)


async def _until_loaded(model: RoleModel) -> None:
    """Let one model load before the next: two at once would disturb what each one measures."""
    if model.choice is not None and isinstance(model.choice.start, LlamaStart):
        with suppress(HerdmateError, asyncio.TimeoutError):
            await asyncio.wait_for(model.host.ready(), _LOAD_SECONDS)


def _lacking(news: Sequence[tuple[RoleModel, Looked]]) -> str:
    """What is said about the models that do not fit into memory."""
    choices = [choice for _, choice in news if isinstance(choice, EngineChoice)]
    return " ".join(choice.note for choice in choices if not choice.fits)


async def _decline(session: Session) -> None:
    for model in session.model.in_use:
        if model.host.is_waiting:  # this took the place of a load that had stopped the engine
            await model.host.refuse(ModelError(_DECLINED))
            set_status(session, model, Status("error", _DECLINED))


def _say_starting(session: Session, model: RoleModel, message: str) -> None:
    if model.status.state != "starting":
        set_status(session, model, Status("starting", message))


async def _look_up(session: Session, settings: Settings) -> RoleChoices:
    """What the settings ask for; a thread reads the disks, which may be slow or gone."""
    held = sum(model.host.held_memory() for model in session.model.both)
    try:
        reading = asyncio.to_thread(look_up, session.model.choose, settings, held)
        return await asyncio.wait_for(reading, _DISK_SECONDS)
    except asyncio.TimeoutError:
        error = ModelError(
            "The disk with the models is not responding; reconnect it, or set herdmate.model to a "
            "file elsewhere, then run the command herdmate.restartEngine."
        )
    except OSError as problem:
        error = ModelError(
            f"The models cannot be read ({problem.strerror or problem}); set herdmate.model to a "
            "readable file."
        )
    except Exception:
        _log.exception("internal error")
        error = ModelError(
            "Choosing a model failed with an internal error; please report it with the log, and "
            "set herdmate.model to a file in the meantime."
        )
    return RoleChoices(error)


async def _load_instead(session: Session, model: RoleModel, why: str) -> None:
    """Load a model on this machine, because the remote server does not answer."""
    model.instead_of = why
    await session.tasks.supersede("load", _load(session, asks=False, keeps=True))


def settings_in_force(session: Session) -> Settings:
    """The settings without the remote servers that do not answer."""
    settings, model = session.settings, session.model
    if model.answers.instead_of:
        settings = without_remote(settings, "answers")
    if model.apart.instead_of:
        settings = without_remote(settings, "completion")
    return settings


async def _advise(session: Session, model: RoleModel, message: str) -> None:
    """Report the error with advice on what would fit into memory; this reads the disks."""
    advice = ""
    if model.choice and isinstance(start := model.choice.start, LlamaStart):
        advice = await asyncio.to_thread(memory_advice, start.path, start.context)
        advice = for_ghost_text(advice) if model is session.model.apart else advice
    if model.status.message == session.said(message):  # nothing else was loaded meanwhile
        said = f"{message} {advice[:1].upper()}{advice[1:]}." if advice else message
        fail(session, model, NoMemoryError(said))
