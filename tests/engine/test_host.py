"""What is kept when an engine ends: how fast its last answer came."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from herdmate.engine import host as module
from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.generation import Prompt, Request, Text
from herdmate.prompting.families import QWEN_PIECES


@pytest.mark.parametrize(("reply", "is_noted"), [("word " * 40, True), ("no", False)])
async def test_the_speed_of_the_last_answer_is_kept(
    reply: str, is_noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[tuple[str, float]] = []
    monkeypatch.setattr(module, "note_run", lambda *given: noted.append(given))
    host = EngineHost()
    await host.start(FakeStart({"": reply}, QWEN_PIECES))
    host._path = "mine.gguf"  # as of a model in a file
    async for _ in host.generate(Request(Prompt((Text("ask"),)), "x", 200)):
        pass
    await host.stop()
    await host.stop()
    assert [path for path, speed in noted if speed > 0] == ["mine.gguf"] * is_noted


def test_a_disk_that_hangs_keeps_neither_engine_nor_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(module, "note_run", lambda *_: is_over.wait(30))
    monkeypatch.setattr(module, "_DISK_SECONDS", 0.01)

    async def use() -> None:
        host = EngineHost()
        await host.start(FakeStart({"": "word " * 40}, QWEN_PIECES))
        host._path = "mine.gguf"
        async for _ in host.generate(Request(Prompt((Text("ask"),)), "x", 200)):
            pass
        engine = host.process_id
        await host.stop()
        assert engine is not None
        assert host.process_id is None

    begun = time.monotonic()
    asyncio.run(use())
    assert time.monotonic() - begun < 20
    is_over.set()
