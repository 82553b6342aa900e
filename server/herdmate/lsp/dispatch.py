"""Calling what answers a message: a function, a coroutine function, or a generator of pygls's."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any

Handler = Callable[..., Any]


def run(handler: Handler, *given: Any, **more: Any) -> Any:
    """What a handler answers, or what is to be awaited for that.

    As far as nothing is awaited it is done at once, so that changes come in their order.
    """
    if inspect.isgeneratorfunction(handler):
        return _go_on(handler(*given, **more), None)
    return handler(*given, **more)


def _go_on(steps: Generator[Any, Any, Any], value: Any) -> Any:
    """pygls's own handlers yield those of ours, and what to call them with."""
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
