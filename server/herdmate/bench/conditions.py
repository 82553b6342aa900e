"""What all measurements of a run share, and the server that each of them starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from herdmate.bench.scene import Scene
from herdmate.lsp.client import Client, connect

Tell = Callable[[str], None]
"""Tell the user what is happening."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The model, the code and the settings. ``serve`` holds extra arguments for the server.

    ``grows``: the client asks again for ghost text that has grown.
    """

    model: Path
    scene: Scene
    gaps: tuple[float, ...]
    threads: int
    prefix_tokens: int = 1280
    suffix_tokens: int = 128
    max_tokens: int = 64
    context_tokens: int = 4096
    one_line: bool = False
    cancels: int = 50
    seed: int = 0
    serve: tuple[str, ...] = ()
    grows: bool = False
    tell: Tell = lambda _sentence: None


AT_ONCE = {"delay": 0, "prefill": False}
"""Settings for isolated measurements: no delay, and no prefill in between."""


@asynccontextmanager
async def server(given: Conditions, **completion: Any) -> AsyncIterator[Client]:
    """A fresh, ready server for one measurement; ``completion`` adds to its completion settings."""
    async with connect(settings(given, **completion), "--log-level", "error",
                       serve=given.serve, grows=given.grows) as client:  # fmt: skip
        await client.ready(lambda _message, _fraction: None)
        yield client


def settings(given: Conditions, **completion: Any) -> dict[str, Any]:
    """The settings as an editor would send them."""
    return {
        "model": str(given.model),
        "completion": {
            "prefixTokens": given.prefix_tokens,
            "suffixTokens": given.suffix_tokens,
            "maxTokens": given.max_tokens,
            **completion,
        },
        "engine": {"contextTokens": given.context_tokens, "threads": given.threads},
    }
