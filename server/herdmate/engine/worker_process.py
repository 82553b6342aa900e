"""The worker's process as the server sees it: started, spoken to, listened to, and ended.

What it says is not trusted: a line that is too long or that nobody understands ends it, as does
silence where something is awaited. Nothing here waits without a limit for a process that is stuck.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from herdmate import child_process
from herdmate.engine import wire
from herdmate.engine.worker_ending import Ending
from herdmate.errors import EngineError

_log = logging.getLogger(__name__)

PATIENCE = 30.0
"""Seconds of silence after which a process is asked for a sign of life, and after that killed."""

_END_SECONDS = 5.0
"""What a process gets to end that was told to, or was killed and hangs in the kernel."""

_DRAIN_SECONDS = 1.0
"""For what was said before the end: another process may hold the pipe open for ever."""

_MOST_UNREAD = 64 * 1024 * 1024
"""Bytes that the process has not read; the next ones go to one that is stuck."""

_MOST_UNASKED = 10_000
"""Lines in a row that answer nothing; of a load come 102, and some behind each cancel."""


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
        """Say something, as far as the process is there to hear it."""
        pipe = self._process.stdin
        if pipe is None or pipe.is_closing():
            return
        if pipe.transport.get_write_buffer_size() > _MOST_UNREAD:
            self._kill("it did not read what it was told")
            return
        pipe.write(wire.encode(message))

    def close_input(self) -> None:
        """Have it end once it has done what it does."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def listen(
        self, take: Callable[[dict[str, Any]], bool], is_awaited: Callable[[], bool]
    ) -> Ending:
        """Give each message to ``take`` until the process has ended, which it then has.

        ``take`` answers whether it was waited for; what it raises ends the process. ``is_awaited``:
        must the process say something sooner or later?
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
        """Kill the process, if it is still there."""
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
                    self._kill("it said much that nobody had asked for")
                    return
        except Exception as error:  # no words of the process: they may hold code
            _log.error("the engine said what is not understood: %s", type(error).__name__)
            _log.debug("namely", exc_info=True)
            self._kill("it said what Herdmate does not understand")

    async def _watch(self, reading: asyncio.Future[None], is_awaited: Callable[[], bool]) -> None:
        """Until the process has ended, or is killed since it shows no sign of life."""
        is_asked = False
        while True:
            self._is_heard = False
            if await self._wait(self._patience):
                await asyncio.wait({reading}, timeout=_DRAIN_SECONDS)
                return
            if self._is_heard or not is_awaited():
                is_asked = False
            elif is_asked:
                self._kill("it did not answer any more")
                return
            else:
                is_asked = True
                self.send({"do": "ping"})

    async def _wait(self, seconds: float) -> bool:
        """Has it ended by then?"""
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
    command: tuple[str, ...], first: Mapping[str, Any], extra: Mapping[str, str], patience: float
) -> WorkerProcess:
    """Start it and say the first message. Raises ``EngineError`` where there is no process."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await child_process.start(
            *command, extra=extra, stdin=pipe, stdout=pipe, limit=wire.ANSWER_LIMIT
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EngineError(
            f"The engine cannot be started ({reason}); close something or reinstall Herdmate, "
            "then run the command herdmate.restartEngine."
        ) from error
    worker = WorkerProcess(process, patience)
    worker.send(first)
    return worker
