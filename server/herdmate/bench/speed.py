"""Tokens per second through the whole server and in a bare loop; and what a step costs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from herdmate.bench.child import Child, child
from herdmate.bench.conditions import Conditions, server
from herdmate.bench.explaining import explained
from herdmate.bench.figures import median
from herdmate.bench.scene import excerpt
from herdmate.bench.typist import difference, totals
from herdmate.lsp.client import Client
from herdmate.text import Document

_TIMES = 3
_MOST_PARTS = 40
_SIZES = (1, 2, 3, 4, 6, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens per second, medians of three runs.

    ``by_clock`` is by the clock while an explanation streams to the client, ``by_engine`` by the
    engine's own clock meanwhile, ``bare`` the bare loop's. ``ratio`` is the first divided by the
    last.
    """

    by_clock: float
    by_engine: float
    bare: float
    ratio: float
    runs: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """The least this machine needs: seconds of one evaluation by its number of tokens.

    The tokens come after ``depth`` others; each evaluation reads ``weights_bytes`` of weights.
    """

    depth: int
    step_seconds: dict[int, float]
    weights_bytes: int


async def speed(given: Conditions) -> Speed:
    """Explain the same code three times, the bare loop in between; the prompt is not counted."""
    document = excerpt(given.scene)
    runs = []
    async with server(given) as client, bare(given) as loop:
        client.open(document)
        for number in range(_TIMES):
            given.tell(f"speed: {number + 1} of {_TIMES}")
            by_clock, by_engine, tokens, depth = await _through_server(client, document)
            answer = await loop.ask({"decode": tokens, "depth": depth})
            runs.append((by_clock, by_engine, tokens / answer["seconds"]))
    by_clock, by_engine, alone = (median(column) for column in zip(*runs, strict=True))
    ratio = median([run[0] / run[2] for run in runs])
    return Speed(by_clock, by_engine, alone, ratio, tuple(runs))


async def floor(given: Conditions, depth: int) -> Floor:
    """Time steps of the bare loop after ``depth`` tokens."""
    given.tell("floor: the cost of one step")
    question = {"steps": _SIZES, "depth": depth, "times": 3}
    async with bare(given) as loop:
        seconds = (await loop.ask(question))["seconds"]
    return Floor(depth, {int(size): taken for size, taken in seconds}, given.model.stat().st_size)


@asynccontextmanager
async def bare(given: Conditions) -> AsyncIterator[Child]:
    """The bare loop on the same model, with the same threads and context."""
    load = {"path": str(given.model), "context": given.context_tokens,
            "threads": given.threads, "gpu_layers": -1}  # fmt: skip
    async with child("herdmate.bench.bare", load) as loop:
        yield loop


async def _through_server(client: Client, document: Document) -> tuple[float, float, int, int]:
    """Tokens per second by both clocks, the number of tokens, and how many came before them."""
    start = await totals(client)
    begun, began_at, parts = start, 0.0, 0
    async with aclosing(explained(client, document)) as texts:
        async for _ in texts:
            at = time.perf_counter()
            if not parts:
                began_at, begun = at, await totals(client)
            parts += 1
            if parts == _MOST_PARTS:
                break
        done = difference(await totals(client), begun)
    tokens = max(done.generated_tokens, 1)
    depth = difference(begun, start).prompt_tokens
    return tokens / (at - began_at), tokens / done.seconds, tokens, depth
