"""Connects the protocol to a byte stream: standard input and output, a socket, or any other."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError

from herdmate.lsp.framing import Framing, FramingError
from herdmate.lsp.json_rpc import Protocol
from herdmate.lsp.json_rpc_parsing import in_parts, message_from_bytes

_log = logging.getLogger(__name__)

_CHUNK = 1 << 16
_MOST_WAITING = 16  # chunks
_REST_SECONDS = 30.0
"""Time for the rest of a message to arrive: editors write a message in one piece. Without a limit,
a length that is too large would wait forever."""
_LAST_SECONDS = 10.0  # for the last answers
_TIDY_SECONDS = 1.0

Read = Callable[[], Awaitable[bytes]]
"""Returns the next bytes, or none at the end of the stream."""


async def converse(protocol: Protocol, read: Read, rest_seconds: float = _REST_SECONDS) -> int:
    """Handle messages until the client sends ``exit`` or hangs up; return the exit code.

    The code is 0 only after ``shutdown``. A stream that breaks the framing ends it too. Requests in
    flight are answered first; if the client hangs up or exits without ``shutdown``, as cancelled.
    """
    try:
        await _listen(protocol, read, rest_seconds)
    except FramingError as error:
        _log.error("Closing the connection: %s.", error)
        await protocol.finish(_LAST_SECONDS)
        return 1
    is_over = protocol.stage == "shut down"
    await protocol.finish(_LAST_SECONDS if is_over else 0.0)
    return 0 if is_over else 1


def serve_stdio(protocol: Protocol, tidy_up: Callable[[], Awaitable[None]]) -> int:
    """Converse over standard input and output, then end this process with the exit code.

    ``tidy_up`` is awaited at the end, for up to ``_TIDY_SECONDS``.
    """
    protocol.set_writer(_Output(sys.stdout.fileno()))
    return asyncio.run(_converse_by(protocol, sys.stdin.fileno(), tidy_up))


async def _converse_by(
    protocol: Protocol, descriptor: int, tidy_up: Callable[[], Awaitable[None]]
) -> int:
    """Read on a daemon thread, which cannot delay the exit; pygls would wait for a blocked read."""
    chunks: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
    given = (descriptor, asyncio.get_running_loop(), chunks)
    threading.Thread(target=_pump, args=given, daemon=True, name="stdin").start()
    code = await converse(protocol, chunks.get)
    await end_process(tidy_up, code)
    return code


async def end_process(tidy_up: Callable[[], Awaitable[None]], code: int) -> None:
    """Tidy up and cancel all other tasks, then end the process even if some of them still run.

    A normal exit would also wait for a thread that hangs on an unreachable disk.
    """
    last = threading.Timer(2 * _TIDY_SECONDS, os._exit, (code,))  # should the loop hang as well
    last.daemon = True
    last.start()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    tidying = asyncio.ensure_future(tidy_up())
    for task in others:
        task.cancel()
    if (await asyncio.wait({*others, tidying}, timeout=_TIDY_SECONDS))[1]:
        _log.error("Exiting although some work has not ended.")
    logging.shutdown()
    os._exit(code)


def _pump(descriptor: int, loop: asyncio.AbstractEventLoop, chunks: asyncio.Queue[bytes]) -> None:
    while True:
        try:
            data = os.read(descriptor, _CHUNK)
        except OSError:
            data = b""
        putting = chunks.put(data)
        try:
            asyncio.run_coroutine_threadsafe(putting, loop).result()
        except (RuntimeError, CancelledError):  # the loop has ended
            putting.close()
            return
        if not data:
            return


async def _listen(protocol: Protocol, read: Read, rest_seconds: float) -> None:
    framing = Framing()
    while protocol.exit_code is None:
        wait = rest_seconds if framing.is_inside else None
        try:
            data = await asyncio.wait_for(read(), wait)
        except asyncio.TimeoutError:
            raise FramingError(
                f"the rest of a message did not arrive within {wait:.0f} s"
            ) from None
        if not data:
            if framing.is_inside:
                raise FramingError("the stream ended within a message")
            return
        for body in framing.feed(data):
            for message in in_parts(message_from_bytes(body)):
                protocol.handle(message)
                if protocol.exit_code is not None:
                    return
                await asyncio.sleep(0)  # let the work for one message proceed before the next


class _Output:
    """Unbuffered standard output; a buffer would be flushed once more at exit."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        """Do nothing: standard output closes with the process."""
