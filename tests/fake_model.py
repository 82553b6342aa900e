"""The fake engine, for tests of what is asked of a model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from herdmate.actions.context import ActionContext
from herdmate.completion.state import CompletionState
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.prompting.families import QWEN_PIECES
from herdmate.text import Cursor, Document


@asynccontextmanager
async def fake_completion(
    replies: Mapping[str, str], seconds: float = 0.0, context: int = 4096, doubtful: str = ""
) -> AsyncIterator[CompletionState]:
    """What ghost text works with; see ``FakeStart``; each byte is a token."""
    made = CompletionState(EngineHost(), Project())
    await made.host.start(FakeStart(replies, QWEN_PIECES, seconds, context, doubtful=doubtful))
    try:
        yield made
    finally:
        await made.host.stop()


@asynccontextmanager
async def fake_actions(
    replies: Mapping[str, str], seconds: float = 0.0, context: int = 4096
) -> AsyncIterator[ActionContext]:
    """What actions work with."""
    async with fake_completion(replies, seconds, context) as state:
        yield ActionContext(state.host, state.project)


def cursor(before: str, after: str, uri: str = "a") -> Cursor:
    """A place in a Python file."""
    return Cursor(Document(uri, "python", before + after), len(before))
