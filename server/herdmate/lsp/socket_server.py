"""Serving one client over a Unix socket that only the user can open.

A client can use the model, the API key and the files of the user who started the server. So only
that user can open the socket, and the first message has to be the protocol's ``initialize`` before
anything else happens: what a browser or another program sends is not read any further.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import re
import socket
import stat
import struct
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from herdmate.errors import SetupError
from herdmate.lsp.connection import converse
from herdmate.lsp.session import Session

_log = logging.getLogger(__name__)

HAS_SOCKETS = hasattr(socket, "AF_UNIX")

_HEADER = re.compile(rb"(?i:content-(?:length: *([0-9]{1,18})|type: *[\x20-\x7e]{0,200}))\r\n|\r\n")
_TOKEN = re.compile(rb"Herdmate-Token: ([\x21-\x7e]{1,200})\r\n")
_LONGEST_HEADER = 4096
_LONGEST_GREETING = 1 << 20  # bytes of initialize
_GREETING_SECONDS = 10.0
_CLOSING_SECONDS = 1.0


End = Callable[[int], Awaitable[None]]
"""Ends the process cleanly with the exit code."""


class ForeignError(Exception):
    """The client does not speak the protocol, or is not allowed to connect."""


def serve_socket(server: Session, path: Path, at_end: ExitStack, end: End) -> None:
    """Serve the first client that sends ``initialize`` on a socket, until it hangs up.

    ``at_end`` will remove the socket. Raises ``SetupError`` if it cannot be created.
    """
    listening = _bound(path)
    made = os.lstat(path)

    def remove() -> None:
        with suppress(OSError):
            if os.path.samestat(os.lstat(path), made):
                path.unlink()

    at_end.callback(remove)
    _serve(server, listening, "", end)


def serve_port(server: Session, token: str, tell: Callable[[int], None], end: End) -> None:
    """The same on a local port, for a client that sends the token first.

    Any user of the machine can connect to a port, so the connection begins with the header line
    ``Herdmate-Token: …``. ``tell`` receives the port.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    tell(listening.getsockname()[1])
    _serve(server, listening, token, end)


def _bound(path: Path) -> socket.socket:
    """A listening socket with mode 0600, replacing one left behind by a server that has ended."""
    _check_folder(path.parent)
    listening = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)  # not open to others even for a moment
    try:
        _clear(path)
        listening.bind(str(path))
        listening.listen(1)
    except OSError as error:
        listening.close()
        raise SetupError(
            f"No socket can be created at {path} ({error.strerror or error}); use a path in a "
            "folder that you own."
        ) from error
    except SetupError:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


def _check_folder(folder: Path) -> None:
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        raise SetupError(f"There is no folder {folder}; create it first.") from error
    if mode & 0o022 and not mode & stat.S_ISVTX:
        raise SetupError(
            f"Other users can write to {folder} and could replace the socket; use a path in a "
            "folder that only you can write to."
        )


def _clear(path: Path) -> None:
    """Remove our own socket if no server answers on it; raises ``SetupError`` for anything else."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SetupError(f"{path} exists and is not a socket; use another path.")
    if found.st_uid != os.geteuid():
        raise SetupError(f"{path} belongs to another user; use another path.")
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise SetupError(f"Another server is listening at {path}; stop it, or use another path.")


def _serve(server: Session, listening: socket.socket, token: str, end: End) -> None:
    asyncio.run(_until_the_client_leaves(server, listening, token, end))
    server.shutdown()  # type: ignore[no-untyped-call]


async def _until_the_client_leaves(
    server: Session, listening: socket.socket, token: str, end: End
) -> None:
    left, is_taken, code = asyncio.Event(), False, 1

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal is_taken, code

        def admit() -> None:
            nonlocal is_taken
            if is_taken:
                raise ForeignError("another client is already connected")
            is_taken = True
            server.protocol.set_writer(writer)

        try:
            if is_taken or not _is_our_user(writer):
                raise ForeignError("another client is already connected, or it is another user's")
            code = await converse(server.protocol, _Doorkeeper(reader, token, admit).read)
        except (ForeignError, ConnectionError, asyncio.IncompleteReadError) as error:
            _log.warning("a connection was closed: %s", error)
        finally:
            await _close(writer)
            if is_taken and server.protocol.writer is writer:
                left.set()

    start = (
        asyncio.start_unix_server if listening.family != socket.AF_INET else asyncio.start_server
    )
    async with await start(meet, sock=listening, limit=_LONGEST_HEADER):
        await left.wait()
        await end(code)


class _Doorkeeper:
    """Reads for the protocol; until the client is admitted, only valid headers and lengths pass.

    Calls ``admit`` once the first message proves to be ``initialize``. Raises ``ForeignError``.
    """

    def __init__(self, reader: asyncio.StreamReader, token: str, admit: Callable[[], None]) -> None:
        self._reader, self._token, self._admit = reader, token, admit
        self._is_admitted, self._lines = False, 0

    async def read(self) -> bytes:
        """The next bytes; the first call gives the whole first message."""
        if self._is_admitted:
            return await self._reader.read(_LONGEST_HEADER)
        head, count = b"", 0
        while (line := await self.readline()).strip():
            head += line
            if found := _HEADER.fullmatch(line):
                count = int(found[1] or count)
        return head + line + await self.readexactly(count) if count else b""

    async def readline(self) -> bytes:
        """A header line, empty at the end of the stream."""
        if self._token:
            found = _TOKEN.fullmatch(await self._line())
            if found is None or not hmac.compare_digest(found[1], self._token.encode()):
                raise ForeignError("it did not send the token")
            self._token = ""
        line = await self._line()
        found = _HEADER.fullmatch(line)
        self._lines += 1
        is_long = found is not None and int(found[1] or 0) > _LONGEST_GREETING
        if line and (found is None or self._lines > 3 or is_long):
            raise ForeignError("it does not speak the protocol")
        return line

    async def readexactly(self, count: int) -> bytes:
        """The first message's body."""
        try:
            body = await asyncio.wait_for(self._reader.readexactly(count), _GREETING_SECONDS)
        except asyncio.TimeoutError as error:
            raise ForeignError("it fell silent") from error
        if not _is_greeting(body):
            raise ForeignError("its first message is not initialize")
        self._admit()
        self._is_admitted = True
        return body

    async def _line(self) -> bytes:
        """The next line, for which a client has limited time."""
        try:
            return await asyncio.wait_for(self._reader.readline(), _GREETING_SECONDS)
        except asyncio.TimeoutError as error:
            raise ForeignError("it fell silent") from error
        except ValueError as error:
            raise ForeignError("it sends a line without an end") from error


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close a connection once the client has read what was written, or takes too long for that."""
    writer.close()
    with suppress(OSError, asyncio.TimeoutError):
        await asyncio.wait_for(writer.wait_closed(), _CLOSING_SECONDS)


def _is_greeting(body: bytes) -> bool:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("method") == "initialize" and "id" in message


def _is_our_user(writer: asyncio.StreamWriter) -> bool:
    """Does the client have our user id, as far as the system can tell?"""
    connection = writer.get_extra_info("socket")
    if connection.family == socket.AF_INET or not hasattr(socket, "SO_PEERCRED"):
        return True
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", peer)
    return bool(user == os.geteuid())
