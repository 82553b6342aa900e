"""The models for a picker, and choosing one; the same in every editor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from herdmate.lsp.action_arguments import wrong
from herdmate.lsp.handlers import configuration
from herdmate.lsp.handlers.model_fetching import fetch_named, load_chosen
from herdmate.lsp.handlers.recommendation import short_licence, short_speed
from herdmate.lsp.protocol import ModelEntry, ModelList
from herdmate.lsp.session import Session
from herdmate.lsp.state import RoleModel
from herdmate.models import catalogue
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.listing import Listed, listed
from herdmate.models.recommend import written_a_second
from herdmate.models.user_sources import is_given
from herdmate.roles import AUTO, SAME, Role


async def models(session: Session, role: Role = "answers") -> ModelList:
    """All models, and whether each fits into the memory that is free now.

    For a ``role``: what its own model takes would be free.
    """
    context = session.settings.engine.context_tokens
    found = await asyncio.to_thread(_listed, context)
    free = psutil.virtual_memory().available + session.model.of(role).host.held_memory()
    answers, completion = session.model.answers, session.model.completion
    speeds = {_name_of(model, found): model.host.latency.writing for model in (completion, answers)}
    entries = [_entry(model, free, speeds.get(model.name, 0.0)) for model in found]
    return ModelList(entries, _name_of(answers, found), _name_of(completion, found))


def _name_of(model: RoleModel, found: Sequence[Listed]) -> str:
    """The name under which a running model is listed, or empty."""
    running = Path(model.path) if model.path else None
    return next((item.name for item in found if running and item.path == running), "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The model that the user chose: its name or address, and whether it is on this machine."""

    name: str
    is_here: bool


def role_from_lsp(role: str) -> Role:
    """The role that a command's argument names; raises ``JsonRpcException``."""
    if role not in ("", "answers", "completion"):
        raise wrong("The command's second argument must be answers, completion, or omitted.")
    return "completion" if role == "completion" else "answers"


async def find(session: Session, name: str, role: Role = "answers") -> Wanted:
    """Look up a name that the user chose for a role.

    Empty means what the settings mean without it. Raises ``ModelError`` if it is neither a known
    model nor a place to fetch one from.
    """
    if name in ("", AUTO) or (role == "completion" and name == SAME):
        return Wanted(name or _DEFAULTS[role], is_here=True)
    if is_given(name):
        return Wanted(name, is_here=False)
    found = await asyncio.to_thread(_listed, session.settings.engine.context_tokens)
    model = next((model for model in found if model.name == name), None)
    if model is None:
        catalogue.find(name)
    return Wanted(name, is_here=model is not None and model.path is not None)


async def choose_model(session: Session, wanted: Wanted, role: Role = "answers") -> None:
    """Use a model for a role from now on, fetching it first if needed. Raises ``HerdmateError``.

    Once it is fetched, a model that the user has chosen in the meantime stays in use.
    """
    model = session.model.of(role)
    model.choices += 1
    choice, before = model.choices, _named(session, role)
    name = wanted.name
    if not wanted.is_here:
        file = await fetch_named(session, name)
        if model.choices != choice or _named(session, role) != before:
            return
        name = file.name if is_given(name) else name
    is_news = wanted.is_here or name != _named(session, role)
    if session.capabilities.configure and is_news:
        value = None if name == _DEFAULTS[role] else name
        await configuration.change(session, _SETTINGS[role], value)
        return
    configuration.choose_model(session, name, role)
    await load_chosen(session)


_SETTINGS: dict[Role, str] = {"answers": "model", "completion": "completion.model"}
_DEFAULTS: dict[Role, str] = {"answers": AUTO, "completion": ""}


def _named(session: Session, role: Role) -> str:
    """What the settings name as the model of a role."""
    settings = session.settings
    return settings.model if role == "answers" else settings.completion.model


def _listed(context_tokens: int) -> tuple[Listed, ...]:
    return listed(model_folder(), context_tokens, in_place())


def _entry(model: Listed, free: int, measured: float) -> ModelEntry:
    return ModelEntry(
        model.name, model.title, model.size, model.quant, model.context, model.infill,
        model.instruct, model.path is not None, model.needs <= free, _detail(model, free, measured),
    )  # fmt: skip


def _detail(model: Listed, free: int, measured: float) -> str:
    """What helps to choose, most important first: VS Code cuts it off after 90 characters.

    Whether the model fits, what it cannot do, how fast it is, where it is, and its licence.
    """
    fits = model.needs <= free
    needs = f"needs {model.needs / 1e9:.1f} GB, {free / 1e9:.1f} GB free"
    guess = written_a_second(model.size * model.active)
    speed = f"{short_speed(guess)} on CPU"
    said = (
        needs if fits else f"does not fit: {needs}",
        _LACKS[model.infill, model.instruct],
        f"{measured:.1f} tokens/s" if measured else speed if fits else "",
        "" if model.path else f"{model.size / 1e9:.1f} GB to fetch",
        f"in {model.place}" if model.place else "",
        short_licence(model.licence),
    )
    return ", ".join(filter(None, said))


_LACKS = {
    (True, True): "",
    (True, False): "not instruction-tuned",
    (False, True): "no ghost text",
    (False, False): "continues text only",
}
"""Keyed by whether a model fills in, and whether it follows instructions."""
