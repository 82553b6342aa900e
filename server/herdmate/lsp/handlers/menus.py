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
from herdmate.lsp.protocol import Menu, MenuItem, Status
from herdmate.lsp.session import Session
from herdmate.lsp.status import state_in_words
from herdmate.models import catalogue
from herdmate.roles import AUTO


async def menu(session: Session, name: str, uri: str) -> Menu:
    """The status menu, or one of models: for answers, or for ghost text."""
    if name not in ("", "status", "models", "completionModels"):
        raise wrong("The menu must be status, models or completionModels.")
    if name == "models":
        return await _models(session)
    if name == "completionModels":
        return await _completion_models(session)
    return _status(session, uri)


def _status(session: Session, uri: str) -> Menu:
    items = [*_fetching(session), *_pausing(session, uri), *_looking(session)]
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


def _fetching(session: Session) -> Iterator[MenuItem]:
    if session.model.status.state == "noModel":
        model = catalogue.starter()
        detail = f"{model.size >> 20} MB. {session.model.status.message}"
        command = protocol.COMMAND_FETCH_MODEL
        yield MenuItem(f"Fetch {model.title}", "cloud-download", command, detail=detail)
    if session.capabilities.menu:
        choose, answers = protocol.COMMAND_MODELS, session.model.answers.status.model
        yield MenuItem("Choose a Model…", "package", choose,
                       detail=answers or _short(session.settings.model))  # fmt: skip
        yield MenuItem("Choose a Model for Ghost Text…", "package", choose, ["completionModels"],
                       _ghost_text_by(session))  # fmt: skip


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
    now = f"In use: {running}" if running else f"Chosen: {_short(session.settings.model)}"
    if session.model.is_apart:
        now = f"{now}; ghost text: {_ghost_text_by(session)}"
    return Menu("Herdmate: Choose a Model", now, items)


async def _completion_models(session: Session) -> Menu:
    """The models that fill in, for ghost text alone."""
    known = await model_choice.models(session, "completion")
    command, role = protocol.COMMAND_CHOOSE_MODEL, "completion"
    same = "check" if not session.model.is_apart else "link"
    quick = "the best model here that writes ten tokens per second"
    items = [
        MenuItem("Same as for Answers", same, command, ["", role], known.current),
        MenuItem("Automatic", "sparkle", command, [AUTO, role], quick),
    ]
    for model in known.models:
        if model.infill:
            in_use = session.model.is_apart and model.name == known.completion
            icon = "check" if in_use else "package" if model.installed else "cloud-download"
            items.append(MenuItem(model.title, icon, command, [model.name, role], model.detail))
    now = f"In use: {_ghost_text_by(session)}"
    return Menu("Herdmate: Choose a Model for Ghost Text", now, items)


def _ghost_text_by(session: Session) -> str:
    """The model that writes ghost text."""
    if not session.model.is_apart:
        return "the model that answers"
    return session.model.apart.status.model or _short(session.settings.completion.model)


def _short(name: str) -> str:
    """A model in the settings; only the file name of a path or URL, for lack of room."""
    return re.split(r"[/\\]", name)[-1]
