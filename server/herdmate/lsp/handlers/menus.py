"""The menus that an editor shows: what can be done now, with the details that help to decide."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from statistics import median

from herdmate.completion.silence_reasons import SilenceReason
from herdmate.context.languages import language_name
from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import wrong
from herdmate.lsp.handlers import model_menus, pausing
from herdmate.lsp.handlers.model_menus import ghost_text_by, short_name
from herdmate.lsp.handlers.recommendation import models_of, recommendation
from herdmate.lsp.handlers.status_report import sentence_of_silence
from herdmate.lsp.protocol import Menu, MenuItem, Status
from herdmate.lsp.session import Session
from herdmate.lsp.status import state_in_words
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.origin import megabytes

_RECOMMENDATION_SECONDS = 3.0
"""Which the menu waits for at most; a process of its own looks at the graphics processors."""


async def menu(session: Session, name: str, uri: str) -> Menu:
    """The status menu, or one of ``model_menus.MENUS``."""
    if name in ("", "status"):
        return await _status(session, uri)
    if name not in model_menus.MENUS:
        raise wrong(f"The menu must be status, {' or '.join(model_menus.MENUS)}.")
    return await model_menus.MENUS[name](session)


async def _status(session: Session, uri: str) -> Menu:
    items = [*await _fetching(session), *_switching(session, uri), *_choosing(session),
             *_pausing(session, uri), *_looking(session)]  # fmt: skip
    status, ghost = session.model.status, session.model.status.completion
    title = f"Herdmate: {_named(status)}" + (f"; ghost text: {_named(ghost)}" if ghost else "")
    is_well = all(model.status.state not in ("noModel", "error") for model in session.model.in_use)
    return Menu(title, (is_well and _speed(session)) or status.message, items)


def _named(status: Status) -> str:
    """What a model is doing, and its name."""
    return ", ".join(filter(None, (state_in_words(status), status.model)))


def _speed(session: Session) -> str:
    """How fast the models write, and how long ghost text from the model takes."""
    answers, ghost = session.model.answers.host.latency, session.model.completion.host.latency
    writing = [f"{each.writing:.1f} tokens per second" if each.writing else ""
               for each in (answers, ghost)]  # fmt: skip
    wait = f"ghost text after {median(ghost.answers):.1f} s" if ghost.answers else ""
    if not session.model.is_apart:
        return ", ".join(filter(None, (writing[0], wait)))
    beside = ", ".join(filter(None, (wait or ("ghost text" if writing[1] else ""), writing[1])))
    return "; ".join(filter(None, (writing[0], beside)))


async def _fetching(session: Session) -> list[MenuItem]:
    if session.model.status.state != "noModel":
        return []
    starter, use, fetch = (
        catalogue.starter(), protocol.COMMAND_USE_RECOMMENDED, protocol.COMMAND_FETCH_MODEL
    )  # fmt: skip
    why, detail = session.model.status.message, f"{megabytes(starter.size)}, {starter.licence}"
    recommended = MenuItem(
        "Fetch the Model Recommended for This Machine", "star-full", use, detail=why
    )
    quick = MenuItem(f"Fetch {starter.title}", "cloud-download", fetch, detail=detail)
    return [quick] if await _recommended(session) == (starter,) else [recommended, quick]


async def _recommended(session: Session) -> tuple[CatalogueModel, ...]:
    """The models recommended for this machine; none where that takes long to find out."""
    try:
        _, advice = await asyncio.wait_for(recommendation(session), _RECOMMENDATION_SECONDS)
    except asyncio.TimeoutError:
        return ()
    return models_of(advice.pair) if advice.pair else (catalogue.starter(),)


def _choosing(session: Session) -> Iterator[MenuItem]:
    if session.capabilities.menu:
        choose, answers = protocol.COMMAND_MODELS, session.model.answers.status.model
        chosen = answers or short_name(session.settings.model)
        yield MenuItem("Choose a Model…", "package", choose, detail=chosen, group="model")
        yield MenuItem("Choose a Model for Ghost Text…", "package", choose, ["completionModels"],
                       ghost_text_by(session), "model")  # fmt: skip


def _switching(session: Session, uri: str) -> Iterator[MenuItem]:
    """What turns ghost text on or off here, at once."""
    resume, can_configure = protocol.COMMAND_RESUME, session.capabilities.configure
    now, language = pausing.ghost_text(session, uri), _language(session, uri)
    if now.state == "paused":
        yield MenuItem("Resume Ghost Text", "play", resume, detail=str(pausing.silence(session)))
    elif not session.settings.completion.enabled:
        if can_configure:
            why = SilenceReason.DISABLED.sentence
            yield MenuItem("Resume Ghost Text", "play", resume, ["workspace"], why)
    elif can_configure and pausing.is_off_by_name(session, language):
        name = language_name(language)
        yield MenuItem(f"Resume Ghost Text in {name}", "play", resume, ["language", language])
    elif can_configure and now.state == "on":
        yield MenuItem("Turn Ghost Text Off", "circle-slash", protocol.COMMAND_TOGGLE, [uri])


def _pausing(session: Session, uri: str) -> Iterator[MenuItem]:
    if pausing.is_paused(session) or not session.settings.completion.enabled:
        return
    pause, language = protocol.COMMAND_PAUSE, _language(session, uri)
    yield MenuItem("Pause Ghost Text for an Hour", "debug-pause", pause, group="pause")
    if not session.capabilities.configure:
        return
    if language and not pausing.is_off_by_name(session, language):
        yield MenuItem(f"Pause Ghost Text in {language_name(language)}", "debug-pause", pause,
                       ["language", language], group="pause")  # fmt: skip
    if session.folders:
        yield MenuItem("Pause Ghost Text in This Workspace", "debug-pause", pause, ["workspace"],
                       group="pause")  # fmt: skip


def _language(session: Session, uri: str) -> str:
    opened = session.documents.find(uri)
    return opened.document.language if opened is not None else ""


def _looking(session: Session) -> Iterator[MenuItem]:
    why = sentence_of_silence(session)
    yield MenuItem("Why No Suggestion?", "question", protocol.COMMAND_WHY, detail=why, group="look")
    yield MenuItem("Show What the Model Saw", "eye", protocol.COMMAND_SEEN, group="look")
    yield MenuItem("Show Statistics", "graph", protocol.COMMAND_STATS, group="look")
    yield MenuItem("Restart Model", "sync", protocol.COMMAND_RESTART_ENGINE, group="look")
