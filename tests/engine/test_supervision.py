"""An engine that fails in every way: each ends as a told state and an error, never as a wait."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest

from herdmate import child_process
from herdmate.child_process import python_command
from herdmate.engine import wire, worker_process
from herdmate.engine.client import EngineProcess
from herdmate.engine.fake import FakeBackend
from herdmate.engine.interface import EngineState
from herdmate.engine.start import FakeStart, StartMessage
from herdmate.errors import EngineError, EngineStoppedError, HerdmateError, ModelError
from herdmate.generation import Finished, Piece, Prompt, Request, Text

SECONDS = 30.0
"""More than anything here takes on a busy machine; who waits longer waits for ever."""

READY = wire.encode({"say": "ready", "info": wire.info_to_wire(FakeBackend(FakeStart()).info)})

_WORKER = """
import json, os, sys, time
say = lambda line: (sys.stdout.buffer.write(line), sys.stdout.buffer.flush())
tell = lambda word, **fields: say(json.dumps({{"say": word, **fields}}).encode() + b"\\n")
READY = {ready!r}
sys.stdin.readline()
def ask():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)
{program}
"""


def _worker(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Have engines run this program in place of the worker."""
    code = _WORKER.format(ready=READY, program=program)
    monkeypatch.setattr("herdmate.engine.client._COMMAND", (sys.executable, "-I", "-c", code))


@asynccontextmanager
async def _engine(
    on_state: Callable[[EngineState], None] = lambda _: None, patience: float = SECONDS
) -> AsyncIterator[tuple[EngineProcess, list[EngineState]]]:
    states: list[EngineState] = []

    def note(state: EngineState) -> None:
        states.append(state)
        on_state(state)

    engine = EngineProcess(FakeStart({"": "hello"}, ()), note, patience=patience)
    engine.start()
    try:
        yield engine, states
    finally:
        await asyncio.wait_for(engine.stop(), SECONDS)
        assert engine.process_id is None


async def _within(work: Any) -> Any:
    return await asyncio.wait_for(work, SECONDS)


async def _gather(answer: AsyncIterator[Piece | Finished], got: list[Piece | Finished]) -> None:
    async for event in answer:
        got.append(event)


async def _ask_on(engine: EngineProcess) -> None:
    for _again in range(1000):
        await _within(engine.ready())
        await _within(_answer(engine))


async def _answer(engine: EngineProcess, max_tokens: int = 20) -> str:
    request = Request(Prompt((Text("p"),)), "lane", max_tokens)
    events = [event async for event in engine.generate(request)]
    assert isinstance(events[-1], Finished)
    return "".join(event.text for event in events if isinstance(event, Piece))


_NONSENSE = {
    "no JSON": 'say(b"hello\\n")',
    "JSON, but no object": 'say(b"[1]\\n")',
    "nested without end": 'say(b"[" * 100000 + b"\\n")',
    "no word": 'say(b"{}\\n")',
    "an unknown word": "tell('boo')",
    "a word that is a list": "tell([])",
    "no UTF-8": 'say(b"\\xff\\xfe\\n")',
    "ready of nothing": "tell('ready')",
    "ready of wrong types": """say(READY.replace(b'"context":4096', b'"context":"x"'))""",
    "ready of no number": """say(READY.replace(b'"context":4096', b'"context":NaN'))""",
    "ready of a huge number": """say(READY.replace(b":4096", b":1" + b"0" * 99))""",
    "ready twice": "say(READY + READY)",
    "ready, then failed": "say(READY); tell('failed', kind='ModelError', message='no')",
    "loading of no fraction": "tell('loading')",
    "failed without a reason": "tell('failed')",
    "an answer of no number": "say(READY); tell('piece', text='x', index=0)",
    "reading of no number": "say(READY); tell('reading', id=1, read='x', tokens=1)",
    "reading without end": "for at in range(20_000): tell('reading', id=1, read=1, tokens=9)",
    "a line without end": 'say(b"x" * 10_000_000)',
    "much that nobody asked for": "for at in range(20_000): tell('loading', fraction=0)",
    "nothing, and it ends": "sys.exit(3)",
    "nothing, and its output is closed": "os.close(1); os.close(2); time.sleep(1000)",
}


_OTHER_ENDS = {
    _NONSENSE["much that nobody asked for"]: "it sent too many unexpected messages",
    _NONSENSE["reading without end"]: "it sent too many unexpected messages",
    _NONSENSE["nothing, and it ends"]: "exit code 3",
    _NONSENSE["nothing, and its output is closed"]: "it was killed",
}


