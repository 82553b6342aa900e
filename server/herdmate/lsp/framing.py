"""Messages in a stream of bytes: a header that says how long the body is, and the body.

Whoever connects may send anything. A header line that is none (``GET / HTTP/1.1``), a length that
is no number or too large, or a header without an end is a ``FramingError``: nobody knows where the
next message would begin, so the connection ends there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_BYTES = 64 << 20
"""Of one body. VS Code sends no file of more than 50 MB."""

_MOST_HEADER = 4096
_LINE = re.compile(rb"([A-Za-z][A-Za-z0-9-]*):[ \t]*([\x20-\x7e]*?)[ \t]*")
_NUMBER = re.compile(rb"[0-9]{1,18}")
_CHARSET = re.compile(rb"charset\s*=\s*\"?([^\";\s]*)", re.IGNORECASE)
_UTF8 = (b"utf-8", b"utf8")


class FramingError(Exception):
    """The stream is not one of messages; the sentence holds nothing of what came."""


class Framing:
    """Takes bytes as they come and gives the bodies that are whole by then."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._came = bytearray()
        self._length: int | None = None  # of the body, once its header was read
        self._looked = 0  # so far there is no end of a header

    @property
    def is_inside(self) -> bool:
        """Has a message begun that is not whole yet?"""
        return bool(self._came) or self._length is not None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that this completes; raises ``FramingError``."""
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
        """The body's length; lines may end without a carriage return too."""
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
                raise FramingError("a header line is none of the protocol's")
        if len(self._came) > _MOST_HEADER:
            raise FramingError(f"a header has more than {_MOST_HEADER} bytes")
        return None


def length_from_header(lines: list[bytes], most: int = MOST_BYTES) -> int:
    """The length of the body that a header announces; raises ``FramingError``.

    Names may be written in any case, and others than the protocol's two are passed over.
    """
    found: set[bytes] = set()
    for line in lines:
        if (match := _LINE.fullmatch(line)) is None:
            raise FramingError("a header line is none of the protocol's")
        name, value = match.group(1).lower(), match.group(2)
        if name == b"content-length":
            found.add(value)
        elif name == b"content-type":
            charset = _CHARSET.search(value)
            if charset is not None and charset.group(1).lower() not in _UTF8:
                raise FramingError("a message is not in UTF-8")
    if len(found) != 1 or _NUMBER.fullmatch(value := found.pop()) is None:
        raise FramingError("a header has no Content-Length, or none that is a number")
    if int(value) > most:
        raise FramingError(f"a message has more than {most} bytes")
    return int(value)
