"""Reads files that others wrote: regular files only, bounded in size, never blocking.

A folder may hold anything: a pipe that nobody writes to, a device without an end, a link to a file
far outside. Whatever is read from a workspace, or from a place that another program fills, is read
here.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for whoever writes to it
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class UnsuitableFileError(OSError):
    """The file is not a regular one, is larger than allowed, or lies outside its folder."""


def read_bytes(path: Path, most: int, within: Path | None = None) -> bytes:
    """All bytes of a regular file of at most ``most`` bytes.

    ``within``: a link that leads out of this folder is not followed. Raises ``OSError``, of which
    ``UnsuitableFileError`` says that the file exists and is not to be read.
    """
    if within is not None and not is_within(path, within):
        raise UnsuitableFileError(f"{path} leads out of {within}")
    _check(path, os.stat(path), most)  # opening some devices has effects of its own
    descriptor = os.open(path, _FLAGS)
    with open(descriptor, "rb") as file:
        _check(path, os.fstat(descriptor), most)
        data = file.read(most + 1)
    if len(data) > most:  # it has grown, or tells no size as files of /proc do
        raise UnsuitableFileError(f"{path} is larger than {most} bytes")
    return data


def read_text(path: Path, most: int, within: Path | None = None, errors: str = "replace") -> str:
    """The same as UTF-8 text, without a byte order mark.

    Line ends stay as they are. With ``errors="strict"`` other encodings raise
    ``UnicodeDecodeError``.
    """
    return read_bytes(path, most, within).decode("utf-8-sig", errors)


def is_within(path: Path, folder: Path) -> bool:
    """Does a path lie in a folder once all links are followed?"""
    real, root = os.path.realpath(path), os.path.realpath(folder)
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def _check(path: Path, found: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnsuitableFileError(f"{path} is not a regular file")
    if found.st_size > most:
        raise UnsuitableFileError(f"{path} is larger than {most} bytes")
