"""The engine process, started, asked, cancelled, killed: with the fake backend inside."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import llama_cpp
import pytest

from herdmate.engine.client import EngineProcess
from herdmate.engine.interface import EngineState
from herdmate.engine.start import FakeStart, LlamaStart
from herdmate.errors import EngineStoppedError, ModelError, NoMemoryError
from herdmate.generation import Finished, ModelInfo, Piece, Priority, Prompt, Request, Text


def _request(text: str = "hello", max_tokens: int = 50) -> Request:
    return Request(Prompt((Text(text),)), "lane", max_tokens)


@asynccontextmanager
async def _engine(
    replies: dict[str, str], seconds: float = 0.0
) -> AsyncIterator[tuple[EngineProcess, list[EngineState]]]:
    states: list[EngineState] = []
    engine = EngineProcess(FakeStart(replies, ("<p>",), seconds), states.append)
    engine.start()
    try:
        yield engine, states
    finally:
        await engine.stop()


async def _text(engine: EngineProcess, request: Request) -> str:
    events = [event async for event in engine.generate(request)]
    assert isinstance(events[-1], Finished)
    return "".join(event.text for event in events if isinstance(event, Piece))


async def test_an_answer_and_the_states() -> None:
    async with _engine({"": "wörld"}) as (engine, states):
        assert (await engine.ready()).pieces == {"<p>": 257}
        assert await _text(engine, _request()) == "wörld"
        assert await engine.count_tokens(["ab", ""]) == [2, 0]
    assert [state.state for state in states] == ["loading", "ready", "stopped"]


async def test_a_question_at_the_moment_of_the_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing would ever answer it."""
    async with _engine({"": "same"}) as (engine, _):
        info = await engine.ready()

        async def ready() -> ModelInfo:
            await engine.stop()
            return info

        monkeypatch.setattr(engine, "ready", ready)
        with pytest.raises(EngineStoppedError):
            await asyncio.wait_for(engine.count_tokens(["a"]), 30)
        with pytest.raises(EngineStoppedError):
            await asyncio.wait_for(_text(engine, _request()), 30)


async def test_who_waits_for_a_model_that_is_stopped_as_it_is_ready_is_told() -> None:
    """The model is there, and so is its process, which is about to be killed."""
    stopping: list[asyncio.Task[None]] = []

    def note(state: EngineState) -> None:
        if state.state == "ready":
            stopping.append(asyncio.ensure_future(engine.stop()))

    engine = EngineProcess(FakeStart({"": "x"}, ()), note)
    engine.start()
    asking = (engine.count_tokens(["a"]), _text(engine, _request()), engine.totals())
    answers = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 30)
    assert all(isinstance(answer, EngineStoppedError) for answer in answers)
    await stopping[0]


@pytest.mark.parametrize(
    ("priority", "is_told"), [(Priority.ASKED, True), (Priority.TYPING, False)]
)
async def test_how_much_is_read_is_told_of_what_the_user_asked_for(
    priority: Priority, is_told: bool
) -> None:
    told: list[tuple[int, int]] = []
    request = replace(_request("x" * 600, 3), priority=priority)
    async with _engine({"": "yes"}, seconds=0.003) as (engine, _):
        async for _ in engine.generate(request, on_read=lambda *of: told.append(of)):
            pass
    assert told == sorted(told)
    assert told[-1:] == [(600, 600)] * is_told
    assert (len(told) > 1) is is_told


async def test_pieces_that_are_sent_together_tell_how_many_tokens_they_are() -> None:
    async with _engine({"": "x" * 40}) as (engine, _):
        events = [event async for event in engine.generate(_request())]
    pieces = [event for event in events if isinstance(event, Piece)]
    assert len(pieces) < 40
    assert sum(piece.tokens for piece in pieces) == 40


async def test_many_at_once() -> None:
    async with _engine({"": "same"}) as (engine, _):
        texts = await asyncio.gather(*(_text(engine, _request(str(n))) for n in range(30)))
    assert set(texts) == {"same"}


async def test_closing_the_answer_stops_the_model() -> None:
    async with _engine({"": "x" * 40}, seconds=0.001) as (engine, _):
        answer = engine.generate(_request("p", 40))
        await answer.__anext__()
        await answer.aclose()
        stopped_at = (await engine.totals()).evaluated_tokens
        await _text(engine, _request("another", 1))
        # "another" may share nothing with the lane: 7 prompt tokens, and one step that was running
        assert (await engine.totals()).evaluated_tokens - stopped_at <= len("another") + 1


async def test_the_figures_come_also_of_an_answer_that_was_closed() -> None:
    ends: asyncio.Queue[Finished] = asyncio.Queue()
    async with _engine({"": "x" * 40}, seconds=0.001) as (engine, _):
        answer = engine.generate(_request("p", 40), ends.put_nowait)
        await answer.__anext__()
        await answer.aclose()
        closed = await asyncio.wait_for(ends.get(), 20)
        assert closed.reason == "cancelled"
        assert closed.usage.prompt_tokens == 1
        assert 1 <= closed.usage.generated_tokens < 40
        async for _event in engine.generate(_request("p", 5), ends.put_nowait):
            pass
        assert (await asyncio.wait_for(ends.get(), 20)).reason == "length"
        assert ends.empty()  # each is told once


