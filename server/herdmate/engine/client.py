"""The server's side of the engine: starts the process, restarts it, and asks it.

To stop a generation, close its iterator or cancel the task that reads it; the model then stops
within one step.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from herdmate.child_process import python_command
from herdmate.engine import wire
from herdmate.engine.interface import EngineState, OnRead, unheard
from herdmate.engine.start import FakeStart, LlamaStart, StartMessage
from herdmate.engine.worker_ending import Ending, crashed, gave_up
from herdmate.engine.worker_process import PATIENCE, WorkerProcess, start_worker
from herdmate.errors import EngineError, EngineStoppedError, HerdmateError, ModelError
from herdmate.generation import Finished, ModelInfo, Piece, Request, Totals

_log = logging.getLogger(__name__)

_CRASHES_IN_A_ROW = 3

_COMMAND = python_command("herdmate.engine.worker")

_GENTLE = {"GOMP_SPINCOUNT": "1000"}
"""How long OpenMP's threads spin while they wait: as fast as the default on free cores, and much
gentler on busy ones (0.5B, two cores, 64 tokens: 0.38 s both; with two busy processes 1.0 s against
2.9 s).
"""

_BYTES_OF_A_TOKEN = 4096
"""Generous: one token as JSON, including the message around it."""

_BYTES_OF_A_PIECE = 64
"""Overhead of the message around a piece's text."""

_T = TypeVar("_T")

_Answer = Piece | Finished | list[int] | Totals | HerdmateError

_SLEEPING = "The model was unloaded because it was idle; the next request loads it again."
_MEASURING = "Measuring how to run this model fastest on this machine; this happens only once."


@dataclass(slots=True)
class _Asked:
    """A question waiting for its answers. ``room``: how many more characters they can have."""

    room: int
    on_read: OnRead = unheard
    answers: asyncio.Queue[_Answer] = field(default_factory=asyncio.Queue)


