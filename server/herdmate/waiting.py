"""Waiting for an event that may never come."""

from __future__ import annotations

import asyncio


async def wait_until_set(event: asyncio.Event, seconds: float | None) -> None:
    """Wait until an event is set, but at most so many seconds (``None``: however long it takes).

    ``asyncio.wait_for`` drops a cancel that comes just as the event is set, up to Python 3.11.
    """
    setting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({setting}, timeout=seconds)
    finally:
        setting.cancel()