async def test_a_crash_is_answered_told_and_mended() -> None:
    async with _engine({"": "x" * 40}, seconds=0.005) as (engine, states):
        answer = engine.generate(_request())
        await answer.__anext__()
        assert engine.process_id
        os.kill(engine.process_id, signal.SIGKILL)
        with pytest.raises(EngineStoppedError):
            await asyncio.wait_for(_drain(answer), 20)
        assert await _text(engine, _request()) == "x" * 40
    crashed = [state for state in states if state.state == "crashed"]
    assert len(crashed) == 1
    assert "starting again" in crashed[0].message


async def test_crashing_again_and_again_ends_with_a_sentence() -> None:
    async with _engine({"die": "<die>", "": "fine"}) as (engine, states):
        for _ in range(3):
            with pytest.raises((EngineStoppedError, ModelError)):
                await _text(engine, _request("die"))
        with pytest.raises(ModelError, match="restartEngine"):
            await engine.ready()
    assert [state.state for state in states].count("failed") == 1


async def test_llama_cpp_of_another_processor_is_named_and_what_to_do() -> None:
    async with _engine({"die": "<illegal>"}) as (engine, states):
        for _ in range(3):
            with pytest.raises((EngineStoppedError, ModelError)):
                await _text(engine, _request("die"))
        with pytest.raises(ModelError, match="built for another processor") as caught:
            await engine.ready()
    command = shlex.split(str(caught.value).partition(": ")[2])
    assert command[:5] == [
        sys.executable,
        "-I",
        "-m",
        "pip",
        "install",
    ]  # of Herdmate's environment
    assert command[-1] == f"llama-cpp-python=={llama_cpp.__version__}"
    crashed = [state.message for state in states if state.state == "crashed"]
    assert len(crashed) == 2
    assert "that this processor does not support" in crashed[0]


async def test_no_such_model_file() -> None:
    engine = EngineProcess(LlamaStart("/nowhere/model.gguf", 512, 1, 0, ()))
    engine.start()
    with pytest.raises(ModelError, match="no model file"):
        await engine.ready()
    await engine.stop()


async def test_the_process_ends_when_the_server_is_gone() -> None:
    async with _engine({"": "x"}) as (engine, _):
        await engine.ready()
        worker = engine._process
        assert worker is not None
        worker.close_input()
        assert await asyncio.wait_for(worker._process.wait(), 10) == 0


async def _drain(answer: AsyncIterator[Piece | Finished]) -> None:
    async for _ in answer:
        pass


async def test_after_a_while_it_sleeps_and_the_next_request_wakes_it() -> None:
    states: list[EngineState] = []
    asleep = asyncio.Event()

    def note(state: EngineState) -> None:
        states.append(state)
        if state.state == "sleeping":
            asleep.set()

    engine = EngineProcess(FakeStart({"": "hi"}, ()), note, sleep_after=0.2)
    engine.start()
    try:
        for _ in range(2):
            assert await _text(engine, _request()) == "hi"
            await asyncio.wait_for(asleep.wait(), 30)
            asleep.clear()
            assert engine.process_id is None
        assert await _text(engine, _request()) == "hi"
    finally:
        await engine.stop()
    names = [state.state for state in states]
    assert names[:6] == ["loading", "ready", "sleeping", "loading", "ready", "sleeping"]
    assert "crashed" not in names


async def test_it_does_not_sleep_while_it_answers() -> None:
    """The answer takes several times as long as the engine would wait."""
    states: list[EngineState] = []
    start = FakeStart({"": "x" * 40}, (), seconds=0.02)
    engine = EngineProcess(start, states.append, sleep_after=0.1)
    engine.start()
    try:
        assert await _text(engine, _request("p", 50)) == "x" * 40
        assert [state.state for state in states] == ["loading", "ready"]
    finally:
        await engine.stop()


async def test_it_is_idle_from_the_end_of_an_answer_on() -> None:
    start = FakeStart({"": "x" * 40}, (), seconds=0.04)
    engine = EngineProcess(start, sleep_after=1.0)
    engine.start()
    try:
        assert await _text(engine, _request("p", 50)) == "x" * 40
        pid = engine.process_id
        await asyncio.sleep(0.5)
        assert engine.process_id == pid
        assert await _text(engine, _request("p", 1)) == "x"
        assert engine.process_id == pid
    finally:
        await engine.stop()


_ADDRESSES = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
runpy.run_module("herdmate.engine.worker", run_name="__main__")
"""


@pytest.mark.model
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
@pytest.mark.parametrize(
    ("weights", "context", "limit", "words"),
    [
        ("repacked", 2048, 700_000_000, "not enough memory for qwen"),  # 470 MB of weights
        ("mapped", 2048, 700_000_000, "not enough memory for qwen"),
        ("mapped", 32768, 1_100_000_000, "not enough memory for a context of 32768 tokens"),
    ],
)
async def test_too_little_memory_is_said_as_that(
    starter_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    weights: Literal["repacked", "mapped"],
    context: int,
    limit: int,
    words: str,
) -> None:
    """The engine's process may have so few bytes of addresses that llama.cpp gets none."""
    program = _ADDRESSES.format(limit=limit)
    monkeypatch.setattr("herdmate.engine.client._COMMAND", (sys.executable, "-c", program))
    states: list[EngineState] = []
    start = LlamaStart(str(starter_model), context, 1, 0, (), weights=weights)
    engine = EngineProcess(start, states.append)
    engine.start()
    try:
        with pytest.raises(NoMemoryError, match=words):
            await engine.ready()
        assert isinstance(states[-1].error, NoMemoryError)
    finally:
        await engine.stop()
