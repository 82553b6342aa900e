"""Resolves what the user asked for to the files to fetch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel, HuggingFaceFile
from herdmate.models.sources import about
from herdmate.models.user_sources import completed, is_given, models_of, pinned, refuse_to_hide


async def asked(name: str, folder: Path) -> tuple[CatalogueModel, ...]:
    """The files for a catalogue name, or for an address, whose host is asked about them.

    Raises ``ModelError`` for an unknown name or an invalid address, ``FetchError`` if the host does
    not have the file, or no longer has the one that was first fetched.
    """
    name = _address(name)
    if not is_given(name):
        return (catalogue.find(name),)
    models = models_of(name)
    if (known := _in_catalogue(models[0])) is not None:
        return (known,)
    for model in models:
        refuse_to_hide(model, folder)
    found = [completed(model, await about(model.sources[0]), folder) for model in models]
    return tuple(map(_with_licence, found))


def fetched(name: str, folder: Path) -> tuple[CatalogueModel, ...]:
    """The files that were fetched under a name or an address, without asking a host.

    Raises ``ModelError`` for an unknown name or an address that was never fetched.
    """
    name = _address(name)
    if not is_given(name):
        return (catalogue.find(name),)
    found = []
    for model in models_of(name):
        known = pinned(model.name, folder)
        if known is not None:
            found.append(replace(model, size=known.size, sha256=known.sha256))
    if not found:
        raise ModelError(f"{name} was never fetched, so there is nothing to remove.")
    return tuple(found)


def _address(name: str) -> str:
    """The address of a model that the catalogue knows only by it; any other name unchanged."""
    known = (item.address for item in catalogue.elsewhere() if item.name == name.lower())
    return next(known, name)


def _with_licence(model: CatalogueModel) -> CatalogueModel:
    """The model with its licence, if the catalogue knows its address."""
    known = next((item for item in catalogue.elsewhere() if item.address == model.name), None)
    if known is None:
        return model
    url, notice = catalogue.licence(known.licence)
    return replace(model, licence=known.licence, licence_url=url, notice=notice)


def _in_catalogue(model: CatalogueModel) -> CatalogueModel | None:
    """The catalogue entry for the same file, whose hash is already known."""
    (source,) = model.sources
    if not isinstance(source, HuggingFaceFile):
        return None
    for known in catalogue.models():
        first = known.sources[0]
        if isinstance(first, HuggingFaceFile) and (first.repository, first.file) == (
            source.repository,
            source.file,
        ):
            return known
    return None
