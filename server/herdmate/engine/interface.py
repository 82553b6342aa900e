"""What every engine offers, whether its model runs in a child process or on another server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from herdmate.errors import HerdmateError
from herdmate.generation import Finished, ModelInfo, Piece, Request, Totals

OnRead = Callable[[int, int], None]
"""Receives how many tokens of a prompt have been evaluated, and how many it has."""


def unheard(_read: int, _tokens: int) -> None:
    """For who does not want to know how much has been read."""


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
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None,
        on_read: OnRead = unheard,
    ) -> AsyncGenerator[Piece | Finished, None]:  # fmt: skip
        """Pieces of the answer, then ``Finished``. Raises ``HerdmateError``.

        ``on_end`` receives ``Finished`` even if the answer was closed early. ``on_read`` is called
        while the prompt of what the user asked for is read, if the engine can tell.
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
