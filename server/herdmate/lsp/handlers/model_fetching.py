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
from herdmate.lsp.handlers.shown_documents import agrees
from herdmate.lsp.progress import Report, progress
from herdmate.lsp.session import Session
from herdmate.lsp.state import RoleModel
from herdmate.lsp.status import next_status, set_ready, set_status
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.resolve import asked
from herdmate.models.verified_fetch import FetchProgress, fetch

_YES, _AGREE = "Fetch the starter", "Agree and fetch"


async def load_or_offer(session: Session, asks: bool = False, keeps: bool = False) -> None:
    """Load the models; if there is none that answers, offer to fetch the starter.

    ``asks``: first ask the user whether to load a model that may not fit in memory. ``keeps``: a
    model that stays the same goes on undisturbed.
    """
    try:
        await _load(session, asks, keeps)
    except NoModelError as error:
        if await _agrees(session, str(error)):
            await fetch_model(session, None)


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
    if wanted is not None:
        configuration.choose_model(session, wanted.name)
    await _load(session)


def _return_to(session: Session, model: RoleModel, before: protocol.Status) -> None:
    if before.state in ("ready", "thinking") and model.info is not None:
        set_ready(session, model)  # requests may have begun and ended since
    else:
        set_status(session, model, before)


async def _fetch(session: Session, model: CatalogueModel, tell: Report) -> Path:
    async with progress(session, f"Fetching {model.title}", measured=True) as report:

        def on_progress(state: FetchProgress) -> None:
            fraction = state.done / state.total if state.total else 0.0
            amount = f"{state.done >> 20} of {state.total >> 20} MB"
            message = f"{state.phase} {amount}"
            report(amount if state.phase == "fetching" else message, fraction)
            tell(message, fraction)

        others = await asyncio.to_thread(in_place)
        return await fetch(model, model_folder(), on_progress, others)


async def _load(session: Session, asks: bool = False, keeps: bool = False) -> None:
    """Load the models; a client without ``herdmate/status`` sees the load as progress."""
    await agree_on_key(session)
    if not await load_model(session, asks, keeps) or session.capabilities.status:
        return

    def said() -> str:
        now = session.model.status
        return f"{now.model} is ready" if now.state in ("ready", "thinking") else ""

    async with progress(session, "Loading the model", measured=True, last_words=said) as report:
        try:
            while session.model.status.state in ("starting", "loading"):
                report(session.model.status.message, session.model.status.fraction)
                await next_status(session)
        except asyncio.CancelledError:  # by the user, with the progress's cancel button
            await stop_loading(session)
            raise


async def _agrees(session: Session, sentence: str) -> bool:
    model = catalogue.starter()
    if not session.capabilities.show_message_request:
        session.show(sentence, types.MessageType.Warning)
        return False
    question = f"Herdmate has no model yet. Fetch {model.title} ({model.size >> 20} MB) now?"
    return await agrees(session, question, _YES)


async def _agrees_to_licence(session: Session, model: CatalogueModel) -> bool:
    """Does the user agree to the licence? Its name and notice are shown before the fetch."""
    terms = f"Licence of {model.title}: {model.licence} ({model.licence_url}). {model.notice}"
    if session.capabilities.show_message_request:
        return await agrees(session, terms, _AGREE)
    pull = f"To agree and fetch it, run `herdmate models pull {model.name}` in a terminal."
    session.show(f"{terms} {pull}", types.MessageType.Warning)
    return False
