"""A session's background work: tasks that outlive a request, and work that newer work replaces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

_T = TypeVar("_T")


@dataclass(slots=True)
class Tasks:
    """The tasks and timers of one session.

    ``loop`` is set once the client has introduced itself; other threads need it to reach the
    session. ``has_begun``: the client has sent ``initialized``, and the work that goes on for the
    whole session is running.
    """

    loop: asyncio.AbstractEventLoop | None = None
    has_begun: bool = False
    running: set[asyncio.Task[Any]] = field(default_factory=set)
    _latest: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    def keep(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Run work in the background, whatever becomes of the request that it was for."""
        task = asyncio.ensure_future(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def supersede(self, key: str, work: Coroutine[Any, Any, _T]) -> _T | None:
        """Run ``work``, cancelling older work with the same key, which ends with ``None``."""
        self.stop(key)
        task = self._latest[key] = asyncio.ensure_future(work)
        try:
            answer = await asyncio.shield(task)
            # Newer work may have arrived after this was done, but before it was returned.
            return answer if self._latest.get(key) is task else None
        except asyncio.CancelledError:
            if task.cancelled() and self._latest.get(key) is not task:
                return None
            task.cancel()
            raise
        finally:
            if self._latest.get(key) is task:
                del self._latest[key]

    def stop(self, key: str) -> None:
        """Cancel the latest work with a key, which ends with ``None``."""
        if (older := self._latest.pop(key, None)) is not None:
            older.cancel()

    def unless_running(self, key: str, start: Callable[[], asyncio.Task[None]]) -> None:
        """Start a task, unless the one last started with the same key is still running."""
        if (older := self._latest.get(key)) is None or older.done():
            self._latest[key] = start()

    def after_pause(self, key: str, seconds: float, call: Callable[[], None]) -> None:
        """Call after some seconds; a later call with the same key starts the wait again."""
        if (older := self._timers.get(key)) is not None:
            older.cancel()
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, call)

    def cancel(self) -> None:
        """Cancel everything, as the session ends."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self.running:
            task.cancel()
