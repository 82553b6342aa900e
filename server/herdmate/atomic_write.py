"""Writes our own files atomically and never through a link.

The data goes to a new, unguessable name in the same folder, which then replaces the old file, even
if that is a link. So a link planted under either name is not followed, a crash leaves the old file
intact, and other hard links to the old file are not written to.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

PRIVATE = 0o600
USUAL = 0o666
"""The usual mode for new files; the user's umask still applies."""

_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def write_whole(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Write a file, replacing any of that name. Raises ``OSError``."""
    with written_beside(path, data, mode) as new:
        os.replace(new, path)


def create_whole(path: Path, data: bytes, mode: int = USUAL) -> None:
    """Write a file that does not exist yet. Raises ``FileExistsError``, ``OSError``."""
    with written_beside(path, data, mode) as new:
        try:
            os.link(new, path, follow_symlinks=False)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError) as error:  # not every file system has hard links
            if os.path.lexists(path):
                raise FileExistsError(f"{path} exists") from error
            os.replace(new, path)


@contextmanager
def written_beside(
    path: Path, data: bytes, mode: int, like: os.stat_result | None = None
) -> Iterator[Path]:
    """A new, fully synced file next to ``path``, deleted when the block ends.

    ``like``: the file whose owner and permissions it takes.
    """
    new = path.with_name(f".herdmate-{secrets.token_hex(8)}")
    descriptor = os.open(new, _NEW, mode)
    try:
        with open(descriptor, "wb") as file:
            if like is not None:
                _take_after(file.fileno(), new, like)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield new
        _sync_folder(path.parent)
    finally:
        new.unlink(missing_ok=True)


def _take_after(descriptor: int, path: Path, like: os.stat_result) -> None:
    if hasattr(os, "fchown"):
        if os.fstat(descriptor).st_uid != like.st_uid:  # fails unless we are root
            os.fchown(descriptor, like.st_uid, -1)
        with suppress(OSError):  # losing a group that we are not in does no harm
            os.fchown(descriptor, -1, like.st_gid)
    os.chmod(path, like.st_mode & 0o7777)


def _sync_folder(folder: Path) -> None:
    """Sync the file's name to disk as well, on systems that can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def open_named(path: Path) -> TextIO:
    """Open the output file that the user named, but never a link. Raises ``OSError``."""
    return open(path, "w", encoding="utf-8", opener=_without_link)


def _without_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), USUAL)