class EngineProcess:
    """An engine in a child process. See ``Engine``.

    After some time without requests the process ends and gives its memory back; the next request
    starts it again. Any failure is reported as a state and raised for every pending and later
    request.
    """

    def __init__(
        self,
        start: LlamaStart | FakeStart,
        on_state: Callable[[EngineState], None] = lambda _: None,
        sleep_after: float = 0.0,
        patience: float = PATIENCE,
    ) -> None:
        """``sleep_after`` is in seconds; 0 keeps the process forever. ``patience``: seconds of
        silence after which the process is pinged.
        """
        self._start = StartMessage(start, _log.getEffectiveLevel())
        self._on_state = on_state
        self._numbers = itertools.count(1)
        self._asked: dict[int, _Asked] = {}
        self._on_end: dict[int, Callable[[Finished], None]] = {}
        self._process: WorkerProcess | None = None
        self._info: asyncio.Future[ModelInfo] = asyncio.get_running_loop().create_future()
        self._keeper: asyncio.Task[None] | None = None
        self._crashes = 0
        self._sleep_after, self._patience = sleep_after, patience
        self._last_asked = 0.0
        self._sleeps = False
        self._wanted = asyncio.Event()

    def start(self) -> None:
        """Start the process and keep it running until ``stop``."""
        self._keeper = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        """End the process, even if it is busy; requests in flight fail."""
        self._fail_all(EngineStoppedError("The engine was stopped."))
        self._settle(ModelError("The engine was stopped."))
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        self._tell(EngineState("stopped"))

    @property
    def process_id(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process else None

    async def ready(self) -> ModelInfo:
        """Wait for the model, waking it if it sleeps; raises ``HerdmateError`` if there is none."""
        self._last_asked = asyncio.get_running_loop().time()
        self._wanted.set()
        return await asyncio.shield(self._info)

    async def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None,
        on_read: OnRead = unheard,
    ) -> AsyncGenerator[Piece | Finished, None]:  # fmt: skip
        """See ``Engine``. Raises ``EngineStoppedError`` if the process ends meanwhile."""
        await self.ready()
        tokens = (request.max_tokens + 1) * max(request.alternatives, 1)
        number, asked = self._ask(
            "generate", tokens * _BYTES_OF_A_TOKEN, request=wire.request_to_wire(request)
        )
        self._on_end[number], asked.on_read = on_end, on_read
        ended = False
        try:
            while not ended:
                answer = await asked.answers.get()
                ended = not isinstance(answer, Piece)
                if isinstance(answer, HerdmateError):
                    raise answer
                if not isinstance(answer, Piece | Finished):
                    raise _odd()
                yield answer
        finally:
            del self._asked[number]
            if not ended:
                self._send({"do": "cancel", "id": number})

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Token counts by the model's own tokenizer, in one exchange."""
        counts: list[int] = await self._exchange(list, "count", texts=list(texts))
        if len(counts) != len(texts):
            raise _odd()
        return counts

    async def totals(self) -> Totals:
        """Totals since the process started."""
        return await self._exchange(Totals, "measure")

    async def _exchange(self, kind: type[_T], word: str, **fields: Any) -> _T:
        """Send one question and return its answer."""
        await self.ready()
        number, asked = self._ask(word, wire.ANSWER_LIMIT, **fields)
        try:
            answer = await asked.answers.get()
        finally:
            del self._asked[number]
        if isinstance(answer, HerdmateError):
            raise answer
        if not isinstance(answer, kind):
            raise _odd()
        return answer

    def _ask(self, word: str, room: int, **fields: Any) -> tuple[int, _Asked]:
        if self._process is None:  # it has ended since it was ready: nothing would answer
            raise EngineStoppedError("The engine stopped before it was asked.")
        number = next(self._numbers)
        self._asked[number] = _Asked(room)
        self._send({"do": word, "id": number, **fields})
        return number, self._asked[number]

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._process is not None:
            self._process.send(message)

    async def _keep_running(self) -> None:
        """Start the process, and restart it a few times if it crashes."""
        try:
            while await self._run():
                pass
        except HerdmateError as error:
            self._give_up(error)
        except Exception:
            _log.exception("internal error")
            self._give_up(
                EngineError(
                    "The engine had an internal error (see the log); run the command "
                    "herdmate.restartEngine to try again."
                )
            )

    async def _run(self) -> bool:
        """Run the process once. Should it be restarted?"""
        self._tell(EngineState("loading"))
        try:
            ending = await self._run_once()
        finally:  # also what was asked of a process that was being ended
            self._fail_all(EngineStoppedError("The engine stopped while it was answering."))
        if self._sleeps:
            await self._sleep()
            return True
        if self._has_failed():
            return False
        self._crashes += 1
        if self._crashes >= _CRASHES_IN_A_ROW:
            raise ModelError(gave_up(ending, self._crashes))
        self._reset_info()
        self._tell(EngineState("crashed", message=crashed(ending)))
        return True

    async def _sleep(self) -> None:
        """Wait, without a process, for the next request."""
        self._tell(EngineState("sleeping", message=_SLEEPING))
        await self._wanted.wait()
        self._sleeps = False

    async def _send_to_sleep(self, process: WorkerProcess) -> None:
        """Ask the process to end once it has been idle for ``sleep_after`` seconds."""
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(HerdmateError):
            await asyncio.shield(self._info)
        self._last_asked = clock()
        while self._asked or self._last_asked + self._sleep_after > clock():
            self._last_asked = clock() if self._asked else self._last_asked
            await asyncio.sleep(self._sleep_after / 4)
        if self._has_failed():
            return
        self._sleeps = True
        self._wanted.clear()
        self._reset_info()  # requests from now on wait for the next process
        process.close_input()

    async def _run_once(self) -> Ending:
        """Run the process until it ends."""
        gentle = {name: value for name, value in _GENTLE.items() if name not in os.environ}
        process = await start_worker(_COMMAND, self._start, gentle, self._patience)
        self._process = process
        drowsy = self._sleep_after and asyncio.create_task(self._send_to_sleep(process))
        try:
            return await process.listen(self._take, self._must_speak)
        finally:
            self._process = None
            if drowsy:
                drowsy.cancel()
            await process.end()

    def _must_speak(self) -> bool:
        """Is the process due to send a message or to end?"""
        return bool(self._asked) or not self._info.done() or self._has_failed()

    def _take(self, message: dict[str, Any]) -> bool:
        """Handle a message, raising if it is invalid; return whether it answered a question."""
        word = message["say"]
        if word == "alive":
            return False
        if word == "reading":
            return self._take_reading(message)
        if word not in ("loading", "measuring", "ready", "failed"):
            return self._take_answer(message)
        if self._info.done():
            raise ValueError("the model is already loaded or has failed")
        if word == "loading":
            self._tell(EngineState("loading", fraction=wire.fraction_from_wire(message)))
        elif word == "measuring":
            self._tell(EngineState("loading", message=_MEASURING))
        elif word == "ready":
            info = wire.info_from_wire(message["info"])
            self._info.set_result(info)
            self._tell(EngineState("ready", info=info))
        else:
            self._give_up(wire.error_from_wire(message))
        return False

    def _take_reading(self, message: dict[str, Any]) -> bool:
        """Tell how much of a prompt has been read; a process that tells nothing else is ended."""
        number, (read, tokens) = wire.number_from_wire(message), wire.read_from_wire(message)
        if (asked := self._asked.get(number)) is not None:
            asked.on_read(read, tokens)
        return False

    def _take_answer(self, message: dict[str, Any]) -> bool:
        """Handle an answer; ``on_end`` is called even if the caller closed the answer early."""
        number, answer = wire.number_from_wire(message), _answer_from_wire(message)
        on_end = None if isinstance(answer, Piece) else self._on_end.pop(number, None)
        if on_end is not None and isinstance(answer, Finished):
            try:
                on_end(answer)
            except Exception:
                _log.exception("internal error")
        if (asked := self._asked.get(number)) is None:
            return False
        if isinstance(answer, Piece):
            asked.room -= len(answer.text) + _BYTES_OF_A_PIECE
            if asked.room < 0:
                raise ValueError("an answer that never ends")
        self._crashes = 0
        asked.answers.put_nowait(answer)
        return True

    def _tell(self, state: EngineState) -> None:
        """Notify the listener; its exceptions are logged and go no further."""
        try:
            self._on_state(state)
        except Exception:
            _log.exception("internal error")

    def _give_up(self, error: HerdmateError) -> None:
        """Report that no model will be loaded."""
        self._fail_all(EngineStoppedError("The engine stopped while it was answering."))
        self._settle(error)
        self._tell(EngineState("failed", message=str(error), error=error))

    def _fail_all(self, error: HerdmateError) -> None:
        self._on_end.clear()
        for asked in self._asked.values():
            asked.answers.put_nowait(error)

    def _settle(self, error: HerdmateError) -> None:
        """Make every pending and later wait for the model raise this error."""
        self._reset_info()
        self._info.set_exception(error)
        self._info.exception()  # mark as retrieved: there may be no waiter

    def _reset_info(self) -> None:
        if self._info.done():
            self._info = asyncio.get_running_loop().create_future()

    def _has_failed(self) -> bool:
        return self._info.done() and self._info.exception() is not None


def _answer_from_wire(message: Mapping[str, Any]) -> _Answer:
    readers: Mapping[str, Callable[[Mapping[str, Any]], _Answer]] = {
        "piece": wire.piece_from_wire,
        "finished": wire.finished_from_wire,
        "error": wire.error_from_wire,
        "counts": wire.counts_from_wire,
        "measures": wire.totals_from_wire,
    }
    return readers[message["say"]](message)


def _odd() -> EngineError:
    return EngineError("The engine sent an unexpected answer; try again.")
