"""All models that a user can choose from: what the catalogue has and what is on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.choose import needed_memory
from herdmate.models.folder import present
from herdmate.models.report import Report, report


@dataclass(frozen=True, slots=True)
class Listed:
    """A model by the name that the setting ``model`` takes.

    ``size`` and ``needs`` (memory with a KV cache) are bytes, ``context`` is what it was trained on
    in tokens, 0 where that is not known. ``path`` is ``None`` for one that can be fetched.
    """

    name: str
    title: str
    size: int
    needs: int
    quant: str
    context: int
    infill: bool
    instruct: bool
    licence: str
    path: Path | None


def listed(folder: Path, context_tokens: int) -> tuple[Listed, ...]:
    """What is there before what could be fetched; files that are no models are left out."""
    here = tuple(_here(folder, context_tokens))
    known = {model.name for model in here}
    others = (_listed(model, context_tokens) for model in catalogue.models())
    return (*here, *(model for model in others if model.name not in known))


def _here(folder: Path, context_tokens: int) -> Iterator[Listed]:
    for path in present(folder):
        if (model := catalogue.of_file(path)) is not None:
            yield _listed(model, context_tokens, path)
        elif (found := _read(path, path.stat().st_size, context_tokens)) is not None:
            yield Listed(
                path.name, found.name, found.size, found.memory, found.quant, found.context,
                "infill" in found.abilities, "instruct" in found.abilities, "", path,
            )  # fmt: skip


def _listed(model: CatalogueModel, context_tokens: int, path: Path | None = None) -> Listed:
    needs = needed_memory(model.size, model, context_tokens)
    return Listed(
        model.name, model.title, model.size, needs, model.quant, model.context, model.infill,
        model.instruct, model.licence, path,
    )  # fmt: skip


@lru_cache(maxsize=256)
def _read(path: Path, size: int, context_tokens: int) -> Report | None:
    """A list is asked for often, and files of one size and name hardly change."""
    try:
        return report(path, context_tokens)
    except (ModelError, OSError):
        return None
