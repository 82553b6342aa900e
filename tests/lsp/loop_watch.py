"""How long the event loop is held: the processor time of its thread in each callback.

Not the time on the clock: a busy machine holds every loop.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass
class Holds:
    """The callbacks that took longest, each with its seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    def longest(self, many: int = 8) -> list[tuple[float, str]]:
        """The longest of each kind, longest first."""
        return sorted(((held, what) for what, held in self.seconds.items()), reverse=True)[:many]


@contextmanager
def watched(saying: Callable[[], str] = str) -> Iterator[Holds]:
    """Look at every callback of this thread's loop; garbage of before is not collected within.

    ``saying`` tells what the server was told last.
    """
    holds, run = Holds(), asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        what = _name(handle)
        run(handle)
        held, what = time.thread_time() - began, f"{what} after {saying()}"
        if held > holds.seconds.get(what, 0.0):
            holds.seconds[what] = held

    gc.collect()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        yield holds


def _name(handle: asyncio.Handle) -> str:
    """The coroutines of a task, each in the one that waits for it, else the function."""
    callback: Any = getattr(handle, "_callback")  # noqa: B009 - nothing public tells
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return repr(callback)[:120]
    names, running = [], task.get_coro()
    while running is not None and hasattr(running, "cr_await"):
        names.append(str(getattr(running, "__qualname__", running)))
        running = running.cr_await
    return " > ".join(names)
