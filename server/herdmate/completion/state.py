"""The state that ghost text keeps between keystrokes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from herdmate.completion.cache import CompletionCache
from herdmate.completion.in_flight import InFlight
from herdmate.completion.postprocess import Shown
from herdmate.completion.silence_reasons import Silence
from herdmate.context.overview import Overviews
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost
from herdmate.errors import HerdmateError
from herdmate.generation import ModelInfo


@dataclass(frozen=True, slots=True)
class Grown:
    """Ghost text that has grown at an offset in one version of a document.

    ``chosen`` is the selected entry of the completion menu, after which it is shown; ``""`` if
    there is none.
    """

    version: int | None
    offset: int
    chosen: str
    shown: Shown


@dataclass(slots=True)
class CompletionState:
    """The engine of the model for ghost text, the project that it sees, and recent answers.

    ``in_flight`` maps each document's URI to its current generation, ``reading_ahead`` to the task
    that evaluates its prompt ahead of time, ``grown`` to what the client was told to ask for again
    and has not asked for yet. ``silence`` is why the last request showed nothing,
    ``has_shown`` whether any has shown something.
    ``paused_until`` is a time on the event loop's clock.
    """

    host: EngineHost
    project: Project
    cache: CompletionCache = field(default_factory=CompletionCache)
    overviews: Overviews = field(default_factory=Overviews)
    in_flight: dict[str, InFlight] = field(default_factory=dict)
    reading_ahead: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    grown: dict[str, Grown] = field(default_factory=dict)
    silence: Silence | HerdmateError | None = None
    has_shown: bool = False
    paused_until: float = 0.0

    def forget(self, uri: str) -> None:
        """Drop everything kept for a document that was closed."""
        self.stop(uri)
        self.cache.forget(uri)
        self.overviews.forget(uri)

    def running(self) -> list[str]:
        """The URIs of the documents for which the model is generating."""
        return [uri for uri, generation in self.in_flight.items() if not generation.is_done]

    def stop(self, uri: str) -> None:
        """Stop all work for a document that was closed or must no longer be seen."""
        self.stop_reading_ahead(uri)
        self.grown.pop(uri, None)
        if (running := self.in_flight.pop(uri, None)) is not None:
            running.stop()

    def stop_reading_ahead(self, uri: str) -> None:
        """Stop reading ahead in a document, as something more urgent has come up."""
        if (reading := self.reading_ahead.pop(uri, None)) is not None:
            reading.cancel()

    async def model(self) -> tuple[EngineHost, ModelInfo]:
        """Wait for the model, and return it with its engine. Raises ``HerdmateError``.

        If another engine takes over meanwhile, that one counts.
        """
        while True:
            host = self.host
            try:
                info = await host.ready()
            except HerdmateError:
                if host is self.host:
                    raise
                continue
            if host is self.host:
                return host, info

    def reset(self, host: EngineHost) -> None:
        """Discard the previous model's answers, because another model is taking over."""
        self.host = host
        for running in self.in_flight.values():
            running.stop()  # the engine goes on if it still answers
        self.in_flight.clear()
        self.grown.clear()
        self.cache = CompletionCache()

    def end(self) -> None:
        """Stop reading ahead everywhere."""
        for uri in tuple(self.reading_ahead):
            self.stop_reading_ahead(uri)
