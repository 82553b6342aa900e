"""The menus that an editor shows: what can be done now, with the details that help to decide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import median

from herdmate.completion.silence_reasons import SilenceReason
from herdmate.context.language_ids import names_language
from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import wrong
from herdmate.lsp.handlers import model_choice, pausing
from herdmate.lsp.handlers.status_report import sentence_of_silence
from herdmate.lsp.protocol import Menu, MenuItem
from herdmate.lsp.session import Session
from herdmate.lsp.status import state_in_words
from herdmate.models import catalogue


async def menu(session: Session, name: str, uri: str) -> Menu:
    """The models menu or the status menu."""
    if name not in ("", "status", "models"):
        raise wrong("The menu must be status or models.")
    return await _models(session) if name == "models" else _status(session, uri)


def _status(session: Session, uri: str) -> Menu:
    items = [*_fetching(session), *_pausing(session, uri), *_looking(session)]
    name = f", {session.model.status.model}" if session.model.status.model else ""
    title = f"Herdmate: {state_in_words(session.model.status)}{name}"
    is_well = session.model.status.state not in ("noModel", "error")
    return Menu(title, (is_well and _speed(session)) or session.model.status.message, items)


def _speed(session: Session) -> str:
    """How fast the model writes, and how long ghost text from the model takes."""
    latency = session.model.completion.host.latency
    writing = f"{latency.writing:.1f} tokens per second" if latency.writing else ""
    wait = f"ghost text after {median(latency.answers):.1f} s" if latency.answers else ""
    return ", ".join(filter(None, (writing, wait)))


def _fetching(session: Session) -> Iterator[MenuItem]:
    if session.model.status.state == "noModel":
        model = catalogue.starter()
        detail = f"{model.size >> 20} MB. {session.model.status.message}"
        command = protocol.COMMAND_FETCH_MODEL
        yield MenuItem(f"Fetch {model.title}", "cloud-download", command, detail=detail)
    if session.capabilities.menu:
        now = session.model.status.model or _chosen(session)
        yield MenuItem("Choose a Model…", "package", protocol.COMMAND_MODELS, detail=now)


def _pausing(session: Session, uri: str) -> Iterator[MenuItem]:
    pause, resume = protocol.COMMAND_PAUSE, protocol.COMMAND_RESUME
    settings, can_configure = session.settings.completion, session.capabilities.configure
    if pausing.is_paused(session):
        yield MenuItem("Resume Ghost Text", "play", resume, detail=str(pausing.silence(session)))
        return
    if not settings.enabled:
        if can_configure:
            why = SilenceReason.DISABLED.sentence
            yield MenuItem("Resume Ghost Text", "play", resume, ["workspace"], why)
        return
    yield MenuItem("Pause for an Hour", "debug-pause", pause)
    if not can_configure:
        return
    opened = session.documents.find(uri)
    language = opened.document.language if opened is not None else ""
    if any(names_language(entry, language) for entry in settings.disabled_in):
        yield MenuItem(f"Resume in {language}", "play", resume, ["language", language])
    elif language:
        yield MenuItem(f"Pause in {language}", "debug-pause", pause, ["language", language])
    if session.folders:
        yield MenuItem("Pause in This Workspace", "debug-pause", pause, ["workspace"])


def _looking(session: Session) -> Iterator[MenuItem]:
    why = sentence_of_silence(session)
    yield MenuItem("Why No Suggestion?", "question", protocol.COMMAND_WHY, detail=why)
    yield MenuItem("Show What the Model Saw", "eye", protocol.COMMAND_SEEN)
    yield MenuItem("Show Statistics", "graph", protocol.COMMAND_STATS)
    yield MenuItem("Restart Model", "sync", protocol.COMMAND_RESTART_ENGINE)


async def _models(session: Session) -> Menu:
    known = await model_choice.models(session)
    command = protocol.COMMAND_CHOOSE_MODEL
    best = "the largest CodeLlama-Instruct here that fits, otherwise another model on this machine"
    items = [MenuItem("Automatic", "sparkle", command, ["auto"], best)]
    for model in known.models:
        icon = "check" if model.name == known.current else "package"
        icon = icon if model.installed else "cloud-download"
        items.append(MenuItem(model.title, icon, command, [model.name], model.detail))
    running = known.current or session.model.status.model
    now = f"In use: {running}" if running else f"Chosen: {_chosen(session)}"
    return Menu("Herdmate: Choose a Model", now, items)


def _chosen(session: Session) -> str:
    """The model in the settings; only the file name of a path or URL, for lack of room."""
    return re.split(r"[/\\]", session.settings.model)[-1]
