"""What ghost text keeps between two keystrokes."""

from __future__ import annotations

from dataclasses import dataclass, field

from herdmate.completion.cache import CompletionCache
from herdmate.completion.in_flight import InFlight
from herdmate.context.overview import Overviews
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost


@dataclass(slots=True)
class CompletionState:
    """The engine that is asked, the project that the model sees, and what was answered lately.

    ``in_flight`` holds the generation that is under way, by document.
    """

    host: EngineHost
    project: Project
    cache: CompletionCache = field(default_factory=CompletionCache)
    overviews: Overviews = field(default_factory=Overviews)
    in_flight: dict[str, InFlight] = field(default_factory=dict)

    def stop(self, uri: str) -> None:
        """A document was closed or may not be seen any more: stop what is generated for it."""
        if (running := self.in_flight.pop(uri, None)) is not None:
            running.stop()

    def reset(self) -> None:
        """Another model is used from now on; what the last one said counts no more."""
        self.in_flight.clear()
        self.cache = CompletionCache()
