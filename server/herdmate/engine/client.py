"""The server's side of the engine: starts the process, restarts it, and asks it.

A generation that is no longer wanted is stopped by closing its iterator or by cancelling the task
that reads it; the model then stops within one step.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal, Protocol

from herdmate.engine import wire
from herdmate.errors import EngineStoppedError, HerdmateError, ModelError
from herdmate.generation import Finished, ModelInfo, Piece, Request, Totals

_log = logging.getLogger(__name__)

_CRASHES_IN_A_ROW = 3

_COMMAND = (sys.executable, "-m", "herdmate.engine.worker")

_GENTLE = {"GOMP_SPINCOUNT": "1000"}
"""How long OpenMP's threads wait spinning: as fast as the default on free cores, and much gentler
on busy ones (0.5B, two cores, 64 tokens: 0.38 s both; with two busy processes 1.0 against 2.9 s).
"""

_SLEEPING = "The model sleeps, since nothing was asked for a while; the next request wakes it."
_MEASURING = "Measuring once what suits this model on this machine."


class Engine(Protocol):
    """Who answers requests, from ``start`` to ``stop``."""

    @property
    def process_id(self) -> int | None:
        """The process in which the model runs, where it is one of this machine's."""

    def start(self) -> None:
        """Begin to get ready."""

    async def stop(self) -> None:
        """End it; what was in flight gets an error."""

    async def ready(self) -> ModelInfo:
        """Wait until a model is loaded; raises ``HerdmateError`` when none can be."""

    def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None
    ) -> AsyncGenerator[Piece | Finished, None]:
        """Pieces of the answer and, last, ``Finished``. Raises ``HerdmateError``.

        ``on_end`` is told ``Finished`` also where the answer was closed before its end.
        """

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""

    async def totals(self) -> Totals:
        """What was done since it started."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the engine is doing; ``message`` is a sentence for the user where there is one."""

    state: Literal["loading", "ready", "crashed", "failed", "sleeping", "stopped"]
    fraction: float = 0.0
    message: str = ""
    info: ModelInfo | None = None
    error: HerdmateError | None = None


class EngineProcess:
    """An engine in a child process. See ``Engine``.

    Where nobody asks for some time the process ends and gives its memory back; the next question
    starts it again.
    """

    def __init__(
        self,
        start: Mapping[str, Any],
        on_state: Callable[[EngineState], None] = lambda _: None,
        sleep_after: float = 0.0,
    ) -> None:
        """``start`` is the worker's first message, see ``start_llama`` and ``start_fake``.

        ``sleep_after`` is in seconds; 0 keeps the process for ever.
        """
        self._start = {"log_level": _log.getEffectiveLevel(), **start}
        self._on_state = on_state
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Queue[dict[str, Any] | HerdmateError]] = {}
        self._on_end: dict[int, Callable[[Finished], None]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._info: asyncio.Future[ModelInfo] = asyncio.get_running_loop().create_future()
        self._keeper: asyncio.Task[None] | None = None
        self._crashes = 0
        self._sleep_after = sleep_after
        self._last_asked = 0.0
        self._sleeps = False
        self._asked = asyncio.Event()

    def start(self) -> None:
        """Start the process and keep it running until ``stop``."""
        self._keeper = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        """End the process; what was in flight gets an error."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        self._fail_all(EngineStoppedError("The engine was stopped."))
        self._settle(ModelError("The engine was stopped."))
        self._on_state(EngineState("stopped"))

    @property
    def process_id(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process else None

    async def ready(self) -> ModelInfo:
        """Wait for the model, waking it if it sleeps; raises why there is none."""
        self._last_asked = asyncio.get_running_loop().time()
        self._asked.set()
        return await asyncio.shield(self._info)

    async def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None
    ) -> AsyncGenerator[Piece | Finished, None]:
        """See ``Engine``. Raises ``EngineStoppedError`` when the process ends meanwhile."""
        await self.ready()
        number, answers = self._ask("generate", request=wire.request_to_wire(request))
        self._on_end[number] = on_end
        ended = False
        try:
            while not ended:
                answer = await answers.get()
                ended = isinstance(answer, HerdmateError) or answer["say"] != "piece"
                if isinstance(answer, HerdmateError):
                    raise answer
                if answer["say"] == "error":
                    raise wire.error_from_wire(answer)
                yield (
                    wire.finished_from_wire(answer)
                    if ended
                    else Piece(answer["text"], answer["index"])
                )
        finally:
            del self._answers[number]
            if not ended:
                self._send({"do": "cancel", "id": number})

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Token counts by the model's own tokenizer, in one exchange."""
        return list((await self._exchange("count", texts=list(texts)))["counts"])

    async def totals(self) -> Totals:
        """What the process has done since it started."""
        return Totals(**(await self._exchange("measure"))["totals"])

    async def _exchange(self, word: str, **fields: Any) -> dict[str, Any]:
        """One question, one answer."""
        await self.ready()
        number, answers = self._ask(word, **fields)
        try:
            answer = await answers.get()
        finally:
            del self._answers[number]
        if isinstance(answer, HerdmateError):
            raise answer
        if answer["say"] == "error":
            raise wire.error_from_wire(answer)
        return answer

    def _ask(
        self, word: str, **fields: Any
    ) -> tuple[int, asyncio.Queue[dict[str, Any] | HerdmateError]]:
        number = next(self._numbers)
        self._answers[number] = asyncio.Queue()
        self._send({"do": word, "id": number, **fields})
        return number, self._answers[number]

    def _send(self, message: Mapping[str, Any]) -> None:
        pipe = self._process.stdin if self._process is not None else None
        if pipe is not None and not pipe.is_closing():
            pipe.write(wire.encode(message))

    async def _keep_running(self) -> None:
        """Start the process, and start it again when it crashes, a few times."""
        while True:
            self._on_state(EngineState("loading"))
            code = await self._run_once()
            if self._sleeps:
                await self._sleep()
                continue
            if self._info.done() and self._info.exception() is not None:
                return
            self._crashes += 1
            self._fail_all(EngineStoppedError("The engine stopped while it was answering."))
            if self._crashes >= _CRASHES_IN_A_ROW:
                message = _gave_up(code, self._crashes)
                self._settle(ModelError(message))
                self._on_state(EngineState("failed", message=message))
                return
            self._reset_info()
            self._on_state(EngineState("crashed", message=_crashed(code)))

    async def _sleep(self) -> None:
        """Until somebody asks there is no process."""
        self._on_state(EngineState("sleeping", message=_SLEEPING))
        await self._asked.wait()
        self._sleeps = False

    async def _send_to_sleep(self) -> None:
        """Ask the process to end once nobody has asked for long enough and nothing is under way."""
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(HerdmateError):
            await asyncio.shield(self._info)
        self._last_asked = clock()
        while self._answers or self._last_asked + self._sleep_after > clock():  # noqa: ASYNC110
            await asyncio.sleep(self._sleep_after / 4)
        self._sleeps = True
        self._asked.clear()
        self._reset_info()  # whoever asks from now on waits for the next process
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def _run_once(self) -> int:
        """Run the process until it ends; answers its exit code, negative for a signal."""
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=wire.LINE_LIMIT,
            env={**_GENTLE, **os.environ},
        )  # fmt: skip
        self._process = process
        assert process.stdout is not None
        drowsy = asyncio.create_task(self._send_to_sleep()) if self._sleep_after else None
        try:
            self._send(self._start)
            async for line in process.stdout:
                if line.endswith(b"\n"):  # a crash can cut the last one off
                    self._take(wire.decode(line))
            return await process.wait()
        finally:
            self._process = None
            if drowsy is not None:
                drowsy.cancel()
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _take(self, message: dict[str, Any]) -> None:
        word = message["say"]
        if word == "loading":
            self._on_state(EngineState("loading", fraction=message["fraction"]))
        elif word == "measuring":
            self._on_state(EngineState("loading", message=_MEASURING))
        elif word == "ready":
            info = wire.info_from_wire(message["info"])
            self._info.set_result(info)
            self._on_state(EngineState("ready", info=info))
        elif word == "failed":
            error = wire.error_from_wire(message)
            self._settle(error)
            self._on_state(EngineState("failed", message=str(error), error=error))
        else:
            self._take_answer(message)

    def _take_answer(self, message: dict[str, Any]) -> None:
        """An answer that was closed is over all the same, and its figures come then."""
        number, word = message["id"], message["say"]
        on_end = self._on_end.pop(number, None) if word in ("finished", "error") else None
        if on_end is not None and word == "finished":
            on_end(wire.finished_from_wire(message))
        if number in self._answers:
            self._crashes = 0
            self._answers[number].put_nowait(message)

    def _fail_all(self, error: HerdmateError) -> None:
        self._on_end.clear()
        for answers in self._answers.values():
            answers.put_nowait(error)

    def _settle(self, error: HerdmateError) -> None:
        """No model will come: whoever waits for one, or asks later, is told."""
        if self._info.done():
            self._info = asyncio.get_running_loop().create_future()
        self._info.set_exception(error)
        self._info.exception()  # nobody has to have waited

    def _reset_info(self) -> None:
        if self._info.done():
            self._info = asyncio.get_running_loop().create_future()


