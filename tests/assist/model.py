"""A companion with the fake engine, for tests of what is asked of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from herdmate.assist.companion import Companion
from herdmate.engine.client import start_fake
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.text import Cursor, Document

_QWEN = [piece for piece in CONTROL_PIECES if piece.startswith("<|")]


@asynccontextmanager
async def companion(
    replies: Mapping[str, str], seconds: float = 0.0, context: int = 4096
) -> AsyncIterator[Companion]:
    """See ``fake.Script``; each byte is a token."""
    made = Companion()
    await made.start(start_fake(replies, _QWEN, seconds, context))
    try:
        yield made
    finally:
        await made.stop()


def cursor(before: str, after: str, uri: str = "a") -> Cursor:
    """A place in a Python file."""
    return Cursor(Document(uri, "python", before + after), len(before))
