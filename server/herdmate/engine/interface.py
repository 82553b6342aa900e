"""What every engine offers, whether its model runs in a child process or on another server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from herdmate.errors import HerdmateError
from herdmate.generation import Finished, ModelInfo, Piece, Request, Totals


class Engine(Protocol):
    """Answers requests between ``start`` and ``stop``."""

    @property
    def process_id(self) -> int | None:
        """The process that runs the model; ``None`` if there is none on this machine."""

    def start(self) -> None:
        """Begin loading the model or looking for the server, without waiting."""

    async def stop(self) -> None:
        """Stop answering; requests in flight fail."""

    async def ready(self) -> ModelInfo:
        """Wait until a model is loaded; raises ``HerdmateError`` if none can be."""

    def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None
    ) -> AsyncGenerator[Piece | Finished, None]:
        """Pieces of the answer, then ``Finished``. Raises ``HerdmateError``.

        ``on_end`` receives ``Finished`` even if the answer was closed early.
        """

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens in each text."""

    async def totals(self) -> Totals:
        """Totals since the engine started."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the engine is doing; ``message`` is a sentence for the user, or empty."""

    state: Literal["loading", "ready", "crashed", "failed", "sleeping", "stopped"]
    fraction: float = 0.0
    message: str = ""
    info: ModelInfo | None = None
    error: HerdmateError | None = None
