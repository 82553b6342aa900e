"""The models for a picker, and choosing one; the same in every editor."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil

from herdmate.lsp.handlers import configuration
from herdmate.lsp.handlers.model_fetching import load_chosen, pull_model
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
    free = psutil.virtual_memory().available + session.model.host.held_memory()
    running = Path(session.model.path) if session.model.path else None
    current = next((model.name for model in found if running and model.path == running), "")
    speed = session.model.host.latency.writing
    entries = [_entry(model, free, speed if model.name == current else 0.0) for model in found]
    return ModelList(entries, current)


async def check(session: Session, name: str) -> None:
    """Raise ``ModelError`` if the name is neither a known model nor a place to fetch one from."""
    if name in ("", "auto") or is_given(name):
        return
    if all(model.name != name for model in (await models(session)).models):
        catalogue.find(name)


async def choose_model(session: Session, name: str) -> None:
    """Use a model from now on, fetching it first if needed. Raises ``HerdmateError``."""
    name = name or "auto"
    here = next((model for model in (await models(session)).models if model.name == name), None)
    if name != "auto" and not (here and here.installed):
        await pull_model(session, name)
    if session.capabilities.configure:
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
    needs = f"needs {model.needs / 1e9:.1f} of {free / 1e9:.1f} GB free"
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
    (True, False): "no instructions",
    (False, True): "no ghost text",
    (False, False): "continues text only",
}
"""Keyed by whether a model fills in, and whether it follows instructions."""
