"""One question and one answer over HTTP/1.1, on a connection of its own.

To leave the block closes the connection, and a server stops writing for somebody who is gone. No
redirect is followed, no proxy is asked, and certificates are checked against the system's.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from herdmate.engine.remote.place import Place
from herdmate.errors import ServerError, UnreachableError
from herdmate.version import VERSION

_PART = 1 << 16
_LONGEST_LINE = 1 << 20
_CONNECT_SECONDS = 10.0


@asynccontextmanager
async def asked(
    place: Place, path: str, body: Mapping[str, Any] | None = None
) -> AsyncIterator[Answer]:
    """The answer to a GET, or with a ``body`` to a POST of it as JSON.

    Raises ``UnreachableError`` where nobody answers, ``ServerError`` where the answer breaks off or
    is not HTTP.
    """
    reader, writer = await _connect(place)
    try:
        writer.write(_question(place, path, body))
        yield await _begin(reader)
    except (OSError, asyncio.IncompleteReadError) as error:
        raise broken_off(place) from error
    except (asyncio.LimitOverrunError, _NotHttpError) as error:
        raise ServerError(
            f"What {place} answers is not HTTP as it should be; check herdmate.remote.url."
        ) from error
    finally:
        writer.transport.abort()


def broken_off(place: Place) -> ServerError:
    """The server went away in the middle of an answer."""
    return ServerError(f"{place} broke off before its answer was whole; ask again.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; ``headers`` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    reader: asyncio.StreamReader

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they come."""
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            while size := await _chunk_size(self.reader):
                async for part in self._read(size):
                    yield part
                if await self.reader.readexactly(2) != b"\r\n":
                    raise _NotHttpError
        elif (length := self.headers.get("content-length")) is not None:
            if not re.fullmatch(r"\d{1,15}", length):
                raise _NotHttpError
            async for part in self._read(int(length)):
                yield part
        else:
            while part := await self.reader.read(_PART):
                yield part

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Lines without their ends, as they come."""
        held = b""
        async for part in self.parts():
            *whole, held = (held + part).split(b"\n")
            for line in whole:
                yield line
            if len(held) > _LONGEST_LINE:
                raise _NotHttpError
        if held:
            yield held

    async def whole(self, most: int = _LONGEST_LINE) -> bytes:
        """All bytes, or the first ``most``."""
        data = b""
        async for part in self.parts():
            data += part
            if len(data) >= most:
                break
        return data[:most]

    async def _read(self, size: int) -> AsyncGenerator[bytes, None]:
        while size:
            part = await self.reader.read(min(size, _PART))
            if not part:
                raise asyncio.IncompleteReadError(b"", size)
            size -= len(part)
            yield part


class _NotHttpError(Exception):
    """The bytes are not what HTTP allows."""


async def _connect(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    trust = _trust() if place.secure else None
    opening = asyncio.open_connection(place.host, place.port, ssl=trust, limit=_PART)
    try:
        return await asyncio.wait_for(opening, _CONNECT_SECONDS)
    except ssl.SSLCertVerificationError as error:
        raise UnreachableError(
            f"The certificate of {place} is not to be trusted ({error.verify_message}); name the "
            "file of your own authority's certificate in SSL_CERT_FILE if it has one."
        ) from error
    except (OSError, asyncio.TimeoutError, UnicodeError) as error:
        raise UnreachableError(
            f"No server answers at {place}; start it, or change herdmate.remote.url."
        ) from error


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _question(place: Place, path: str, body: Mapping[str, Any] | None) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{'GET' if body is None else 'POST'} {place.base}{path} HTTP/1.1",
        f"Host: {place}",
        f"User-Agent: herdmate/{VERSION}",
        "Accept: application/json, text/event-stream, application/x-ndjson",
        "Connection: close",
    ]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    if place.key:
        lines.append(f"Authorization: Bearer {place.key}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + data


async def _begin(reader: asyncio.StreamReader) -> Answer:
    """Status and headers; what a server says in between (100 to 199) is passed over."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.rstrip("\r\n").split("\r\n")
        if (said := re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", first)) is None:
            raise _NotHttpError
        if (status := int(said[1])) < 200:
            continue
        pairs = (line.partition(":") for line in rest)
        return Answer(status, {name.lower(): value.strip() for name, _, value in pairs}, reader)


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    line = (await reader.readuntil(b"\r\n")).partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9a-fA-F]{1,12}", line):
        raise _NotHttpError
    return int(line, 16)
