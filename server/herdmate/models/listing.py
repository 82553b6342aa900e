"""All models that a user can choose from: those in the catalogue and those on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.choose import needed_memory
from herdmate.models.discovery import Found, own
from herdmate.models.report import Report, report


@dataclass(frozen=True, slots=True)
class Listed:
    """A model under the name that the setting ``model`` takes.

    ``size`` and ``needs`` (memory including the KV cache) are in bytes; ``active`` is the share of
    the weights that is read for each token, as far as that is known; ``context`` is its training
    context in tokens, 0 if unknown. ``path`` is ``None`` for one that can be fetched; ``place`` is
    the program that has it, empty for Herdmate itself.
    """

    name: str
    title: str
    family: str
    size: int
    needs: int
    quant: str
    context: int
    infill: bool
    instruct: bool
    licence: str
    path: Path | None
    place: str = ""
    active: float = 1.0


def listed(folder: Path, context_tokens: int, others: Sequence[Found] = ()) -> tuple[Listed, ...]:
    """Models on this machine, then those that could be fetched; only ones that generate text.

    ``others`` are other programs' models.
    """
    found: list[Listed] = []
    for item in (*own(folder), *others):
        model = here(item, context_tokens)
        if model is not None and model.name not in {known.name for known in found}:
            found.append(model)
    known = {model.name for model in found}
    every = (_of_catalogue(model, context_tokens) for model in catalogue.models())
    return (*found, *(model for model in every if model.name not in known))


def here(item: Found, context_tokens: int) -> Listed | None:
    """A local model, under its catalogue name if it has one; ``None`` if it is not usable."""
    found = _read(item.path, item.size, context_tokens)
    if found is None or not found.loads:
        return None
    if item.model is not None:
        known = _of_catalogue(item.model, context_tokens)
        return replace(known, path=item.path, place=item.place)
    return Listed(
        name=item.name,
        title=item.path.stem if item.path.suffix == ".gguf" else item.name,  # Ollama's are hashes
        family=found.architecture,
        size=item.size,
        needs=found.memory,
        quant=found.quant,
        context=found.context,
        infill="infill" in found.abilities,
        instruct="instruct" in found.abilities,
        licence=found.licence,
        path=item.path,
        place=item.place,
    )


def _of_catalogue(model: CatalogueModel, context_tokens: int) -> Listed:
    return Listed(
        name=model.name,
        title=model.title,
        family=model.kind,
        size=model.size,
        needs=needed_memory(model.size, model, context_tokens),
        quant=model.quant,
        context=model.context,
        infill=model.infill,
        instruct=model.instruct,
        licence=model.licence,
        path=None,
        active=model.active,
    )


@lru_cache(maxsize=256)
def _read(path: Path, _size: int, context_tokens: int) -> Report | None:
    """A file's report, cached by path and size: lists are requested often, files hardly change."""
    try:
        return report(path, context_tokens)
    except (ModelError, OSError):
        return None
