"""What is shown until an answer comes: how much of the question is read, or of it written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from herdmate.cli.console import Waiting, waiting
from herdmate.cli.terminal import look
from herdmate.engine.host import EngineHost, RequestRecord
from herdmate.printable import counted

_ASKING = "Asking the model…"

_BETWEEN_LOOKS = 0.25
"""Seconds between two looks at how far the model is."""

_SILENCE = 2.0
"""Seconds without a part of an answer that has begun, after which we say what goes on."""


@asynccontextmanager
async def asking(host: EngineHost) -> AsyncIterator[Waiting]:
    """Show how far the model is with what is asked in the block, until something else is shown."""
    with waiting(_ASKING) as shown:
        following = asyncio.ensure_future(_follow(host, shown))
        try:
            yield shown
        finally:
            following.cancel()


@asynccontextmanager
async def silence_told(
    host: EngineHost, tell: Callable[[str], None]
) -> AsyncIterator[Callable[[], None]]:
    """Tell how far the model is while no more of an answer comes, as between parts of a long one.

    Yields what is to be called whenever a part comes.
    """
    heard = time.monotonic()

    def hear() -> None:
        nonlocal heard
        heard = time.monotonic()

    async def watch() -> None:
        while not look().quiet:
            await asyncio.sleep(_BETWEEN_LOOKS)
            if time.monotonic() - heard >= _SILENCE:
                tell(state_text(host.last_request))

    watching = asyncio.ensure_future(watch())
    try:
        yield hear
    finally:
        watching.cancel()


def state_text(record: RequestRecord | None) -> str:
    """How far a request is; no engine but one on this machine tells how much it has read."""
    if record is None or record.finished or not (record.read or record.written):
        return _ASKING
    if record.written:
        return f"Writing, {counted(record.written, 'token')} so far…"
    if record.read < record.tokens:
        return f"Reading, {record.read:,} of {record.tokens:,} tokens…"
    return "Writing…"


async def _follow(host: EngineHost, shown: Waiting) -> None:
    before = host.last_request
    while shown.is_wanted:
        record = host.last_request
        if record is not before:
            shown.tell(state_text(record))
        await asyncio.sleep(_BETWEEN_LOOKS)
