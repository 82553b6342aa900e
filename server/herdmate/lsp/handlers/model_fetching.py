"""Fetching a model from within the editor, only at the user's request."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from lsprotocol import types

from herdmate.errors import ModelError, NoModelError
from herdmate.lsp import protocol
from herdmate.lsp.handlers import configuration
from herdmate.lsp.handlers.api_key import agree_on_key
from herdmate.lsp.handlers.model_loading import load_model, stop_loading
from herdmate.lsp.handlers.recommendation import models_of, recommendation
from herdmate.lsp.handlers.shown_documents import agrees, pressed
from herdmate.lsp.progress import Report, progress
from herdmate.lsp.session import Session
from herdmate.lsp.state import RoleModel
from herdmate.lsp.status import next_status, set_ready, set_status
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.origin import fetched, megabytes, origin
from herdmate.models.resolve import asked
from herdmate.models.verified_fetch import FetchProgress, fetch
from herdmate.roles import Role

_AGREE = "Agree and fetch"
_RECOMMENDED, _STARTER, _NOT_NOW = "Fetch the recommended", "Fetch the starter", "Not now"
_IN_SHORT = {_RECOMMENDED: "Fetch Recommended", _STARTER: "Fetch Starter", _NOT_NOW: "Others…"}
"""What fits into the buttons of an editor with menus, where everything else is in one of them."""


async def load_or_offer(session: Session, asks: bool = False, keeps: bool = False) -> None:
    """Load the models; if there is none that answers, offer to fetch one.

    ``asks``: first ask the user whether to load a model that may not fit in memory. ``keeps``: a
    model that stays the same goes on undisturbed.
    """
    try:
        await _load(session, asks, keeps)
    except NoModelError as error:
        await _offer(session, str(error))


async def load_chosen(session: Session) -> None:
    """Load the models in the changed settings, after a warning if there is not enough memory."""
    await load_or_offer(session, asks=session.capabilities.show_message_request, keeps=True)


async def pull_model(session: Session, name: str) -> Path:
    """``fetch_named``; if there has been no model so far in a role, also load one."""
    path = await fetch_named(session, name)
    if any(model.status.state == "noModel" for model in session.model.in_use):
        session.spawn(_load(session, keeps=True))
    return path


async def fetch_named(session: Session, name: str) -> Path:
    """Fetch a model, if needed, and return its file.

    Raises ``ModelError`` for an unknown name or a licence not agreed to, and ``FetchError``.
    """
    files = await asked(name, model_folder())
    model = files[0]
    is_there = os.path.exists(model_folder() / model.file)
    if model.notice and not is_there and not await _agrees_to_licence(session, model):
        raise ModelError(f"{model.title} was not fetched because its licence was not accepted.")
    paths = [await _fetch(session, file, lambda _message, _fraction: None) for file in files]
    return paths[0]  # llama.cpp finds the other parts next to it


def find(name: str) -> CatalogueModel | None:
    """The catalogue's model with a name, or ``None`` for no name. Raises ``ModelError``."""
    return catalogue.find(name) if name else None


async def fetch_model(session: Session, wanted: CatalogueModel | None) -> None:
    """Fetch a model from the catalogue, or the starter, and load it. Raises ``FetchError``."""
    model = wanted or catalogue.starter()
    if model.notice and not await _agrees_to_licence(session, model):
        return
    await _fetch_shown(session, model)
    if wanted is not None:
        configuration.choose_model(session, wanted.name)
    await _load(session)


async def use_recommended(session: Session) -> None:
    """Fetch the pair recommended for this machine, and use it. Raises ``HerdmateError``."""
    machine, advice = await recommendation(session)
    if (pair := advice.pair) is None:
        raise ModelError("No model fits; close other programs or free up disk space.")
    missing = [model for model in models_of(pair) if machine.to_fetch(model)]
    for model in missing:
        if model.notice and not await _agrees_to_licence(session, model):
            return
    for model in missing:
        await _fetch_shown(session, model)
    ghost = "" if pair.is_one else pair.ghost.model.name
    await _use(session, "completion", session.settings.completion.model, ghost)
    await _use(session, "answers", session.settings.model, pair.answers.model.name)
    await _load(session, keeps=True)


async def _use(session: Session, role: Role, now: str, name: str) -> None:
    """Use a model for a role from now on, by the client's settings where it can change them."""
    if name == now:
        return
    if session.capabilities.configure:
        key = "model" if role == "answers" else "completion.model"
        await configuration.change(session, key, name or None)
    configuration.choose_model(session, name, role)


