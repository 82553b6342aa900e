"""The menus of models: what is recommended here and a few others first, everything on request."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from herdmate.lsp import protocol
from herdmate.lsp.handlers import model_choice
from herdmate.lsp.handlers.recommendation import alternatives, in_short, recommendation
from herdmate.lsp.protocol import Menu, MenuItem, ModelEntry, ModelList
from herdmate.lsp.session import Session
from herdmate.models.pair import Advice
from herdmate.models.recommend import Machine
from herdmate.roles import AUTO, SAME, for_role

_OTHERS = 3
"""How many models that are not on this machine are shown before all are."""


@dataclass(frozen=True, slots=True)
class _Role:
    """What differs between the menus for answers and for ghost text."""

    arguments: list[str]
    all: str
    title: str


_ANSWERS = _Role([], "allModels", "Herdmate: Choose a Model")
_GHOST = _Role(["completion"], "allCompletionModels", "Herdmate: Choose a Model for Ghost Text")


async def _models(session: Session) -> Menu:
    known = await model_choice.models(session)
    machine, advice = await recommendation(session)
    items = [
        *_recommended(known, machine, advice),
        *_rows(_here_and_others(known.models, advice), known.current, _ANSWERS),
        _automatic(), _show_all(_ANSWERS),
    ]  # fmt: skip
    return Menu(_ANSWERS.title, _in_use(session, known), items)


async def _all_models(session: Session) -> Menu:
    known = await model_choice.models(session)
    items = [_automatic(), *_rows(known.models, known.current, _ANSWERS)]
    return Menu(_ANSWERS.title, _in_use(session, known), items)


async def _completion_models(session: Session) -> Menu:
    known = await model_choice.models(session, "completion")
    machine, advice = await recommendation(session)
    shown = advice.pair.ghost.model.name if advice.pair else ""
    few = _here_and_others(_that_fill_in(known), advice, shown)
    items = [
        *_recommended_for_ghost_text(known, machine, advice),
        *_rows(few, _apart(session, known), _GHOST),
        *_without_a_name(session, known), _show_all(_GHOST),
    ]  # fmt: skip
    return Menu(_GHOST.title, f"In use: {_ghost_text_in_use(session, known)}", items)


async def _all_completion_models(session: Session) -> Menu:
    known = await model_choice.models(session, "completion")
    rows = _rows(_that_fill_in(known), _apart(session, known), _GHOST)
    items = [*_without_a_name(session, known), *rows]
    return Menu(_GHOST.title, f"In use: {_ghost_text_in_use(session, known)}", items)


MENUS: dict[str, Callable[[Session], Coroutine[Any, Any, Menu]]] = {
    "models": _models,
    "completionModels": _completion_models,
    "allModels": _all_models,
    "allCompletionModels": _all_completion_models,
}


def _recommended(known: ModelList, machine: Machine, advice: Advice) -> Iterator[MenuItem]:
    """The pair; either row chooses both."""
    if (pair := advice.pair) is None:
        return
    command = protocol.COMMAND_USE_RECOMMENDED
    in_use = (pair.answers.model.name, pair.ghost.model.name) == (known.current, known.completion)
    icon = "check" if in_use else "star-full"
    label, detail = pair.answers.model.title, in_short(pair.answers, pair, machine)
    yield MenuItem(f"Recommended for this machine: {label}", icon, command, detail=detail)
    if not pair.is_one:
        label, detail = pair.ghost.model.title, in_short(pair.ghost, pair, machine)
        yield MenuItem(f"With it, for ghost text: {label}", icon, command, detail=detail)


def _recommended_for_ghost_text(
    known: ModelList, machine: Machine, advice: Advice
) -> Iterator[MenuItem]:
    if (pair := advice.pair) is None:
        return
    model = pair.ghost.model
    icon = "check" if model.name == known.completion else "star-full"
    arguments = [model.name, *_GHOST.arguments]
    yield MenuItem(
        f"Recommended for this machine: {model.title}", icon, protocol.COMMAND_CHOOSE_MODEL,
        arguments, in_short(pair.ghost, pair, machine),
    )  # fmt: skip


def _here_and_others(
    models: Iterable[ModelEntry], advice: Advice, shown: str = ""
) -> list[ModelEntry]:
    """All models on this machine except the one ``shown``, and a few others worth comparing.

    The recommended ones have another row, but that chooses both.
    """
    named = list(alternatives(advice, _OTHERS))
    others = [model for model in models if model.name != shown]
    here = [model for model in others if model.installed]
    more = [model for model in others if model.name in named and not model.installed]
    return here + sorted(more, key=lambda model: named.index(model.name))


def _rows(models: Iterable[ModelEntry], current: str, role: _Role) -> Iterator[MenuItem]:
    command = protocol.COMMAND_CHOOSE_MODEL
    for model in models:
        icon = "check" if model.name == current else "package"
        icon = icon if model.installed else "cloud-download"
        arguments = [model.name, *role.arguments]
        yield MenuItem(model.title, icon, command, arguments, model.detail)


def _show_all(role: _Role) -> MenuItem:
    return MenuItem("Show All…", "list-flat", protocol.COMMAND_MODELS, [role.all])


def _automatic() -> MenuItem:
    best = "the largest CodeLlama-Instruct here that fits, otherwise another model on this machine"
    return MenuItem("Automatic", "sparkle", protocol.COMMAND_CHOOSE_MODEL, [AUTO], best)


def _without_a_name(session: Session, known: ModelList) -> Iterator[MenuItem]:
    command = protocol.COMMAND_CHOOSE_MODEL
    same = "check" if not session.model.is_apart else "link"
    quick = "the best model here that writes ten tokens per second"
    current = _title(known, known.current)
    yield MenuItem("Same as for Answers", same, command, [SAME, *_GHOST.arguments], current)
    yield MenuItem("Automatic", "sparkle", command, [AUTO, *_GHOST.arguments], quick)


def _that_fill_in(known: ModelList) -> list[ModelEntry]:
    return [model for model in known.models if model.infill]


def _apart(session: Session, known: ModelList) -> str:
    """The name of the model that writes ghost text alone, or empty."""
    return known.completion if session.model.is_apart else ""


def _in_use(session: Session, known: ModelList) -> str:
    running = _title(known, known.current) or session.model.status.model
    chosen = _title(known, session.settings.model) or short_name(session.settings.model)
    now = f"In use: {running}" if running else f"Chosen: {chosen}"
    ghost = _ghost_text_in_use(session, known)
    return f"{now}; ghost text: {ghost}" if session.model.is_apart else now


def _ghost_text_in_use(session: Session, known: ModelList) -> str:
    running = session.model.is_apart and session.model.apart.status.model
    return running or _title(known, _apart(session, known)) or ghost_text_by(session)


def _title(known: ModelList, name: str) -> str:
    """The title of a listed model, as its row has it, or empty."""
    return next((model.title for model in known.models if model.name == name), "")


def ghost_text_by(session: Session) -> str:
    """The model that writes ghost text."""
    if not session.model.is_apart:
        return "the model that answers"
    chosen = for_role(session.settings, "completion")
    return session.model.apart.status.model or short_name(chosen.remote.model or chosen.model)


def short_name(name: str) -> str:
    """A model in the settings; only the file name of a path or URL, for lack of room."""
    return re.split(r"[/\\]", name)[-1]
