"""Writes the user's files: whole or not at all, and never over a later change."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from herdmate.atomic_write import USUAL, create_whole, written_beside
from herdmate.bounded_read import UnsuitableFileError, read_bytes
from herdmate.context.git_config import repository_of
from herdmate.errors import RefusedError


def replace(path: Path, before: bytes | None, after: bytes) -> None:
    """Write a file only if it still holds ``before``; ``None`` means it must not exist yet.

    The file keeps its owner and permissions. Other hard links to it keep the old text. Raises
    ``RefusedError`` if it has changed since, is a link or is protected from writing, and
    ``OSError`` if writing fails.
    """
    if path.is_symlink():
        raise _leads_elsewhere(path)
    if before is None:
        try:
            create_whole(path, after)
        except FileExistsError as error:
            raise _changed(path) from error
        return
    try:
        found = os.lstat(path)
    except FileNotFoundError as error:
        raise _changed(path) from error
    _refuse_read_only(path, found)
    try:
        with written_beside(path, after, USUAL, like=found) as new:
            _refuse_change(path, found, before)
            os.replace(new, path)
    except PermissionError as error:
        if not hasattr(os, "geteuid") or found.st_uid == os.geteuid():  # Windows has no such
            raise
        raise RefusedError(
            f"{path} belongs to another user, so it was not written; copy it first."
        ) from error


def remove(path: Path, before: bytes) -> None:
    """Delete a file only if it still holds ``before``.

    Raises ``RefusedError`` if it has changed since, is a link or is protected from writing, and
    ``OSError`` if deleting fails.
    """
    if path.is_symlink():
        raise _leads_elsewhere(path)
    refuse_unwritable(path)
    _refuse_change(path, os.lstat(path), before)
    path.unlink()


def refuse_unwritable(path: Path) -> None:
    """Raise ``RefusedError`` if the file, or the folder that it is in, cannot be written."""
    _refuse_read_only(path, os.stat(path))
    if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise RefusedError(
            f"{path.absolute().parent} is read-only, so nothing in it was written; make it "
            "writable first."
        )


def _refuse_read_only(path: Path, found: os.stat_result) -> None:
    if not found.st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        raise RefusedError(f"{path} is read-only, so it was not written; make it writable first.")


def refuse_links(path: Path) -> None:
    """Raise ``RefusedError`` if the file is a link, or its path goes through one inside a project.

    A link further up, such as ``/tmp`` on macOS, is no threat: anyone who could create it could
    write anywhere below it.
    """
    whole = path.absolute()
    for at in (whole, *whole.parents):
        if at.is_symlink() and (at == whole or _is_of_a_project(at.parent)):
            raise _leads_elsewhere(path)


def _is_of_a_project(folder: Path) -> bool:
    real, here = folder.resolve(), Path.cwd().resolve()
    return real == here or here in real.parents or repository_of(real) is not None


def _refuse_change(path: Path, found: os.stat_result, before: bytes) -> None:
    try:
        now = os.lstat(path)
        is_same = os.path.samestat(found, now) and stat.S_ISREG(now.st_mode)
        if not is_same or read_bytes(path, len(before)) != before:
            raise _changed(path)
    except (FileNotFoundError, UnsuitableFileError) as error:
        raise _changed(path) from error


def _changed(path: Path) -> RefusedError:
    return RefusedError(
        f"{path} has changed in the meantime, so it was not overwritten; run the command again."
    )


def _leads_elsewhere(path: Path) -> RefusedError:
    return RefusedError(
        f"{path} leads through a link to {path.resolve()}, so it was not written; use that path "
        "if you mean that file."
    )
