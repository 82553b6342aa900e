"""Reads files that others wrote: regular files only, bounded in size, never blocking.

A folder can contain anything: a pipe with no writer, an endless device, a link to a file far
outside. All reads from a workspace, or from a place that another program fills, go through here.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for a writer
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class UnsuitableFileError(OSError):
    """The file is not a regular file, is too large, or is outside its folder."""


def read_bytes(path: Path, most: int, within: Path | None = None) -> bytes:
    """All bytes of a regular file of at most ``most`` bytes.

    Links that lead out of ``within`` are not followed. Raises ``OSError``, and its subclass
    ``UnsuitableFileError`` if the file exists but must not be read.
    """
    if within is not None and not is_within(path, within):
        raise UnsuitableFileError(f"{path} resolves to a file outside {within}")
    with open_regular(path, most) as file:
        data = file.read(most + 1)
    if len(data) > most:  # it has grown, or reports no size, like files in /proc
        raise UnsuitableFileError(f"{path} is larger than {most} bytes")
    return data


def open_regular(path: Path, most: int = sys.maxsize) -> BinaryIO:
    """Open a regular file of at most ``most`` bytes for reading. Raises like ``read_bytes``."""
    try:
        _check(path, os.stat(path), most)  # just opening some devices has side effects
    except ValueError as error:  # a character that no path can have
        raise UnsuitableFileError(f"{path!r} is not a path") from error
    file = open(os.open(path, _FLAGS), "rb")  # noqa: SIM115 - the caller closes it
    try:
        _check(path, os.fstat(file.fileno()), most)
    except BaseException:
        file.close()
        raise
    return file


def read_text(path: Path, most: int, within: Path | None = None, errors: str = "replace") -> str:
    """Like ``read_bytes``, decoded as UTF-8, without a byte order mark.

    Line ends stay as they are. With ``errors="strict"``, other encodings raise
    ``UnicodeDecodeError``.
    """
    return read_bytes(path, most, within).decode("utf-8-sig", errors)


def is_within(path: Path, folder: Path) -> bool:
    """Is a path inside a folder once all links are followed?"""
    try:
        real, root = os.path.realpath(path), os.path.realpath(folder)
    except ValueError:  # a character that no path can have
        return False
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def _check(path: Path, found: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnsuitableFileError(f"{path} is not a regular file")
    if found.st_size > most:
        raise UnsuitableFileError(f"{path} is larger than {most} bytes")