@pytest.mark.parametrize("program", _NONSENSE.values(), ids=_NONSENSE.keys())
async def test_an_engine_that_says_nonsense_is_given_up_and_told(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(worker_process, "_END_SECONDS", 0.5)
    _worker(monkeypatch, f"{program}\nask()")
    async with _engine() as (engine, states):
        with pytest.raises(HerdmateError):
            await _ask_on(engine)  # some are ready at first
        with pytest.raises(ModelError, match=r"3 times in a row .* herdmate.restartEngine"):
            await _until_given_up(engine)
        assert [state.state for state in states].count("failed") == 1
        assert [state.state for state in states].count("crashed") == 2
        why = _OTHER_ENDS.get(program, "it sent messages that Herdmate cannot parse")
        assert all(why in state.message for state in states if state.state == "crashed")


async def _until_given_up(engine: EngineProcess) -> None:
    assert engine._keeper is not None
    await asyncio.wait({engine._keeper}, timeout=SECONDS)
    for ask in (engine.ready, lambda: engine.count_tokens(["x"]), engine.totals):
        with pytest.raises(ModelError):
            await _within(ask())
    await _within(engine.ready())


_ODD_ANSWERS = {
    "of another kind": "'counts', counts=[1]",
    "of wrong types": "'piece', text=1, index=0",
    "of half a message": "'finished'",
    "finished for a reason that is none": "'finished', reason='x', usage={}, others=[]",
    "an error of an odd class": "'error', kind='Exception', message='x'",
    "an error without words": "'error'",
}


@pytest.mark.parametrize("answer", _ODD_ANSWERS.values(), ids=_ODD_ANSWERS.keys())
async def test_an_odd_answer_is_an_error(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    _worker(monkeypatch, f"say(READY)\nwhile True:\n tell(id=ask().get('id'), word={answer})")
    async with _engine() as (engine, _):
        with pytest.raises(EngineError):
            await _within(_answer(engine))


async def test_answers_to_nobody_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
say(READY)
while True:
    number = ask()["id"]
    for other in (0, -1, number + 9, 2**62):
        tell("piece", id=other, text="x", index=0)
    tell("counts", id=number, counts=[7])
"""
    _worker(monkeypatch, program)
    async with _engine() as (engine, _):
        for _again in range(3):
            assert await _within(engine.count_tokens(["x"])) == [7]


async def test_an_answer_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fill the memory, where nobody reads as fast as it comes."""
    _worker(
        monkeypatch,
        "say(READY)\nn = ask()['id']\nwhile True:\n tell('piece', id=n, text='x' * 5000, index=0)",
    )
    async with _engine() as (engine, _):
        request = Request(Prompt((Text("p"),)), "lane", 20)
        answer = engine.generate(request)
        assert isinstance(await _within(anext(answer)), Piece)
        got: list[Piece | Finished] = []
        with pytest.raises(EngineStoppedError):
            await _within(_gather(answer, got))
        assert len(got) < 20


@pytest.mark.parametrize(
    "program",
    ["time.sleep(1000)", "say(READY); time.sleep(1000)"],
    ids=["while loading", "while answering"],
)
async def test_an_engine_that_never_says_anything_is_given_up(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    _worker(monkeypatch, program)
    async with _engine(patience=0.2) as (engine, states):
        with pytest.raises(HerdmateError):
            await _within(_answer(engine))
        with pytest.raises(HerdmateError):
            await _ask_on(engine)
        assert any("stopped answering" in state.message for state in states)


async def test_an_engine_that_cannot_read_its_settings_says_so() -> None:
    """As after an update of half of the package."""
    odd: Any = {"": 1}
    engine = EngineProcess(FakeStart(odd))
    engine.start()
    try:
        with pytest.raises(EngineError, match="cannot read its settings"):
            await _within(engine.ready())
    finally:
        await _within(engine.stop())


@pytest.mark.parametrize("is_loading", [True, False])
async def test_a_question_that_the_engine_cannot_read_is_answered(is_loading: bool) -> None:
    """As after an update, when the engine is started again by a server that is older than it."""
    first = StartMessage(FakeStart({}, (), load_seconds=0.1))
    worker = await worker_process.start_worker(
        python_command("herdmate.engine.worker"), first, {}, SECONDS
    )
    errors: dict[int, str] = {}

    def ask() -> None:
        worker.send({"do": "generate", "id": 1, "request": {"segments": []}})
        worker.send({"do": "summarise", "id": 2})
        worker.send({"do": "count", "texts": ["a"]})
        worker.send({"do": "count", "id": "3", "texts": ["a"]})
        worker.send({"do": "count", "id": 4, "texts": ["a"]})

    def take(message: dict[str, Any]) -> bool:
        if message["say"] == ("loading" if is_loading else "ready"):
            ask()
        elif message["say"] == "error":
            errors[message["id"]] = message["message"]
        elif message["say"] == "counts" and message["id"] == 4:
            worker.close_input()
        return True

    ending = await _within(worker.listen(take, lambda: True))
    assert ending.code == 0
    assert list(errors) == [1, 2]
    assert all("restart the editor" in error for error in errors.values())


async def test_an_engine_that_loads_shows_that_it_lives_and_ends_with_its_input() -> None:
    """The load itself cannot be interrupted."""
    first = StartMessage(FakeStart({}, (), load_seconds=1000.0))
    worker = await worker_process.start_worker(
        python_command("herdmate.engine.worker"), first, {}, SECONDS
    )
    said: list[str] = []

    def take(message: dict[str, Any]) -> bool:
        said.append(message["say"])
        if said[-1] == "loading":
            worker.send({"do": "ping"})
        else:
            worker.close_input()
        return True

    ending = await _within(worker.listen(take, lambda: True))
    assert said == ["loading", "alive"]
    assert ending.code == 0


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)),
        OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
        PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
        ValueError("embedded null byte"),
    ],
    ids=lambda error: type(error).__name__ + str(getattr(error, "errno", "")),
)
async def test_no_process_to_be_had_is_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def start(*_command: str, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(child_process, "start", start)
    async with _engine() as (engine, states):
        for _again in range(2):
            with pytest.raises(EngineError, match="cannot be started"):
                await _within(engine.ready())
        assert [state.state for state in states] == ["loading", "failed"]
        assert "herdmate.restartEngine" in states[-1].message


async def test_no_such_program_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("herdmate.engine.client._COMMAND", ("/nowhere/python", "-m", "x"))
    async with _engine() as (engine, _):
        with pytest.raises(EngineError, match="No such file"):
            await _within(engine.ready())


async def test_something_unforeseen_in_the_keeper_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(*_command: str, **_options: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("herdmate.engine.client.start_worker", start)
    async with _engine() as (engine, states):
        with pytest.raises(EngineError, match="internal error"):
            await _within(engine.ready())
        assert states[-1].state == "failed"


async def test_a_listener_that_fails_stops_nothing() -> None:
    def fail(_state: EngineState) -> None:
        raise RuntimeError("the client is gone")

    def fail_too(_finished: Finished) -> None:
        raise RuntimeError("the disk is full")

    async with _engine(fail) as (engine, states):
        request = Request(Prompt((Text("p"),)), "lane", 20)
        for _again in range(2):
            events = [event async for event in engine.generate(request, fail_too)]
            assert isinstance(events[-1], Finished)
        assert [state.state for state in states] == ["loading", "ready"]


async def test_a_pipe_that_nobody_reads_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "_MOST_UNREAD", 1_000_000)
    _worker(monkeypatch, "say(READY); time.sleep(1000)")
    async with _engine() as (engine, _):
        await _within(engine.ready())
        asking = [engine.count_tokens(["x" * 100_000]) for _ in range(30)]
        answers = await _within(asyncio.gather(*asking, return_exceptions=True))
        assert all(isinstance(answer, HerdmateError) for answer in answers)


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.5])
async def test_stopping_while_it_starts_leaves_no_process(pause: float) -> None:
    """However far it is: ``pause`` only chooses how far."""
    engine = EngineProcess(FakeStart({"": "x"}, (), load_seconds=1000.0))
    engine.start()
    waiting = asyncio.ensure_future(engine.ready())
    await asyncio.sleep(pause)
    pid = engine.process_id
    await _within(engine.stop())
    with pytest.raises(ModelError, match="stopped"):
        await waiting
    assert engine.process_id is None
    assert pid is None or not psutil.pid_exists(pid)


async def test_a_stop_that_is_cancelled_stops_all_the_same() -> None:
    engine = EngineProcess(FakeStart({"": "x"}, ()))
    engine.start()
    await _within(engine.ready())
    pid = engine.process_id
    assert pid is not None
    stopping = asyncio.ensure_future(engine.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    assert engine._keeper is not None
    await _within(asyncio.wait({engine._keeper}))
    assert not psutil.pid_exists(pid)
    with pytest.raises(ModelError, match="stopped"):
        await _within(engine.ready())


async def test_a_process_that_will_not_sleep_is_ended_and_wakes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its input is closed, and it does not care."""
    _worker(monkeypatch, "say(READY); time.sleep(1000)")
    asleep = asyncio.Event()

    def note(state: EngineState) -> None:
        if state.state == "sleeping":
            asleep.set()

    engine = EngineProcess(FakeStart({}, ()), note, sleep_after=0.1, patience=0.2)
    engine.start()
    try:
        await _within(engine.ready())
        await _within(asleep.wait())
        await _within(engine.ready())
    finally:
        await _within(engine.stop())
