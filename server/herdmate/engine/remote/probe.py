"""Probing a remote server: which API it speaks, and what it says about its model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from herdmate.engine.remote.dialect import number, word
from herdmate.engine.remote.endpoint import Endpoint, travels_in_the_open
from herdmate.engine.remote.messages import Message, fetch_message
from herdmate.errors import EngineError, HungUpError, ServerError, UnreachableError
from herdmate.generation import SERVER_HOLE, ModelInfo
from herdmate.roles import AUTO
from herdmate.settings import EngineSettings

Api = Literal["openai", "llama-server", "ollama"]

PiecesOf = Callable[[str], Mapping[str, int]]
"""Maps a model's name to its control pieces."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A server that answers. ``model`` is the name to ask for, ``is_vllm`` one of ``openai``'s."""

    api: Api
    model: str
    info: ModelInfo
    is_vllm: bool = False


@dataclass(frozen=True, slots=True)
class _Model:
    """What a server says about a model: its names, and its context in tokens, 0 if unknown."""

    name: str
    also: str = ""
    context: int = 0
    fills_in: bool = False
    is_vllm: bool = False


async def probe(
    endpoint: Endpoint, api: Literal["auto"] | Api, model: str, context: int, pieces_of: PiecesOf
) -> ServerInfo:
    """Ask a server what it is; ``context`` (tokens) applies if it does not report its own.

    A ``context`` of 0 means the context the model was trained on, or the setting's default.

    Raises ``EngineError``: ``UnreachableError`` if no server answers, ``ServerError`` with
    ``is_loading`` if the server is still loading.
    """
    spoken = await _api_of(endpoint) if api == "auto" else api
    found = await _ASKED[spoken](endpoint, model)
    pieces = dict(pieces_of(f"{found.name} {found.also}"))
    if found.fills_in and not any(piece == "▁<PRE>" or "fim" in piece for piece in pieces):
        pieces |= dict.fromkeys(SERVER_HOLE, 0)
    context = context or found.context or EngineSettings().context_tokens
    if spoken == "ollama":  # we choose the context that it loads the model with
        context = min(context, found.context or context)
    else:
        context = found.context or context
    info = ModelInfo(
        path=found.also, name=found.name, architecture="", vocabulary="other", vocabulary_size=0,
        context=context, context_trained=found.context, layers=0, parameters=0, size=0,
        pieces=pieces, note=_note(endpoint),
    )  # fmt: skip
    return ServerInfo(spoken, found.name, info, found.is_vllm)


def _note(endpoint: Endpoint) -> str:
    where = f"It runs on {endpoint}."
    return (
        (f"{where} Your code is sent there unencrypted.")
        if travels_in_the_open(endpoint)
        else where
    )


_DECISIVE = (401, 403, 429, 502, 503, 504)
"""Statuses that say nothing about which API a server speaks."""

_SIGNS: tuple[tuple[str, str, Api], ...] = (
    ("/props", "default_generation_settings", "llama-server"),
    ("/api/version", "version", "ollama"),
)


async def _api_of(endpoint: Endpoint) -> Api:
    """The API that a server speaks; some servers hang up on paths that they do not know."""
    for path, key, api in _SIGNS:
        try:
            if key in await fetch_message(endpoint, path):
                return api
        except HungUpError:
            continue
        except UnreachableError:
            raise
        except ServerError as error:
            if error.status in _DECISIVE:
                raise
    return "openai"


async def _openai(endpoint: Endpoint, wanted: str) -> _Model:
    listed = (await fetch_message(endpoint, "/v1/models")).get("data")
    models = _by_name(listed, "id")
    name = _chosen(endpoint, wanted, models)
    about = models[name]
    return _Model(
        name, word(about.get("root")), int(number(about.get("max_model_len"))),
        is_vllm=about.get("owned_by") == "vllm",
    )  # fmt: skip


async def _llama_server(endpoint: Endpoint, wanted: str) -> _Model:
    """llama-server's only model, whatever name is wanted."""
    about = await fetch_message(endpoint, "/props")
    settings = about.get("default_generation_settings")
    context = number(settings.get("n_ctx")) if isinstance(settings, dict) else 0
    path = word(about.get("model_path"))
    named = word(about.get("model_alias")) or re.split(r"[/\\]", path)[-1]
    name = named or ("" if wanted == AUTO else wanted) or "its model"
    return _Model(name, path, int(context), await _infills(endpoint))


async def _infills(endpoint: Endpoint) -> bool:
    hole = {"input_prefix": "a", "input_suffix": "b", "n_predict": 0}
    try:
        await fetch_message(endpoint, "/infill", hole)
    except HungUpError:
        return False
    except UnreachableError:
        raise
    except EngineError:
        return False
    return True


async def _ollama(endpoint: Endpoint, wanted: str) -> _Model:
    models = _by_name((await fetch_message(endpoint, "/api/tags")).get("models"), "name")
    if wanted and wanted not in models and f"{wanted}:latest" in models:
        wanted = f"{wanted}:latest"
    name = _chosen(endpoint, wanted, models)
    about = await fetch_message(endpoint, "/api/show", {"model": name})
    facts = about.get("model_info")
    facts = facts if isinstance(facts, dict) else {}
    context = next((value for key, value in facts.items() if key.endswith(".context_length")), 0)
    able = about.get("capabilities")
    kind = "" if re.search(r"code$|code-|base|python|text", name.partition(":")[2]) else "instruct"
    return _Model(name, kind, int(number(context)), isinstance(able, list) and "insert" in able)


_ASKED: Mapping[Api, Callable[[Endpoint, str], Any]] = {
    "openai": _openai,
    "llama-server": _llama_server,
    "ollama": _ollama,
}


def _by_name(listed: object, key: str) -> dict[str, Message]:
    entries = listed if isinstance(listed, list) else []
    named = (entry for entry in entries if isinstance(entry, dict) and word(entry.get(key)))
    return {entry[key]: entry for entry in named}


def _chosen(endpoint: Endpoint, wanted: str, models: Mapping[str, Message]) -> str:
    """The model that was named, else the first that generates text. Raises ``ServerError``.

    ``auto`` is the first one too, except on a server that has a model of that name.
    """
    if wanted == AUTO and wanted not in models:
        wanted = ""
    writing = [name for name in models if "embed" not in name.lower()]
    if wanted and wanted not in models:
        there = f"it has {', '.join(writing[:8])}" if writing else "it has no models"
        raise ServerError(
            f"{endpoint} has no model {wanted} ({there}); change herdmate.remote.model.", 404
        )
    if not writing:
        raise ServerError(f"{endpoint} has no model that generates text; load one there.", 404)
    return wanted or writing[0]
