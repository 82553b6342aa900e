"""What starts the engine: the model that the settings ask for, and whether memory suffices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psutil

from herdmate.engine.client import start_llama
from herdmate.engine.remote.api_key import with_key
from herdmate.engine.remote.endpoint import endpoint_of
from herdmate.engine.remote.engine import RemoteStart
from herdmate.errors import HerdmateError
from herdmate.models.choose import Chosen, choose, what_fits
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.settings import Settings


def first_message(
    settings: Settings, control_pieces: Sequence[str]
) -> tuple[dict[str, Any], Chosen]:
    """What starts the engine with the model that the settings ask for, and which that is.

    Raises ``NoModelError`` when no model is on this machine, ``ModelError`` when the one that was
    named cannot be used.
    """
    engine = settings.engine
    chosen = choose(
        settings.model,
        model_folder(),
        psutil.virtual_memory().available,
        engine.context_tokens,
        in_place(),
    )
    message = start_llama(
        str(chosen.path),
        engine.context_tokens,
        engine.threads,
        engine.gpu_layers,
        control_pieces,
        engine.weights,
        engine.kv_type,
        engine.lock_memory,
    )
    return message, chosen


def remote_start(settings: Settings) -> RemoteStart | None:
    """Whom to ask instead, where the settings name a server. Raises ``SettingsError``."""
    remote = settings.remote
    if not remote.url:
        return None
    endpoint = with_key(endpoint_of(remote.url))
    return RemoteStart(endpoint, remote.api, remote.model, settings.engine.context_tokens)


def memory_warning(settings: Settings, held: int) -> str:
    """Why the model that was named should not be loaded; empty where it fits or cannot be read.

    ``held``: bytes that will be free by then.
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
    """What would fit in the place of a model for which there was not enough memory."""
    free, others = psutil.virtual_memory().available, in_place()
    context = settings.engine.context_tokens
    try:
        chosen = choose(settings.model, model_folder(), free, context, others)
        free = min(free, chosen.path.stat().st_size)
    except (HerdmateError, OSError):
        pass  # what was loaded is gone; what is free counts
    return what_fits(model_folder(), free, context, others)
