"""The models for a picker, and choosing one; the same in every editor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import psutil

from herdmate.lsp.handlers import configuration
from herdmate.lsp.handlers.model_fetching import fetch_named, load_chosen
from herdmate.lsp.protocol import ModelEntry, ModelList
from herdmate.lsp.session import Session
from herdmate.models import catalogue
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.listing import Listed, listed
from herdmate.models.recommend import written_a_second
from herdmate.models.user_sources import is_given


async def models(session: Session) -> ModelList:
    """All models, and whether each fits into the memory that is free now."""
    context = session.settings.engine.context_tokens
    found = await asyncio.to_thread(_listed, context)
    free = psutil.virtual_memory().available + session.model.answers.host.held_memory()
    running = Path(session.model.answers.path) if session.model.answers.path else None
    current = next((model.name for model in found if running and model.path == running), "")
    speed = session.model.answers.host.latency.writing
    entries = [_entry(model, free, speed if model.name == current else 0.0) for model in found]
    return ModelList(entries, current)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The model that the user chose: its name or address, and whether it is on this machine."""

    name: str
    is_here: bool


async def find(session: Session, name: str) -> Wanted:
    """Look up a name that the user chose; empty means ``auto``.

    Raises ``ModelError`` if it is neither a known model nor a place to fetch one from.
    """
    if name in ("", "auto"):
        return Wanted("auto", is_here=True)
    if is_given(name):
        return Wanted(name, is_here=False)
    found = await asyncio.to_thread(_listed, session.settings.engine.context_tokens)
    model = next((model for model in found if model.name == name), None)
    if model is None:
        catalogue.find(name)
    return Wanted(name, is_here=model is not None and model.path is not None)


async def choose_model(session: Session, wanted: Wanted) -> None:
    """Use a model from now on, fetching it first if needed. Raises ``HerdmateError``.

    Once it is fetched, a model that the user has chosen in the meantime stays in use.
    """
    session.model.choices += 1
    choice, before = session.model.choices, session.settings.model
    name = wanted.name
    if not wanted.is_here:
        file = await fetch_named(session, name)
        if session.model.choices != choice or session.settings.model != before:
            return
        name = file.name if is_given(name) else name
    is_news = wanted.is_here or name != session.settings.model
    if session.capabilities.configure and is_news:
        await configuration.change(session, "model", None if name == "auto" else name)
        return
    configuration.choose_model(session, name)
    await load_chosen(session)


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
    guess = written_a_second(model.size)
    speed = f"{f'~{guess:.0f}' if guess >= 1 else '<1'} tokens/s on CPU"
    said = (
        needs if fits else f"does not fit: {needs}",
        _LACKS[model.infill, model.instruct],
        f"{measured:.1f} tokens/s" if measured else speed if fits else "",
        "" if model.path else f"{model.size / 1e9:.1f} GB to fetch",
        f"in {model.place}" if model.place else "",
        model.licence.replace("Community License", "licence"),
    )
    return ", ".join(filter(None, said))


_LACKS = {
    (True, True): "",
    (True, False): "not instruction-tuned",
    (False, True): "no ghost text",
    (False, False): "continues text only",
}
"""Keyed by whether a model fills in, and whether it follows instructions."""
