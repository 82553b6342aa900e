"""The end of a session, with disks that are slow or gone."""

from __future__ import annotations

import asyncio
import threading

import pytest

from herdmate.engine.start import FakeStart
from herdmate.lsp import shutdown
from herdmate.lsp.server import create_server
from herdmate.models.role_choices import EngineChoice
from herdmate.usage.statistics import Counts


@pytest.mark.parametrize("what", ["statistics", "shown documents"])
async def test_a_disk_that_hangs_does_not_keep_the_server_from_ending(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile the event loop does other things, such as ending the engine."""
    session = create_server(lambda *_: EngineChoice(FakeStart()))
    session.usage.tally.asked("python")
    gone, ended = threading.Event(), asyncio.Event()

    def hang(*_: Counts) -> bool:
        return gone.wait(60)

    async def end() -> None:
        ended.set()

    monkeypatch.setattr(shutdown, "_SECONDS", 0.05)
    monkeypatch.setattr(shutdown, "forget_shown", hang if what != "statistics" else lambda: None)
    monkeypatch.setattr(session.usage.file, "add", hang)
    monkeypatch.setattr(session.model.answers.host, "stop", end)
    try:
        await asyncio.wait_for(shutdown.finish(session), 30)
        assert ended.is_set()
        assert not gone.is_set()
    finally:
        gone.set()
