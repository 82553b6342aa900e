"""Work that Ctrl-C stops without ending the program."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any


@asynccontextmanager
async def stoppable(work: Any) -> AsyncIterator[Callable[[], Any]]:
    """Begin something; what is returned waits for it, and says whether it was done to its end."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: Ctrl-C ends the program there
        loop.add_signal_handler(signal.SIGINT, task.cancel)

    async def is_whole() -> bool:
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            return False
        return True

    try:
        yield is_whole
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)
