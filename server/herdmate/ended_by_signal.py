"""Ends a command in order when it gets a signal, so that what it started ends too.

Used where children have sessions of their own, which neither Ctrl-C nor a closed terminal reaches.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

_T = TypeVar("_T")

_SIGNALS = ("SIGTERM", "SIGHUP")


@contextmanager
def exits_on_signal() -> Iterator[None]:
    """Within the block a signal raises ``SystemExit`` with the code that shells expect."""
    with _handled(lambda number: sys.exit(128 + number)):
        yield


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """``asyncio.run``, but a signal cancels the work as Ctrl-C does, then raises ``SystemExit``."""
    received: list[int] = []

    async def cancellable() -> _T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def cancel(number: int) -> None:
            received.append(number)
            loop.call_soon_threadsafe(task.cancel)

        with _handled(cancel):
            return await work

    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError:
        if not received:
            raise
        raise SystemExit(128 + received[0]) from None


@contextmanager
def _handled(handle: Callable[[int], object]) -> Iterator[None]:
    """Give signals to ``handle``; one that is ignored, as under ``nohup``, stays ignored."""
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, lambda number, _frame: handle(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
