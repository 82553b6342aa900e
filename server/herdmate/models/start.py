"""How the engine is started: the model that the settings ask for, and whether memory suffices."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from herdmate.engine.remote.api_key import with_key
from herdmate.engine.remote.endpoint import endpoint_of
from herdmate.engine.remote.engine import RemoteStart
from herdmate.engine.start import LlamaStart
from herdmate.errors import HerdmateError
from herdmate.models.choose import Chosen, choose, what_fits
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.settings import Settings


def first_message(settings: Settings, control_pieces: Sequence[str]) -> tuple[LlamaStart, Chosen]:
    """How to start the engine with the model that the settings ask for, and that model.

    Raises ``NoModelError`` if there is no model on this machine, ``ModelError`` if the named one
    cannot be used.
    """
    engine = settings.engine
    chosen = choose(
        settings.model,
        model_folder(),
        psutil.virtual_memory().available,
        engine.context_tokens,
        in_place(),
    )
    start = LlamaStart(
        str(chosen.path),
        engine.context_tokens,
        engine.threads,
        engine.gpu_layers,
        tuple(control_pieces),
        engine.weights,
        engine.kv_type,
        engine.lock_memory,
    )
    return start, chosen


def remote_start(settings: Settings) -> RemoteStart | None:
    """The remote server to use instead, if the settings name one. Raises ``SettingsError``."""
    remote = settings.remote
    if not remote.url:
        return None
    endpoint = with_key(endpoint_of(remote.url))
    return RemoteStart(endpoint, remote.api, remote.model, settings.engine.context_tokens)


def memory_warning(settings: Settings, held: int) -> str:
    """Why the named model should not be loaded; empty if it fits or cannot be read.

    ``held``: bytes that will be freed by then.
    """
    free = psutil.virtual_memory().available + held
    if settings.remote.url:
        return ""
    try:
        chosen = choose(
            settings.model, model_folder(), free, settings.engine.context_tokens, in_place()
        )
    except HerdmateError:
        return ""
    return "" if settings.model == "auto" else chosen.note


def memory_advice(settings: Settings) -> str:
    """What would fit instead of a model that ran out of memory."""
    free, others = psutil.virtual_memory().available, in_place()
    context = settings.engine.context_tokens
    try:
        chosen = choose(settings.model, model_folder(), free, context, others)
        free = min(free, chosen.path.stat().st_size)
    except (HerdmateError, OSError):
        pass  # the model is gone; only free memory counts
    return what_fits(model_folder(), free, context, others)
