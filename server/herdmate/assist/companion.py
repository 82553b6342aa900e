"""A model that is ready to be asked, and what is kept between two questions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

import psutil

from herdmate.assist.cache import CompletionCache
from herdmate.assist.neighbours import Neighbours
from herdmate.assist.ongoing import Ongoing
from herdmate.assist.overview import Overviews
from herdmate.assist.pace import Pace
from herdmate.assist.seen import Asked
from herdmate.assist.tokens import TokenCounts
from herdmate.assist.withheld import request_without_secrets, texts_without_secrets
from herdmate.engine.client import Engine, EngineProcess, EngineState, start_llama
from herdmate.engine.remote.api_key import with_key
from herdmate.engine.remote.engine import RemoteEngine, RemoteStart
from herdmate.engine.remote.place import place_of
from herdmate.errors import HerdmateError
from herdmate.generation import Finished, ModelInfo, Piece, Priority, Request, Totals, Usage
from herdmate.models.choose import Chosen, choose, what_fits
from herdmate.models.folder import model_folder
from herdmate.models.in_place import in_place
from herdmate.prompting.by_name import pieces_by_name
from herdmate.prompting.families import CONTROL_PIECES, Family, family_of
from herdmate.settings import Settings

_log = logging.getLogger(__name__)


class Companion:
    """Owns the engine. One for each server process; ``start`` again replaces the model.

    Questions asked before ``start`` or ``refuse`` wait for it.
    """

    def __init__(
        self,
        on_state: Callable[[EngineState], None] = lambda _: None,
        on_usage: Callable[[Request, Usage], None] = lambda _request, _usage: None,
    ) -> None:
        """``on_usage`` is told what each request cost for which something was to be said."""
        self._on_state, self._on_usage = partial(_tell, on_state), on_usage
        self._engine: asyncio.Future[Engine] = _unknown()
        self._changing = asyncio.Lock()  # one engine at a time, however often it is changed
        self.cache = CompletionCache()
        self.ongoing: dict[str, Ongoing] = {}
        """Ghost text that is being generated, by document."""
        self.counts = TokenCounts(self)
        self.overviews = Overviews()
        self.neighbours = Neighbours()
        self.pace = Pace()
        self.last_asked: Asked | None = None
        self.ignored: dict[str, str] = {}
        """Open documents whose files the model must not see, each with the reason."""

    async def start(
        self, first_message: Mapping[str, Any] | RemoteStart, sleep_after: float = 0.0
    ) -> None:
        """Start an engine, in place of the one that ran; see ``first_message``.

        One of this machine sleeps when nobody asked for ``sleep_after`` seconds, never where that
        is 0.
        """
        async with self._changing:
            await self._stop()
            self.cache, self.counts, self.ongoing = CompletionCache(), TokenCounts(self), {}
            self.pace = Pace(self.pace.gaps)
            engine: Engine
            if isinstance(first_message, RemoteStart):
                engine = RemoteEngine(first_message, pieces_by_name, self._on_state)
            else:
                engine = EngineProcess(first_message, self._on_state, sleep_after)
            engine.start()
            self._engine.set_result(engine)

    async def refuse(self, error: HerdmateError) -> None:
        """There is no model: questions, also those that wait, get this error."""
        async with self._changing:
            await self._stop()
            self._engine.set_exception(error)
            self._engine.exception()  # nobody has to have waited

    async def stop(self) -> None:
        """End the engine's process; what is in flight gets an error."""
        async with self._changing:
            await self._stop()

    async def _stop(self) -> None:
        before = self._engine
        if before.done():
            self._engine = _unknown()
            if before.exception() is None:
                await before.result().stop()

    @property
    def process_id(self) -> int | None:
        """The engine's process id while it runs."""
        known = self._engine.done() and self._engine.exception() is None
        return self._engine.result().process_id if known else None

    def held_memory(self) -> int:
        """Bytes that would be free again without the engine; pages of a file are free anyway."""
        try:
            found = psutil.Process(self.process_id).memory_info() if self.process_id else None
        except psutil.Error:  # it has just ended
            return 0
        return max(found.rss - getattr(found, "shared", 0), 0) if found else 0

    async def model(self) -> tuple[ModelInfo, Family]:
        """Wait for the model; raises ``HerdmateError`` when there is none or it is not known."""
        info = await (await self._running()).ready()
        return info, family_of(info)

    async def generate(self, request: Request) -> AsyncGenerator[Piece | Finished, None]:
        """Ask the model; see ``engine.client``. Logs times and counts, never text.

        One line a request, also where it was closed before its end. All that the engine is told
        goes through here or ``count_tokens``, with stars in the place of secrets.
        """
        engine = await self._running()
        request = request_without_secrets(request)
        asked = Asked(request)
        if request.priority is not Priority.BACKGROUND:  # nobody has asked for that yet
            self.last_asked = asked
        async with aclosing(engine.generate(request, partial(self._note_end, asked))) as answer:
            async for event in answer:
                if isinstance(event, Piece) and not event.index:
                    asked.answer += event.text
                yield event

    async def answer(
        self, request: Request, is_enough: Callable[[str], bool] = lambda _: False
    ) -> str:
        """The whole text, or what there is once it ``is_enough``; then the model stops."""
        text = ""
        async with aclosing(self.generate(request)) as events:
            async for event in events:
                text += event.text if isinstance(event, Piece) else ""
                if isinstance(event, Piece) and is_enough(text):
                    break
        return text

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """Token counts by the model's own tokenizer."""
        return await (await self._running()).count_tokens(texts_without_secrets(texts))

    async def totals(self) -> Totals:
        """What the engine has done since it started."""
        return await (await self._running()).totals()

    async def _running(self) -> Engine:
        return await asyncio.shield(self._engine)

    def _note_end(self, asked: Asked, finished: Finished) -> None:
        asked.finished = finished
        self.pace.note_reading(finished.usage.evaluated_tokens, finished.usage.prompt_seconds)
        self.pace.note_writing(finished.usage.generated_tokens, finished.usage.generation_seconds)
        _log_end(asked.request, finished)
        if asked.request.priority is not Priority.BACKGROUND:
            _tell(self._on_usage, asked.request, finished.usage)


