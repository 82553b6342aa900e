"""Files of ours are written whole or not at all, and through nobody's link.

What is written grows under a name that nobody can guess, made anew in the same folder, and then
takes the place of the old file, link or not. So a link that waits under either name is not
followed, a crash leaves the old file, and no other name of the old one (a hard link) is written.
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
"""As any program makes files: what the user's mask takes away is taken away."""

_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def write_whole(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Write a file in place of what has its name. Raises ``OSError``."""
    with written_beside(path, data, mode) as new:
        os.replace(new, path)


def create_whole(path: Path, data: bytes, mode: int = USUAL) -> None:
    """Write a file that does not exist yet. Raises ``FileExistsError``, ``OSError``."""
    with written_beside(path, data, mode) as new:
        try:
            os.link(new, path, follow_symlinks=False)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError) as error:  # not every disk knows a second name
            if os.path.lexists(path):
                raise FileExistsError(f"{path} exists") from error
            os.replace(new, path)


@contextmanager
def written_beside(
    path: Path, data: bytes, mode: int, like: os.stat_result | None = None
) -> Iterator[Path]:
    """A new file beside another, on the disk with all its bytes; gone with the block.

    ``like``: it has the owner and the permissions of that one.
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
        if os.fstat(descriptor).st_uid != like.st_uid:  # an error, but where we are root
            os.fchown(descriptor, like.st_uid, -1)
        with suppress(OSError):  # a group that we are not in is no harm to lose
            os.fchown(descriptor, -1, like.st_gid)
    os.chmod(path, like.st_mode & 0o7777)


def _sync_folder(folder: Path) -> None:
    """Have the name on the disk too; not every system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def open_named(path: Path) -> TextIO:
    """A file that the user named for what a command finds, for writing; no link. ``OSError``."""
    return open(path, "w", encoding="utf-8", opener=_without_link)


def _without_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), USUAL)
