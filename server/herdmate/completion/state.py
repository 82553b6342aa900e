"""The state that ghost text keeps between keystrokes."""

from __future__ import annotations

from dataclasses import dataclass, field

from herdmate.completion.cache import CompletionCache
from herdmate.completion.in_flight import InFlight
from herdmate.context.overview import Overviews
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost


@dataclass(slots=True)
class CompletionState:
    """The engine, the project that the model sees, and recent answers.

    ``in_flight`` maps each document's URI to its current generation.
    """

    host: EngineHost
    project: Project
    cache: CompletionCache = field(default_factory=CompletionCache)
    overviews: Overviews = field(default_factory=Overviews)
    in_flight: dict[str, InFlight] = field(default_factory=dict)

    def running(self) -> list[str]:
        """The URIs of the documents for which the model is generating."""
        return [uri for uri, generation in self.in_flight.items() if not generation.is_done]

    def stop(self, uri: str) -> None:
        """Stop generating for a document that was closed or must no longer be seen."""
        if (running := self.in_flight.pop(uri, None)) is not None:
            running.stop()

    def reset(self) -> None:
        """Discard the previous model's answers, because another model takes over."""
        self.in_flight.clear()
        self.cache = CompletionCache()
