"""The threads that ghost text waits for, so that a disk that hangs does not hold it up.

asyncio has few threads of its own, and a disk that hangs keeps every thread that reads from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

_T = TypeVar("_T")

_SECONDS = 1.0
"""How long ghost text waits for a disk; most answer in milliseconds."""

_computing = ThreadPoolExecutor(4, "computing")


async def computed(work: Callable[..., _T], *arguments: object, on: Executor | None = None) -> _T:
    """The result of ``work``, on a thread that no hanging disk can hold: it must not read any.

    The one exception is a parser process that has to be started, which reads Python's own files.

    ``on`` is the executor to use, if it matters which. If this is cancelled, work that has not
    begun is dropped.
    """
    return await asyncio.get_running_loop().run_in_executor(on or _computing, work, *arguments)


@dataclass(slots=True)
class DiskChecks:
    """Checks that read disks, one at a time: a disk that hangs costs one thread and one wait."""

    _running: asyncio.Future[Any] | None = None
    _late_at: float = 0.0

    async def run(self, check: Callable[[], _T]) -> _T:
        """What ``check`` returns; raises ``TimeoutError`` if that takes more than ``_SECONDS``.

        Cancelling this does not end the check. A later one waits for it, but no longer than the
        check itself may take: once a check is late, all others fail at once until it is done.
        """
        now = asyncio.get_running_loop().time
        end = now() + _SECONDS
        while (earlier := self._running) is not None and not earlier.done():
            await _until_done(earlier, min(end, self._late_at))
        self._late_at = now() + _SECONDS
        running = asyncio.get_running_loop().run_in_executor(None, check)
        running.add_done_callback(_note_error)
        self._running = running
        await _until_done(running, self._late_at)
        return running.result()


async def _until_done(running: asyncio.Future[Any], end: float) -> None:
    left = end - asyncio.get_running_loop().time()
    done, _ = await asyncio.wait({running}, timeout=max(left, 0.0))
    if not done:
        raise TimeoutError


def _note_error(running: asyncio.Future[Any]) -> None:
    """Keep asyncio from logging an error that nobody waited for."""
    if not running.cancelled():
        running.exception()