async def _fetch_shown(session: Session, model: CatalogueModel) -> None:
    """Fetch a model; the status says how it goes."""
    answers = session.model.answers
    before = told = answers.status

    def tell(message: str, fraction: float | None) -> None:
        nonlocal before, told
        if answers.status is not told:  # the engine has said something in the meantime
            before = answers.status
        set_status(session, answers, protocol.Status("fetching", message, fraction))
        told = answers.status

    try:
        await _fetch(session, model, tell)
    except BaseException:
        if answers.status is told:
            _return_to(session, answers, before)
        raise
    if answers.status is told:
        _return_to(session, answers, before)


def _return_to(session: Session, model: RoleModel, before: protocol.Status) -> None:
    if before.state in ("ready", "thinking") and model.info is not None:
        set_ready(session, model)  # requests may have begun and ended since
    else:
        set_status(session, model, before)


async def _fetch(session: Session, model: CatalogueModel, tell: Report) -> Path:
    source = ""
    async with progress(session, f"Fetching {model.title}", measured=True) as report:

        def on_progress(state: FetchProgress) -> None:
            nonlocal source
            source = state.way if state.phase == "fetching" else source
            fraction = state.done / state.total if state.total else 0.0
            amount = f"{state.done >> 20} of {state.total >> 20} MB"
            message = f"{state.phase} {amount}"
            report(f"{amount} {state.way}" if state.phase == "fetching" else message, fraction)
            tell(message, fraction)

        others = await asyncio.to_thread(in_place)
        path = await fetch(model, model_folder(), on_progress, others)
    if source:
        session.show(fetched(model, source), types.MessageType.Info)
    return path


async def _load(session: Session, asks: bool = False, keeps: bool = False) -> None:
    """Load the models; a client without ``herdmate/status`` sees the load as progress."""
    await agree_on_key(session)
    if not await load_model(session, asks, keeps) or session.capabilities.status:
        return

    def is_ready() -> bool:
        return session.model.status.state in ("ready", "thinking")

    def said() -> str:
        return f"{session.model.status.model} is ready" if is_ready() else ""

    async with progress(session, "Loading the model", True, said, is_ready) as report:
        try:
            while session.model.status.state in ("starting", "loading"):
                report(session.model.status.message, session.model.status.fraction)
                await next_status(session)
        except asyncio.CancelledError:  # by the user, with the progress's cancel button
            await stop_loading(session)
            raise


async def _offer(session: Session, sentence: str) -> None:
    """Offer to fetch what is recommended for this machine, or the starter; the user chooses."""
    able = session.capabilities
    if not (able.status and able.show_message_request):  # a recommendation takes half a minute
        session.show(sentence, types.MessageType.Warning)
    if not able.show_message_request or (able.menu and not able.status):
        return
    starter = catalogue.starter()
    _, advice = await recommendation(session)
    models = models_of(advice.pair) if advice.pair else (starter,)
    is_more = models != (starter,)
    said = origin(models[::-1])
    question = f"Herdmate has no model yet. Recommended for this machine: {said}."
    if is_more:
        question += f" The starter is quicker to fetch ({megabytes(starter.size)}), and knows less."
    offered = (_RECOMMENDED, _STARTER, _NOT_NOW) if is_more else (_STARTER, _NOT_NOW)
    has_menu = able.menu
    labels = {_IN_SHORT[label] if has_menu else label: label for label in offered}
    chosen = labels.get(await pressed(session, question, list(labels)))
    if chosen == _RECOMMENDED:
        await use_recommended(session)
    elif chosen == _STARTER:
        await fetch_model(session, None)
    elif chosen == _NOT_NOW and has_menu:
        session.protocol.notify(protocol.SHOW_MENU, {"menu": "models"})


async def _agrees_to_licence(session: Session, model: CatalogueModel) -> bool:
    """Does the user agree to the licence? Its name and notice are shown before the fetch."""
    terms = f"{origin([model])}. Licence: {model.licence} ({model.licence_url}). {model.notice}"
    if session.capabilities.show_message_request:
        return await agrees(session, terms, _AGREE)
    pull = f"To agree and fetch it, run `herdmate models pull {model.name}` in a terminal."
    session.show(f"{terms} {pull}", types.MessageType.Warning)
    return False
