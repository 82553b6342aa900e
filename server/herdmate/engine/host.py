"""The engine's life cycle: one model at a time, started, replaced and stopped."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import psutil

from herdmate.engine.client import EngineProcess
from herdmate.engine.interface import Engine, EngineState, OnRead, unheard
from herdmate.engine.latency import Latency
from herdmate.engine.remote.engine import RemoteEngine, RemoteStart
from herdmate.engine.remote.probe import PiecesOf
from herdmate.engine.run_speeds import note_run
from herdmate.engine.start import FakeStart, LlamaStart
from herdmate.engine.thoughts import without_thoughts
from herdmate.errors import HerdmateError
from herdmate.generation import Finished, ModelInfo, Piece, Priority, Request, Totals, Usage
from herdmate.redaction.requests import request_without_secrets, texts_without_secrets
from herdmate.token_counts import TokenCounts

_log = logging.getLogger(__name__)

_DISK_SECONDS = 1.0

EngineStart = LlamaStart | FakeStart | RemoteStart


@dataclass(slots=True)
class RequestRecord:
    """A request, the answer so far and, once it has ended, how it ended.

    ``read`` of the prompt's ``tokens`` have been evaluated, as far as the engine tells; ``written``
    of the answer have come. ``made_at`` is on the monotonic clock.
    """

    request: Request
    answer: str = ""
    read: int = 0
    tokens: int = 0
    written: int = 0
    finished: Finished | None = None
    made_at: float = field(default_factory=time.monotonic)


class EngineHost:
    """Owns the engine of one model; calling ``start`` again replaces the model.

    Requests made before ``start`` or ``refuse`` wait for either.
    """

    def __init__(
        self,
        on_state: Callable[[EngineState], None] = lambda _: None,
        on_usage: Callable[[Request, Usage], None] = lambda _request, _usage: None,
        pieces_by_name: PiecesOf = lambda _name: {},
    ) -> None:
        """``on_usage`` receives the usage of each foreground request.

        ``pieces_by_name`` gives the control pieces of a model on a remote server.
        """
        self._pieces_by_name, self._on_state, self._on_usage = pieces_by_name, on_state, on_usage
        self._changing = asyncio.Lock()  # one engine at a time, however often it is changed
        self.counts = TokenCounts(self)
        self.latency = Latency()
        self.last_request: RequestRecord | None = None
        self._path = ""

    @cached_property
    def _engine(self) -> asyncio.Future[Engine]:
        """Created on first use, because a server is created before its event loop runs."""
        return _unknown()

    def listen(
        self, on_state: Callable[[EngineState], None], on_usage: Callable[[Request, Usage], None]
    ) -> None:
        """Replace the listeners; call this before ``start``."""
        self._on_state, self._on_usage = on_state, on_usage

    async def start(self, start: EngineStart, sleep_after: float = 0.0) -> None:
        """Start an engine, replacing the current one; see ``models/start.py``.

        A local engine sleeps after ``sleep_after`` seconds without requests; never if that is 0.
        """
        async with self._changing:
            await self._stop()
            self.counts, self.latency = TokenCounts(self), Latency(self.latency.gaps)
            self._path = start.path if isinstance(start, LlamaStart) else ""
            engine: Engine
            if isinstance(start, RemoteStart):
                engine = RemoteEngine(start, self._pieces_by_name, self._on_state)
            else:
                engine = EngineProcess(start, self._on_state, sleep_after)
            engine.start()
            self._engine.set_result(engine)

    async def refuse(self, error: HerdmateError) -> None:
        """Make all requests, including those already waiting, raise this error."""
        async with self._changing:
            await self._stop()
            self._engine.set_exception(error)
            self._engine.exception()  # mark as retrieved: there may be no waiter

    async def stop(self) -> None:
        """Stop the engine; requests in flight fail."""
        async with self._changing:
            await self._stop()

    async def _stop(self) -> None:
        before = self._engine
        if before.done():
            self._engine = _unknown()
            if before.exception() is None:
                await before.result().stop()
                await self._note_speed()

    async def _note_speed(self) -> None:
        """Remember how fast the last answer was; a disk that hangs is not waited for."""
        speed, self.latency.writing = self.latency.writing, 0.0
        if self._path and speed:
            noting = threading.Thread(target=note_run, args=(self._path, speed), daemon=True)
            noting.start()  # the program's end would wait for the event loop's own threads
            await asyncio.to_thread(noting.join, _DISK_SECONDS)

    @property
    def is_waiting(self) -> bool:
        """Is there no engine yet, and no error to say why, so that requests wait?"""
        return not self._engine.done()

    @property
    def process_id(self) -> int | None:
        """The engine's process id while it runs."""
        known = self._engine.done() and self._engine.exception() is None
        return self._engine.result().process_id if known else None

    def held_memory(self) -> int:
        """Bytes that ending the engine would free; pages of a mapped file do not count."""
        try:
            found = psutil.Process(self.process_id).memory_info() if self.process_id else None
        except psutil.Error:  # it has just ended
            return 0
        return max(found.rss - getattr(found, "shared", 0), 0) if found else 0

    async def ready(self) -> ModelInfo:
        """Wait for the model; raises ``HerdmateError`` if there is none."""
        return await (await self._running()).ready()

    async def generate(
        self, request: Request, on_read: OnRead = unheard
    ) -> AsyncGenerator[Piece | Finished, None]:
        """Ask the model; see ``engine.interface``. Logs times and counts, never text.

        Logs one line per request, even if it was closed early. Everything sent to the engine passes
        through here or ``count_tokens``, which replace secrets with stars.
        """
        engine = await self._running()
        request = await request_without_secrets(request)
        record = RequestRecord(request)
        if request.priority is not Priority.BACKGROUND:  # the user has not asked for that yet
            self.last_request = record

        def note_read(read: int, tokens: int) -> None:
            record.read, record.tokens = read, tokens
            on_read(read, tokens)

        answering = engine.generate(request, partial(self._note_end, record), note_read)
        if request.prompt.thoughts:
            answering = without_thoughts(answering, request.prompt.thoughts)
        async with aclosing(answering) as answer:
            async for event in answer:
                if isinstance(event, Piece) and not event.index:
                    record.answer += event.text
                    record.written += event.tokens
                yield event

    async def answer(
        self,
        request: Request,
        is_enough: Callable[[str], bool] = lambda _: False,
        on_piece: Callable[[Piece], None] = lambda _: None,
        on_end: Callable[[Finished], None] = lambda _: None,
    ) -> str:
        """The whole text, or the text so far once it ``is_enough``; the model then stops.

        ``on_piece`` receives each piece before the text is judged, ``on_end`` why and how the model
        ended, unless it was stopped.
        """
        text = ""
        async with aclosing(self.generate(request)) as events:
            async for event in events:
                if not isinstance(event, Piece):
                    on_end(event)
                    continue
                text += event.text
                on_piece(event)
                if is_enough(text):
                    break
        return text

    async def evaluate(self, request: Request) -> None:
        """Evaluate a request's prompt ahead of time, while the engine is idle."""
        ahead = replace(request, max_tokens=0, priority=Priority.BACKGROUND)
        async with aclosing(self.generate(ahead)) as events:
            async for _ in events:
                pass

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """Token counts by the model's own tokenizer."""
        return await (await self._running()).count_tokens(await texts_without_secrets(texts))

    async def totals(self) -> Totals:
        """The engine's totals since it started."""
        return await (await self._running()).totals()

    async def _running(self) -> Engine:
        return await asyncio.shield(self._engine)

    def _note_end(self, record: RequestRecord, finished: Finished) -> None:
        record.finished = finished
        self.latency.note_reading(finished.usage.evaluated_tokens, finished.usage.prompt_seconds)
        self.latency.note_writing(
            finished.usage.generated_tokens, finished.usage.generation_seconds
        )
        _log_end(record.request, finished)
        if record.request.priority is not Priority.BACKGROUND:
            _tell(self._on_usage, record.request, finished.usage)


def _tell(listener: Callable[..., None], *news: object) -> None:
    """Call a listener; its exceptions are logged and harm neither the engine nor the answer."""
    try:
        listener(*news)
    except Exception:
        _log.exception("internal error")


def _unknown() -> asyncio.Future[Engine]:
    return asyncio.get_running_loop().create_future()


def _log_end(request: Request, finished: Finished) -> None:
    usage = finished.usage
    reason = "stopped early" if finished.reason == "cancelled" else finished.reason
    _log.info(
        "%s: %s; prompt %d tokens, %d reused, %d evaluated in %.2f s; %d generated in %.2f s",
        request.priority.name.lower(), reason, usage.prompt_tokens, usage.reused_tokens,
        usage.evaluated_tokens, usage.prompt_seconds,
        usage.generated_tokens, usage.generation_seconds,
    )  # fmt: skip