def start_llama(
    path: str,
    context: int,
    threads: int,
    gpu_layers: int,
    control_pieces: Sequence[str],
    weights: Literal["auto", "repacked", "mapped"] = "auto",
    kv_type: Literal["f16", "q8_0"] = "f16",
    lock_memory: bool = False,
) -> dict[str, Any]:
    """First message that loads a GGUF file; the arguments are those of ``llama.Load``."""
    return {
        "load": {
            "path": path,
            "context": context,
            "threads": threads,
            "gpu_layers": gpu_layers,
            "control_pieces": list(control_pieces),
            "weights": weights,
            "kv_type": kv_type,
            "lock_memory": lock_memory,
        }
    }


def start_fake(
    replies: Mapping[str, str],
    control_pieces: Sequence[str],
    seconds: float = 0.0,
    context: int = 4096,
    record: str = "",
) -> dict[str, Any]:
    """First message that starts the fake for tests; the arguments are those of ``fake.Script``."""
    return {
        "fake": {
            "replies": dict(replies),
            "seconds": seconds,
            "pieces": list(control_pieces),
            "context": context,
            "record": record,
        }
    }


def _crashed(code: int) -> str:
    return f"The engine stopped unexpectedly ({_how(code)}) and is starting again."


def _gave_up(code: int, times: int) -> str:
    if code in _ILLEGAL_INSTRUCTION:
        return (
            "The engine's llama.cpp was built for another processor; build it on this machine: "
            f'"{sys.executable}" -m pip install --force-reinstall --no-deps --no-cache-dir '
            f"--no-binary=llama-cpp-python llama-cpp-python=={version('llama-cpp-python')}"
        )
    return (
        f"The engine stopped {times} times in a row ({_how(code)}); choose a smaller model in "
        "herdmate.model, or run the command herdmate.restartEngine to try again."
    )


def _how(code: int) -> str:
    if code == -9:
        return "it was killed, perhaps because memory ran out"
    if code in _ILLEGAL_INSTRUCTION:
        return "an instruction that this processor does not have"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


_ILLEGAL_INSTRUCTION = (-signal.SIGILL, 0xC000001D)
"""Exit codes, the second one of Windows."""