def first_message(settings: Settings) -> tuple[dict[str, Any], Chosen]:
    """What starts the engine with the model that the settings ask for, and which that is.

    Raises ``NoModelError`` when no model is on this machine, ``ModelError`` when the one that was
    named cannot be used.
    """
    engine = settings.engine
    chosen = choose(
        settings.model,
        model_folder(),
        psutil.virtual_memory().available,
        engine.context_tokens,
        in_place(),
    )
    message = start_llama(
        str(chosen.path),
        engine.context_tokens,
        engine.threads,
        engine.gpu_layers,
        CONTROL_PIECES,
        engine.weights,
        engine.kv_type,
        engine.lock_memory,
    )
    return message, chosen


def remote_start(settings: Settings) -> RemoteStart | None:
    """Whom to ask instead, where the settings name a server. Raises ``SettingsError``."""
    remote = settings.remote
    if not remote.url:
        return None
    place = with_key(place_of(remote.url))
    return RemoteStart(place, remote.api, remote.model, settings.engine.context_tokens)


def memory_warning(settings: Settings, held: int) -> str:
    """Why the model that was named should not be loaded; empty where it fits or cannot be read.

    ``held``: bytes that will be free by then.
    """
    free = psutil.virtual_memory().available + held
    if settings.remote.url:
        return ""
    try:
        chosen = choose(
            settings.model, model_folder(), free, settings.engine.context_tokens, in_place()
        )
    except HerdmateError:
        return ""
    return "" if settings.model == "auto" else chosen.note


def memory_advice(settings: Settings) -> str:
    """What would fit in the place of a model for which there was not enough memory."""
    free, others = psutil.virtual_memory().available, in_place()
    context = settings.engine.context_tokens
    try:
        chosen = choose(settings.model, model_folder(), free, context, others)
        free = min(free, chosen.path.stat().st_size)
    except (HerdmateError, OSError):
        pass  # what was loaded is gone; what is free counts
    return what_fits(model_folder(), free, context, others)


def _tell(listener: Callable[..., None], *news: object) -> None:
    """A listener that fails takes neither the engine along nor an answer."""
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
