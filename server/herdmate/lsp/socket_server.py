"""Serving one client that connects: over a Unix socket that only its user may open.

Whoever can connect could use the model, the API key and the files of the user who started the
server. So the socket belongs to that user alone, and before anything is done the first message has
to be the protocol's ``initialize``: what a browser or another program sends is not read on.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import re
import signal
import socket
import stat
import struct
from collections.abc import Callable
from contextlib import suppress
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
_LONGEST_MESSAGE = 64 << 20
_GREETING_SECONDS = 10.0


class ForeignError(Exception):
    """Who connected does not speak the protocol, or may not."""


def serve_socket(server: Session, path: Path) -> None:
    """Serve the first client that says ``initialize`` at a socket, until it hangs up.

    Raises ``SetupError`` where the socket cannot be made.
    """
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGTERM, _end)  # so that the socket is removed
    listening = _bound(path)
    made = os.lstat(path)
    try:
        _serve(server, listening, "")
    finally:
        with suppress(OSError):
            if os.path.samestat(os.lstat(path), made):
                path.unlink()


def serve_port(server: Session, token: str, tell: Callable[[int], None]) -> None:
    """The same at a port of this machine, for a client that sends the token first.

    Any user of the machine can connect there, so the connection begins with the header line
    ``Herdmate-Token: …``. ``tell`` is told the port.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    tell(listening.getsockname()[1])
    _serve(server, listening, token)


def _end(*_: object) -> None:
    raise SystemExit(0)


def _bound(path: Path) -> socket.socket:
    """A listening socket of mode 0600, in place of one that a server left that has ended."""
    _check_folder(path.parent)
    listening = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)  # never open to others, not for a moment
    try:
        _clear(path)
        listening.bind(str(path))
        listening.listen(1)
    except OSError as error:
        listening.close()
        raise SetupError(
            f"No socket can be made at {path} ({error.strerror or error}); give a path in a folder "
            "of yours."
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
        raise SetupError(f"There is no folder {folder}; make it first.") from error
    if mode & 0o022 and not mode & stat.S_ISVTX:
        raise SetupError(
            f"Others may write in {folder}, and so replace the socket; give a path in a folder of "
            "yours."
        )


def _clear(path: Path) -> None:
    """Remove a socket of ours at which nobody answers; raises ``SetupError`` for anything else."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SetupError(f"{path} is there and no socket, so it was left; give another path.")
    if found.st_uid != os.geteuid():
        raise SetupError(f"{path} belongs to another user; give another path.")
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise SetupError(f"Another server listens at {path}; end it, or give another path.")


def _serve(server: Session, listening: socket.socket, token: str) -> None:
    with suppress(SystemExit, KeyboardInterrupt):  # pygls ends so after ``exit``
        asyncio.run(_until_the_client_leaves(server, listening, token))
    server.shutdown()  # type: ignore[no-untyped-call]


async def _until_the_client_leaves(server: Session, listening: socket.socket, token: str) -> None:
    left, is_taken = asyncio.Event(), False

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal is_taken

        def admit() -> None:
            nonlocal is_taken
            if is_taken:
                raise ForeignError("another client is served already")
            is_taken = True
            server.protocol.set_writer(writer)

        try:
            if is_taken or not _is_our_user(writer):
                raise ForeignError("another client is served already, or it is another user's")
            await converse(server.protocol, _Doorkeeper(reader, token, admit).read)
        except (ForeignError, ConnectionError, asyncio.IncompleteReadError) as error:
            _log.warning("a connection was closed: %s", error)
        finally:
            writer.close()
            if is_taken and server.protocol.writer is writer:
                left.set()

    start = (
        asyncio.start_unix_server if listening.family != socket.AF_INET else asyncio.start_server
    )
    async with await start(meet, sock=listening, limit=_LONGEST_HEADER):
        await left.wait()


class _Doorkeeper:
    """Reads for pygls, and lets nothing pass but the protocol's own headers and lengths.

    ``admit`` is called once the first message is an ``initialize``. Raises ``ForeignError``.
    """

    def __init__(self, reader: asyncio.StreamReader, token: str, admit: Callable[[], None]) -> None:
        self._reader, self._token, self._admit = reader, token, admit
        self._is_admitted, self._lines = False, 0

    async def read(self) -> bytes:
        """The next bytes, of which the first are all of the first message."""
        if self._is_admitted:
            return await self._reader.read(_LONGEST_HEADER)
        head, count = b"", 0
        while (line := await self.readline()).strip():
            head += line
            if found := _HEADER.fullmatch(line):
                count = int(found[1] or count)
        return head + line + await self.readexactly(count) if count else b""

    async def readline(self) -> bytes:
        """A header line, or nothing at the end."""
        if not self._is_admitted and self._token:
            found = _TOKEN.fullmatch(await self._line())
            if found is None or not hmac.compare_digest(found[1], self._token.encode()):
                raise ForeignError("it does not know the token")
            self._token = ""
        line = await self._line()
        found = _HEADER.fullmatch(line)
        self._lines += 1
        most = _LONGEST_MESSAGE if self._is_admitted else _LONGEST_GREETING
        if line and (found is None or self._lines > 3 or int(found[1] or 0) > most):
            raise ForeignError("it does not speak the protocol")
        return line

    async def readexactly(self, count: int) -> bytes:
        """A message's body."""
        self._lines = 0
        if self._is_admitted:
            return await self._reader.readexactly(count)
        try:
            body = await asyncio.wait_for(self._reader.readexactly(count), _GREETING_SECONDS)
        except asyncio.TimeoutError as error:
            raise ForeignError("it falls silent") from error
        if not _is_greeting(body):
            raise ForeignError("its first message is not initialize")
        self._admit()
        self._is_admitted = True
        return body

    async def _line(self) -> bytes:
        """A line as far as it is one; who is not admitted must not take long."""
        seconds = None if self._is_admitted else _GREETING_SECONDS
        try:
            return await asyncio.wait_for(self._reader.readline(), seconds)
        except asyncio.TimeoutError as error:
            raise ForeignError("it falls silent") from error
        except ValueError as error:
            raise ForeignError("it sends a line without an end") from error


def _is_greeting(body: bytes) -> bool:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("method") == "initialize" and "id" in message


def _is_our_user(writer: asyncio.StreamWriter) -> bool:
    """Has the one at the other end our user id, as far as the system tells?"""
    connection = writer.get_extra_info("socket")
    if connection.family == socket.AF_INET or not hasattr(socket, "SO_PEERCRED"):
        return True
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", told)
    return bool(user == os.geteuid())
