"""Calling message handlers: functions, coroutine functions, and pygls's generators."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any

Handler = Callable[..., Any]


def run(handler: Handler, *given: Any, **more: Any) -> Any:
    """A handler's result, or an awaitable of it.

    A handler that awaits nothing finishes here, which keeps changes in order.
    """
    if inspect.isgeneratorfunction(handler):
        return _go_on(handler(*given, **more), None)
    return handler(*given, **more)


def _go_on(steps: Generator[Any, Any, Any], value: Any) -> Any:
    """Run one of pygls's handlers, which yields our handlers and their arguments."""
    while True:
        try:
            handler, given, more = steps.send(value)
        except StopIteration as end:
            return end.value
        value = run(handler, *(given or ()), **(more or {}))
        if inspect.isawaitable(value):
            return _go_on_after(steps, value)


async def _go_on_after(steps: Generator[Any, Any, Any], first: Awaitable[Any]) -> Any:
    rest = _go_on(steps, await first)
    return await rest if inspect.isawaitable(rest) else rest
