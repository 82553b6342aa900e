"""The engine that asks a remote server. See ``client.Engine``.

It lacks what needs the model itself: several answers to one request, evaluating prompts ahead of
time, healing the token at the cursor, drafts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from herdmate.engine.interface import EngineState, OnRead, unheard
from herdmate.engine.remote import llama_server, ollama, openai
from herdmate.engine.remote.answer import Answering
from herdmate.engine.remote.connection import asked
from herdmate.engine.remote.dialect import RemoteRequest, Said
from herdmate.engine.remote.endpoint import Endpoint
from herdmate.engine.remote.estimate import estimated
from herdmate.engine.remote.failing import REFUSED, is_passing, loading, not_whole
from herdmate.engine.remote.messages import Message, messages
from herdmate.engine.remote.probe import Api, PiecesOf, ServerInfo, probe
from herdmate.engine.remote.render_prompt import render_prompt, stops
from herdmate.errors import (
    EngineError,
    EngineStoppedError,
    HerdmateError,
    ServerError,
    UnreachableError,
)
from herdmate.generation import Finished, ModelInfo, Piece, Request, Totals
from herdmate.waiting import wait_until_set

_log = logging.getLogger(__name__)

_DIALECTS = {"openai": openai, "llama-server": llama_server, "ollama": ollama}


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits in seconds.

    ``first``: until the first message, since some servers load their model then; ``next``: from one
    message to the next; ``last``: for the usage after the end. ``pauses``: before each retry of an
    unanswered question. ``loading``: for a server that says it is loading. ``meeting``: pauses
    between probes of the server; the last one repeats. ``telling``: until the status says that the
    first answer is awaited.
    """

    first: float = 600.0
    next: float = 120.0
    last: float = 0.5
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0)
    loading: float = 1800.0
    meeting: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0)
    telling: float = 5.0


@dataclass(frozen=True, slots=True)
class RemoteStart:
    """The server and the model to ask; see ``settings.RemoteSettings``. ``context``: in tokens."""

    endpoint: Endpoint
    api: Literal["auto"] | Api
    model: str
    context: int
    patience: Patience = field(default_factory=Patience)


