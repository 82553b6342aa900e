"""Messages in a byte stream: a header with the length of the body, then the body.

A client may send anything. A malformed header line (``GET / HTTP/1.1``), a length that is not a
number or is too large, or a header that does not end is a ``FramingError``: the start of the next
message cannot be found, so the connection ends there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_BYTES = 64 << 20
"""Maximum size of a body. VS Code sends no file larger than 50 MB."""

_MOST_HEADER = 4096
_LINE = re.compile(rb"([A-Za-z][A-Za-z0-9-]*):[ \t]*([\x20-\x7e]*?)[ \t]*")
_NUMBER = re.compile(rb"[0-9]{1,18}")
_CHARSET = re.compile(rb"charset\s*=\s*\"?([^\";\s]*)", re.IGNORECASE)
_UTF8 = (b"utf-8", b"utf8")


class FramingError(Exception):
    """The stream does not consist of messages. The error's text repeats nothing of the stream."""


class Framing:
    """Takes bytes as they arrive and yields the bodies that are complete."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._came = bytearray()
        self._length: int | None = None  # of the body, once its header has been read
        self._looked = 0  # no header ends before this offset

    @property
    def is_inside(self) -> bool:
        """Has a message begun that is not complete yet?"""
        return bool(self._came) or self._length is not None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that ``data`` completes; raises ``FramingError``."""
        self._came += data
        while (body := self._next()) is not None:
            yield body

    def _next(self) -> bytes | None:
        if self._length is None:
            self._length = self._header()
        if self._length is None or len(self._came) < self._length:
            return None
        body = bytes(self._came[: self._length])
        del self._came[: self._length]
        self._length = None
        return body

    def _header(self) -> int | None:
        """The body's length, once the header is complete; lines may end in a bare line feed."""
        while (end := self._came.find(b"\n", self._looked)) >= 0:
            start, self._looked = self._looked, end + 1
            line = bytes(self._came[start:end]).removesuffix(b"\r")
            if end >= _MOST_HEADER:
                break
            if not line:
                lines = bytes(self._came[:start]).splitlines()
                del self._came[: end + 1]
                self._looked = 0
                return length_from_header(lines, self._most)
            if _LINE.fullmatch(line) is None:
                raise FramingError("a header line is not valid")
        if len(self._came) > _MOST_HEADER:
            raise FramingError(f"a header is longer than {_MOST_HEADER} bytes")
        return None


def length_from_header(lines: list[bytes], most: int = MOST_BYTES) -> int:
    """The length of the body that a header declares; raises ``FramingError``.

    Names are case-insensitive, and fields other than the protocol's two are ignored.
    """
    found: set[bytes] = set()
    for line in lines:
        if (match := _LINE.fullmatch(line)) is None:
            raise FramingError("a header line is not valid")
        name, value = match.group(1).lower(), match.group(2)
        if name == b"content-length":
            found.add(value)
        elif name == b"content-type":
            charset = _CHARSET.search(value)
            if charset is not None and charset.group(1).lower() not in _UTF8:
                raise FramingError("a message is not valid UTF-8")
    if len(found) != 1 or _NUMBER.fullmatch(value := found.pop()) is None:
        raise FramingError("a header has no valid Content-Length")
    if int(value) > most:
        raise FramingError(f"a message is longer than {most} bytes")
    return int(value)
