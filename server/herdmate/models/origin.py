"""Where a model comes from, in words: said before it is fetched, and after."""

from __future__ import annotations

from collections.abc import Sequence

from herdmate.models.catalogue import CatalogueModel
from herdmate.models.sources import host_of


def origin(models: Sequence[CatalogueModel]) -> str:
    """What is to be fetched: names, sizes, licences and hashes, and from which host."""
    files = " and ".join(
        f"{model.title} ({', '.join((megabytes(model.size), model.licence, *_hash(model)))})"
        for model in models
    )
    hosts = " and ".join(dict.fromkeys(host_of(model.sources[0]) for model in models))
    return f"{files} from {hosts}"


def fetched(model: CatalogueModel, way: str) -> str:
    """What has been fetched, how, and that it is what was meant."""
    said = f"{model.title} was fetched {way}: {megabytes(model.size)}, {model.licence}."
    return f"{said} Its SHA-256 is the known one, {model.sha256}." if model.sha256 else said


def megabytes(size: int) -> str:
    """Bytes in words."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _hash(model: CatalogueModel) -> tuple[str, ...]:
    return (f"SHA-256 {model.sha256[:12]}…",) if model.sha256 else ()