class RemoteEngine:
    """A remote server's model. A server that does not answer is retried until it does."""

    process_id: int | None = None

    def __init__(
        self,
        start: RemoteStart,
        pieces_of: PiecesOf,
        on_state: Callable[[EngineState], None] = lambda _: None,
    ) -> None:
        self._start, self._pieces_of, self._on_state = start, pieces_of, on_state
        self._server: asyncio.Future[ServerInfo] = asyncio.get_running_loop().create_future()
        self._keeper: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._has_answered = False
        self._gives_logprobs = True
        self._totals = Totals()
        self._awaited: set[asyncio.Future[Message | None]] = set()

    def start(self) -> None:
        """Probe the server, and keep trying until ``stop``."""
        self._on_state(
            EngineState("loading", message=f"Asking {self._start.endpoint} which model it has.")
        )
        self._keeper = asyncio.create_task(self._keep_meeting())

    async def stop(self) -> None:
        """Stop asking; requests in flight fail."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            self._keeper = None
        for task in self._awaited:
            task.cancel()
        self._settle(ServerError("The remote server is no longer in use."))
        self._on_state(EngineState("stopped"))

    async def ready(self) -> ModelInfo:
        """Wait for the server; a failed one is tried again before this raises ``HerdmateError``."""
        return (await self._meeting()).info

    async def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None,
        on_read: OnRead = unheard,
    ) -> AsyncGenerator[Piece | Finished, None]:  # fmt: skip
        """See ``Engine``; servers do not tell how much they have read. Raises ``EngineError``."""
        server = await self._meeting()
        question = RemoteRequest(
            server.model, render_prompt(request.prompt), request.max_tokens,
            stops(request.prompt, request.stop), request.sampling, server.info.context,
            request.logprobs and self._gives_logprobs, server.is_vllm,
        )  # fmt: skip
        answering = Answering(question, self._totals)
        if not request.max_tokens:  # it would only evaluate the prompt ahead of time
            answering.end()
            on_end(answering.finished())
            yield answering.finished()
            return
        failed = False
        try:
            async with aclosing(self._said(server, question)) as events:
                async for said in events:
                    if text := answering.take(said):
                        yield Piece(text, logprob=answering.logprob())
                    if answering.is_over:
                        break
            if rest := answering.rest():
                yield Piece(rest, logprob=answering.logprob())
            answering.end()
        except HerdmateError:
            failed = True
            raise
        finally:
            answering.note_totals()
            if not failed:
                on_end(answering.finished())
        yield answering.finished()

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Counts from the server's tokenizer if it can count many texts at once, else estimates."""
        server = await self._meeting()
        if server.api == "llama-server":
            with contextlib.suppress(EngineError):
                return await llama_server.count_tokens(self._start.endpoint, list(texts))
        return [estimated(text) for text in texts]

    async def totals(self) -> Totals:
        """Totals since the start, as far as the server reports them."""
        return self._totals

    async def _meeting(self) -> ServerInfo:
        if (
            self._server.done()
            and self._server.exception() is not None
            and self._keeper is not None
        ):
            self._server = asyncio.get_running_loop().create_future()
            self._wanted.set()
        return await asyncio.shield(self._server)

    async def _keep_meeting(self) -> None:
        """Probe until the server answers; requests wait meanwhile only if it is loading."""
        tries, reported = 0, ""
        while (server := await self._try_to_meet()) is None or isinstance(server, HerdmateError):
            pauses = self._start.patience.meeting
            pause, tries = pauses[min(tries, len(pauses) - 1)], tries + 1
            if server is None:
                await asyncio.sleep(min(pause, 2.0))
                continue
            self._settle(server)
            if str(server) != reported:
                reported = str(server)
                self._on_state(EngineState("failed", message=reported, error=server))
            await self._pause(pause)
        if self._server.done():
            self._server = asyncio.get_running_loop().create_future()
        self._server.set_result(server)
        self._on_state(EngineState("ready", info=server.info))

    async def _try_to_meet(self) -> ServerInfo | HerdmateError | None:
        """The server, or the error if it cannot be asked, or ``None`` while it loads."""
        start = self._start
        try:
            return await probe(
                start.endpoint, start.api, start.model, start.context, self._pieces_of
            )
        except HerdmateError as error:
            if not (isinstance(error, ServerError) and error.is_loading):
                return error
            self._on_state(EngineState("loading", message=loading(start.endpoint)))
            return None
        except Exception:
            _log.exception("a server's response was not understood")
            return ServerError(
                f"{start.endpoint} sent a response that Herdmate cannot parse; see the log."
            )

    async def _pause(self, seconds: float) -> None:
        """Pause until a request comes, but at least ``meeting[0]``, to spare the server."""
        least = min(self._start.patience.meeting[0], seconds)
        await asyncio.sleep(least)
        await wait_until_set(self._wanted, seconds - least)
        self._wanted.clear()

    def _settle(self, error: HerdmateError) -> None:
        if self._server.done():
            self._server = asyncio.get_running_loop().create_future()
        self._server.set_exception(error)
        self._server.exception()  # mark as retrieved: there may be no waiter

    def _lost(self, error: UnreachableError, server: ServerInfo) -> None:
        """Handle the loss of a server: report it and look for the server again."""
        is_known = self._server.done() and self._server.exception() is None
        if not is_known or self._server.result() is not server:
            return
        self._settle(error)
        self._on_state(EngineState("failed", message=str(error), error=error))
        self._keeper = asyncio.create_task(self._keep_meeting())

    async def _said(
        self, server: ServerInfo, question: RemoteRequest
    ) -> AsyncGenerator[Said, None]:
        """The answer; the question is retried if a passing error comes before any of it."""
        patience, tries = self._start.patience, 0
        clock = asyncio.get_running_loop().time
        until = clock() + patience.loading
        while True:
            received = False
            try:
                async with aclosing(self._once(server, question)) as events:
                    async for said in events:
                        received = True
                        self._note_answer(server)
                        yield said
                return
            except ServerError as error:
                if question.logprobs and not received and error.status in REFUSED:
                    question = replace(question, logprobs=False)
                    self._gives_logprobs = False
                    continue
                if received or not (error.is_loading or is_passing(error)):
                    raise
                if not error.is_loading and tries >= len(patience.pauses):
                    if isinstance(error, UnreachableError):
                        self._lost(error, server)
                    raise
                if error.is_loading and clock() > until:
                    raise
                if error.is_loading:
                    self._tell_of_loading()
                pause = patience.pauses[min(tries, len(patience.pauses) - 1)]
                wait, tries = max(pause, min(error.wait, 30.0)), tries + 1
            await asyncio.sleep(wait)

    async def _once(
        self, server: ServerInfo, question: RemoteRequest
    ) -> AsyncGenerator[Said, None]:
        """The answer as it arrives, each message within its limit. Raises ``EngineError``."""
        endpoint, patience, dialect = (
            self._start.endpoint,
            self._start.patience,
            _DIALECTS[server.api],
        )
        limit, is_over = patience.first, False
        telling = asyncio.get_running_loop().call_later(patience.telling, self._tell_of_loading)
        try:
            async with aclosing(_messages(endpoint, *dialect.question(question))) as events:
                while True:
                    try:
                        message = await self._next(events, limit)
                    except (StopAsyncIteration, asyncio.TimeoutError, ServerError) as error:
                        if is_over:  # only the usage is missing
                            return
                        raise not_whole(endpoint, error, limit) from error
                    said = Said(reason="end") if message is None else dialect.said(message)
                    yield said
                    if message is None:
                        return
                    is_over = is_over or said.reason is not None
                    limit = patience.last if is_over else patience.next
                    telling.cancel()
        finally:
            telling.cancel()

    async def _next(
        self, events: AsyncGenerator[Message | None, None], limit: float
    ) -> Message | None:
        """The next message; raises ``asyncio.TimeoutError``, ``StopAsyncIteration`` at the end."""
        task = asyncio.ensure_future(anext(events))
        self._awaited.add(task)
        try:
            if not (await asyncio.wait({task}, timeout=limit))[0]:
                raise asyncio.TimeoutError
            if task.cancelled():
                raise EngineStoppedError("The remote server is no longer in use.")
            return task.result()
        finally:
            self._awaited.discard(task)
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    def _note_answer(self, server: ServerInfo) -> None:
        if not self._has_answered:
            self._has_answered = True
            self._on_state(EngineState("ready", info=server.info))

    def _tell_of_loading(self) -> None:
        if not self._has_answered:
            self._on_state(EngineState("loading", message=loading(self._start.endpoint)))


async def _messages(
    endpoint: Endpoint, path: str, body: dict[str, Any]
) -> AsyncGenerator[Message | None, None]:
    async with asked(endpoint, path, body) as answer:
        async with aclosing(messages(endpoint, answer)) as events:
            async for message in events:
                yield message
