"""Fetching a model file from the first source that has it, complete and with the pinned hash."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

from filelock import FileLock, Timeout

from herdmate.errors import FetchError, ModelError
from herdmate.models.catalogue import CatalogueModel, Source
from herdmate.models.discovery import Found
from herdmate.models.inspect import why_no_model
from herdmate.models.sources import about, collect, partial_folder_name, title_of, way_of
from herdmate.models.user_sources import Pin, changed, is_given, pin, pinned

_SPARE = 200 * 1024 * 1024  # room for one wheel beside the growing file
_WAIT_SECONDS = 0.5
_HASH_STEP = 16 * 1024 * 1024  # bytes hashed between progress reports and chances to cancel


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """A fetch's progress. ``done`` and ``total`` are in bytes; ``source`` is for display.

    ``way`` says from which host it comes, and in pieces if it does.
    """

    phase: Literal["waiting", "fetching", "checking"]
    done: int
    total: int
    source: str = ""
    way: str = ""


class _OtherFileError(FetchError):
    """A user's source no longer has the file that was first fetched, or has no model."""


OnProgress = Callable[[FetchProgress], None]


async def fetch(
    model: CatalogueModel, folder: Path, on_progress: OnProgress, others: Sequence[Found] = ()
) -> Path:
    """The path of the model's file in ``folder``, fetched if it is not there.

    If another program has the same file (``others``), its file is checked and returned instead.

    Cancelling loses nothing: the next fetch resumes. A second process waits for the first. Raises
    ``FetchError`` if no source has the right file, or the disk has no room for it.
    """
    final = folder / model.file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        async with _lock(_lock_path(model, folder), model, on_progress):
            if not (final.exists() and model.has_size(final.stat().st_size)):
                if (path := await _in_place(model, others, on_progress)) is not None:
                    return path
                await _from_any_source(model, folder, final, on_progress)
    except OSError as error:
        raise FetchError(
            f"{folder} is not writable ({error.strerror or error}); set HERDMATE_HOME to a "
            "writable folder."
        ) from error
    return final


def remove(model: CatalogueModel, folder: Path) -> None:
    """Remove the model's file, whole or partial, and its pin; ``ModelError`` if there is none."""
    final, partial = folder / model.file, _partial(model, folder)
    is_pinned = pinned(model.name, folder) is not None
    if not (os.path.lexists(final) or os.path.exists(partial) or is_pinned):
        raise ModelError(f"{model.file} is not in {folder}, so there is nothing to remove.")
    try:
        with FileLock(_lock_path(model, folder), timeout=0):
            final.unlink(missing_ok=True)
            if is_given(model.name):
                pin(model.name, None, folder)
            shutil.rmtree(partial, ignore_errors=True)
    except Timeout as error:
        raise ModelError(
            f"{model.title} is being fetched by another Herdmate; stop that first."
        ) from error
    except OSError as error:
        raise ModelError(
            f"{model.file} cannot be removed ({error.strerror or error}); close the program that "
            "uses it."
        ) from error


async def _in_place(
    model: CatalogueModel, others: Sequence[Found], on_progress: OnProgress
) -> Path | None:
    """Another program's file with the pinned hash, if there is one; skips unreadable files."""
    for item in others:
        if item.model != model:
            continue
        place = item.place

        def tell(done: int, place: str = place) -> None:
            on_progress(FetchProgress("checking", done, model.size, place))

        with suppress(OSError):
            if await _sha256(item.path, tell) == model.sha256:
                return item.path
    return None


async def _from_any_source(
    model: CatalogueModel, folder: Path, final: Path, on_progress: OnProgress
) -> None:
    if model.rounded:
        found = await about(model.sources[0])
        model = replace(model, size=int(found["size"]), rounded=False)
    partial = _partial(model, folder)
    _check_disk(model, folder, partial)
    reasons = []
    for source in model.sources:
        try:
            await _try(model, source, partial / partial_folder_name(source), final, on_progress)
        except _OtherFileError:
            raise
        except (FetchError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            reasons.append(f"{title_of(source)}: {reason}")
            continue
        shutil.rmtree(partial, ignore_errors=True)
        return
    raise FetchError(
        f"{model.title} could not be fetched ({'; '.join(reasons)}). Connect to the network and "
        f"try again, or download {model.file} yourself and set herdmate.model to its path."
    )


async def _try(
    model: CatalogueModel, source: Source, place: Path, final: Path, on_progress: OnProgress
) -> None:
    title, way = title_of(source), way_of(source)

    def tell(done: int) -> None:
        on_progress(FetchProgress("fetching", min(done, model.size), model.size, title, way))

    def tell_checked(done: int) -> None:
        on_progress(FetchProgress("checking", done, model.size, title))

    tell(0)
    whole = await collect(source, model.size, place, tell)
    sha256 = await _sha256(whole, tell_checked)
    if model.sha256 and sha256 != model.sha256:
        shutil.rmtree(place, ignore_errors=True)
        if is_given(model.name):
            raise _OtherFileError(changed(model))
        raise FetchError("its checksum is wrong, so the file was removed")
    if is_given(model.name):
        _refuse_no_model(model, whole, place)
        pin(model.name, Pin(model.size, sha256), final.parent)
    await asyncio.to_thread(_sync, whole)
    whole.replace(final)


def _refuse_no_model(model: CatalogueModel, whole: Path, place: Path) -> None:
    """Raise and remove the file if it is not a model: its hash must not be pinned then."""
    if fault := why_no_model(whole):
        shutil.rmtree(place, ignore_errors=True)
        raise _OtherFileError(
            f"{model.file} {fault}, so it was not kept; use the address of a GGUF model."
        )


async def _sha256(path: Path, tell: Callable[[int], None]) -> str:
    """A file's SHA-256, computed in steps so that a cancel need not wait for 20 GB."""
    digest = hashlib.sha256()

    def step(file: BinaryIO) -> int:
        block = file.read(_HASH_STEP)
        digest.update(block)
        return len(block)

    done = 0
    with path.open("rb") as file:
        while count := await asyncio.to_thread(step, file):
            done += count
            tell(done)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Flush the bytes to disk before the file gets its final name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


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
    needed = model.size + _SPARE - _folder_size(partial)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FetchError(
            f"{model.title} needs {needed / 1e9:.1f} GB in {folder} but only {free / 1e9:.1f} GB "
            "is free; free up space, or set HERDMATE_HOME to a folder elsewhere."
        )


def _folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _partial(model: CatalogueModel, folder: Path) -> Path:
    return folder / ".partial" / (model.file if is_given(model.name) else model.name)


def _lock_path(model: CatalogueModel, folder: Path) -> Path:
    return folder / f".{model.file}.lock"
