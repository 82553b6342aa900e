"""How the engine is started: with the model that the settings ask for, or a remote server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import psutil

from herdmate.engine.remote.api_key import with_key
from herdmate.engine.remote.endpoint import endpoint_of
from herdmate.engine.remote.engine import RemoteStart
from herdmate.engine.start import LlamaStart
from herdmate.errors import ModelError
from herdmate.models.adapters import fitting, size_of_all
from herdmate.models.choose import Chosen, Loaded, choose, what_fits
from herdmate.models.choose_quick import choose_quick
from herdmate.models.discovery import in_place, own
from herdmate.models.folder import model_folder
from herdmate.roles import AUTO, Role, for_role, is_apart, is_open
from herdmate.settings import Settings


def first_message(
    settings: Settings,
    control_pieces: Sequence[str],
    held: int = 0,
    role: Role = "answers",
    beside: Loaded | None = None,
) -> tuple[LlamaStart, Chosen]:
    """How to start the engine with the model that the settings ask for, and that model.

    ``held``: bytes of memory that will be freed before the model is loaded; ``beside``: the other
    role's model, which takes some. Raises ``NoModelError`` if there is no model on this machine,
    ``ModelError`` if the named one cannot be used.
    """
    engine = settings.engine
    free = psutil.virtual_memory().available + held - size_of_all(engine.adapters)
    chosen = _chosen(settings, role, free, beside)
    fit = fitting(engine.adapters, chosen.path)
    start = LlamaStart(
        str(chosen.path),
        engine.context_tokens,
        engine.threads,
        engine.gpu_layers,
        tuple(control_pieces),
        engine.weights,
        engine.kv_type,
        engine.lock_memory,
        tuple(str(adapter.path) for adapter in fit.adapters),
        tuple(adapter.scale for adapter in fit.adapters),
        chosen.name,
    )
    is_alone = role == "completion" and is_apart(settings)
    notes = (fit.of_ghost_text,) if is_alone else fit.notes
    return start, replace(chosen, note=" ".join(filter(None, (chosen.note, *notes))))


def _chosen(settings: Settings, role: Role, free: int, beside: Loaded | None) -> Chosen:
    """The model that the settings mean for a role.

    Where nothing is said about ghost text, a quick one is taken if there is one, without a word.
    """
    setting, others = for_role(settings, role).model, in_place()
    where = model_folder(), free, settings.engine.context_tokens, others, beside
    if role == "answers" or setting != AUTO or not is_apart(settings):
        return choose(setting, *where)
    if not is_open(settings):
        return choose_quick(*where)
    if len(own(model_folder())) + len(others) > 1:
        with suppress(ModelError):
            return choose_quick(*where)
    return choose(setting, *where)


def remote_start(settings: Settings, role: Role = "answers") -> RemoteStart | None:
    """The remote server to use for a role, if the settings name one. Raises ``SettingsError``."""
    remote = for_role(settings, role).remote
    if not remote.url:
        return None
    endpoint = with_key(endpoint_of(remote.url), role, settings.remote.url)
    return RemoteStart(endpoint, remote.api, remote.model, settings.engine.context_tokens)


def memory_advice(path: str, context_tokens: int) -> str:
    """What would fit instead of the model file at ``path``, which ran out of memory."""
    free = psutil.virtual_memory().available
    with suppress(OSError):  # the file is gone; only free memory counts
        free = min(free, os.stat(path).st_size)
    return what_fits(model_folder(), free, context_tokens, in_place())
