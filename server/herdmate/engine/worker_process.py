"""The worker's process from the server's side: start it, send to it, read from it, end it.

Its messages are not trusted: a line that is too long or invalid ends it, as does silence when a
message is due. Nothing here waits indefinitely for a stuck process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from herdmate import child_process
from herdmate.engine import wire
from herdmate.engine.start import StartMessage
from herdmate.engine.worker_ending import Ending
from herdmate.errors import EngineError

_log = logging.getLogger(__name__)

PATIENCE = 30.0
"""Seconds of silence after which a process is pinged and, after as many again, killed."""

_END_SECONDS = 5.0
"""Seconds that a process may take to end once its output has ended or it was killed."""

_DRAIN_SECONDS = 1.0
"""Seconds to read what was left in the pipe: another process may hold it open forever."""

_MOST_UNREAD = 64 * 1024 * 1024
"""Bytes. A process with more unread input is considered stuck."""

_MOST_UNASKED = 10_000
"""Unsolicited lines in a row; a load sends 102, and some follow each cancel."""


class WorkerProcess:
    """One run of the worker."""

    def __init__(self, process: asyncio.subprocess.Process, patience: float) -> None:
        self._process, self._patience = process, patience
        self._is_heard = False
        self._killed_for = ""

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message, if the process still takes input."""
        pipe = self._process.stdin
        if pipe is None or pipe.is_closing():
            return
        if pipe.transport.get_write_buffer_size() > _MOST_UNREAD:
            self._kill("it stopped reading its input")
            return
        pipe.write(wire.encode(message))

    def close_input(self) -> None:
        """Close its input, which makes it end."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def listen(
        self, take: Callable[[dict[str, Any]], bool], is_awaited: Callable[[], bool]
    ) -> Ending:
        """Pass each message to ``take`` until the process ends, and return how it ended.

        ``take`` returns whether the message was awaited; an exception from it ends the process.
        ``is_awaited``: is a message due from the process?
        """
        reading = asyncio.ensure_future(self._read(take))
        watching = asyncio.ensure_future(self._watch(reading, is_awaited))
        try:
            await asyncio.wait({reading, watching}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and not self._killed_for:
                await self._wait(_END_SECONDS)
            why = self._killed_for
        finally:
            for task in (reading, watching):
                task.cancel()
            await self.end()
        return Ending(why) if why else Ending("", self._process.returncode)

    async def end(self) -> None:
        """Kill the process if it is still running."""
        if self._process.returncode is None:
            self._kill("")
            await self._wait(_END_SECONDS)

    async def _read(self, take: Callable[[dict[str, Any]], bool]) -> None:
        assert self._process.stdout is not None
        unasked = 0
        try:
            async for line in self._process.stdout:
                self._is_heard = True
                if line.endswith(b"\n"):  # a crash can cut the last one off
                    unasked = 0 if take(wire.decode(line)) else unasked + 1
                if unasked > _MOST_UNASKED:
                    self._kill("it sent too many unexpected messages")
                    return
        except Exception as error:  # not the message itself: it may contain code
            _log.error("a message from the engine was not understood: %s", type(error).__name__)
            _log.debug("namely", exc_info=True)
            self._kill("it sent messages that Herdmate cannot parse")

    async def _watch(self, reading: asyncio.Future[None], is_awaited: Callable[[], bool]) -> None:
        """Wait until the process ends; kill it if it shows no sign of life."""
        is_asked = False
        while True:
            self._is_heard = False
            if await self._wait(self._patience):
                await asyncio.wait({reading}, timeout=_DRAIN_SECONDS)
                return
            if self._is_heard or not is_awaited():
                is_asked = False
            elif is_asked:
                self._kill("it stopped answering")
                return
            else:
                is_asked = True
                self.send({"do": "ping"})

    async def _wait(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for the process to end; has it?"""
        ended = asyncio.ensure_future(self._process.wait())
        try:
            return bool((await asyncio.wait({ended}, timeout=seconds))[0])
        finally:
            ended.cancel()

    def _kill(self, why: str) -> None:
        self._killed_for = self._killed_for or why
        if self._process.returncode is None:
            try:
                self._process.kill()
            except ProcessLookupError:  # it has just ended
                return


async def start_worker(
    command: tuple[str, ...], start: StartMessage, extra: Mapping[str, str], patience: float
) -> WorkerProcess:
    """Start the process and send the first message. Raises ``EngineError`` if it cannot start."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await child_process.start(
            *command, extra=extra, stdin=pipe, stdout=pipe, limit=wire.ANSWER_LIMIT
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EngineError(
            f"The engine cannot be started ({reason}); close other programs or reinstall "
            "Herdmate, then run the command herdmate.restartEngine."
        ) from error
    worker = WorkerProcess(process, patience)
    worker.send(wire.start_to_wire(start))
    return worker
