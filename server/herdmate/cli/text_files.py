"""The user's files as text: read in the encoding that they are in, and written the same way."""

from __future__ import annotations

import codecs
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from herdmate.cli.parser import meant
from herdmate.context.editorconfig import editorconfig
from herdmate.errors import RefusedError, SelectionError

MOST_BYTES = 16 << 20
"""The largest file or input that is read."""

_MOST_NAMES = 5000
"""Files of a folder among which one is looked for."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
"""Byte order marks, longer ones before those that they begin with."""

_DECLARED = (
    re.compile(rb"\A(?:[^\n]*\n)?[^\n]*?coding[:=][ \t]*([-\w.]+)"),  # Python, Ruby, Emacs, Vim
    re.compile(rb"\A\s*<\?xml[^>]*?\bencoding=[\"']([-\w.]+)"),
    re.compile(rb"\A\s*@charset \"([-\w.]+)\""),
    re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([-\w.]+)", re.I),
)
_BEGINNING = 1024  # bytes in which an encoding can be declared


@dataclass(frozen=True, slots=True)
class Coded:
    """A text and how it is in its file: the encoding, and the byte order mark, which is no text."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """Another text in the same form. Raises ``RefusedError`` if the encoding lacks a sign."""
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            sign = error.object[error.start]
            raise RefusedError(
                f"The new code contains {sign!r}, which a file in {self.encoding} cannot hold; "
                "convert the file to UTF-8 first."
            ) from error


def read_file(path: Path) -> Coded:
    """A file of the user, or a pipe that a shell made. Raises ``SelectionError``."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except IsADirectoryError as error:
        raise SelectionError(f"{path} is a folder; name a file.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a path"
        near = _near(path) if isinstance(error, FileNotFoundError) else None
        hint = f"; did you mean {near}?" if near else "."
        raise SelectionError(f"{path} cannot be read: {reason}{hint}") from error
    return decoded(data, str(path), path)


def _near(path: Path) -> Path | None:
    """The file in the same folder whose name is most like one that is not there."""
    with suppress(OSError), os.scandir(path.parent) as entries:
        names = {Path(entry.name).stem: entry.name for entry in islice(entries, _MOST_NAMES)
                 if entry.name.isprintable() and entry.is_file()}  # fmt: skip
        if near := names.get(path.stem) or names.get(meant(path.stem, names)):
            return path.with_name(near)
    return None


def decoded(data: bytes, name: str, path: Path | None = None) -> Coded:
    """Text from bytes, in an encoding that gives the same bytes back.

    In this order: a byte order mark, what the text declares, ``.editorconfig``, UTF-8, UTF-16 by
    its zeros, and for all else Western European. Raises ``SelectionError`` if it is not text.
    """
    if len(data) > MOST_BYTES:
        raise SelectionError(f"{name} is larger than {MOST_BYTES >> 20} MB; use a part of it.")
    for mark, encoding in _MARKS:
        if data.startswith(mark) and (found := _as(data[len(mark) :], encoding, mark)) is not None:
            return found
    for encoding in (*_declared(data, path), "utf-8", *_by_zeros(data)):
        if (found := _as(data, encoding)) is not None:
            return found
    if b"\0" in data:
        raise SelectionError(f"{name} is not text.")
    for encoding in ("cp1252", "latin-1") if re.search(rb"[\x80-\x9f]", data) else ("latin-1",):
        if (found := _as(data, encoding)) is not None:
            return found
    raise SelectionError(f"{name} is not text.")


def _as(data: bytes, encoding: str, mark: bytes = b"") -> Coded | None:
    """The text if the encoding can be read and gives exactly these bytes back."""
    try:
        if not codecs.lookup(encoding)._is_text_encoding:
            return None
        text = data.decode(encoding)
        is_same = "\0" not in text and text.encode(encoding) == data
    except (LookupError, UnicodeError, ValueError):
        return None
    return Coded(text, encoding, mark) if is_same else None


def _declared(data: bytes, path: Path | None) -> list[str]:
    found = [match[1].decode("ascii", "replace") for pattern in _DECLARED
             if (match := pattern.search(data[:_BEGINNING]))]  # fmt: skip
    if path is not None:
        charset = editorconfig(path.absolute()).get("charset", "")
        found += [charset] if charset else []
    return [encoding for encoding in found if _holds_ascii(encoding)]


def _holds_ascii(encoding: str) -> bool:
    """Can bytes that were read as ASCII be of this encoding?"""
    try:
        return "az<".encode(encoding) == b"az<"
    except (LookupError, UnicodeError, ValueError):
        return False


def _by_zeros(data: bytes) -> list[str]:
    """UTF-16 without a mark, by where most of its zero bytes are."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    if len(data) % 2 or even + odd <= len(data) // 8:
        return []
    return ["utf-16-le" if odd > even else "utf-16-be"]
