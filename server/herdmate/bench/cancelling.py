"""How soon the engine goes idle when its answer is no longer wanted.

The engine adds the seconds of each evaluation to a counter when the evaluation ends, even if it was
stopped. The engine went idle the last time the counter grew; its process using no more CPU time
confirms that.

Ghost text is requested as with the key: such a request stops at once, while one made by typing
deliberately runs on for a moment so that the next keystroke can pick it up
(``completion.in_flight.GRACE``).
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import psutil

from herdmate.bench.conditions import AT_ONCE, Conditions, server
from herdmate.bench.figures import Spread, share, spread
from herdmate.bench.scene import excerpt, variant
from herdmate.bench.typist import Typist, totals
from herdmate.errors import HerdmateError
from herdmate.generation import Totals
from herdmate.lsp.client import Client
from herdmate.text import Document, Span

LIMIT_SECONDS = 0.08

_PROMPT_SECONDS, _DECODE_SECONDS = 1.2, 0.3
"""The longest random waits before the cancel."""

_QUIET_SECONDS, _QUIET_USED = 0.15, 0.03
"""The engine is idle once it has used no more than this much CPU time for this long."""

_MOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Cancels:
    """Seconds from a cancel in the client to the end of the last evaluation in the engine.

    They are measured by polling, so each is up to ``poll_seconds`` (median) too long. ``in_time``
    is the share within 80 ms.
    """

    prompt: Spread | None
    decode: Spread | None
    in_time: float | None
    poll_seconds: float


async def cancels(given: Conditions) -> Cancels:
    """Cancel ghost text during prompt evaluation, and explanations during decoding."""
    dice = random.Random(given.seed)
    async with server(given, **AT_ONCE) as client:
        watch = await _Watch.of(client)
        prompt, decode = [], []
        for number in range(given.cancels):
            given.tell(f"cancel: prompt {number + 1} of {given.cancels}")
            if (taken := await _in_prompt(client, watch, given, number, dice)) is not None:
                prompt.append(taken)
        document = excerpt(given.scene)
        client.open(document)
        for number in range(given.cancels):
            given.tell(f"cancel: decoding {number + 1} of {given.cancels}")
            if (taken := await _in_decode(client, watch, document, dice)) is not None:
                decode.append(taken)
    late = sum(taken > LIMIT_SECONDS for taken in prompt + decode)
    in_time = share(len(prompt + decode) - late, len(prompt + decode))
    polls = spread(watch.polls)
    return Cancels(spread(prompt), spread(decode), in_time, polls.median if polls else 0.0)


class _Watch:
    """Reads the engine's counters."""

    def __init__(self, client: Client, process: psutil.Process) -> None:
        self._client, self._process = client, process
        self.polls: list[float] = []

    @classmethod
    async def of(cls, client: Client) -> _Watch:
        status = await client.status()
        return cls(client, psutil.Process(status["engineProcess"]))

    async def standstill(self, since: float, before: Totals) -> float:
        """Seconds from ``since`` until the engine's last evaluation ended; 0 if none was running.

        ``before`` was read just before ``since``, so that no end is missed.
        """
        spent, last = before.seconds, since
        quiet_since, used = since, self._used()
        while (now := time.perf_counter()) - since < _MOST_SECONDS:
            seconds = (await totals(self._client)).seconds
            seen = time.perf_counter()
            self.polls.append(seen - now)
            if seconds != spent:
                spent, last = seconds, seen
            if self._used() - used > _QUIET_USED:
                quiet_since, used = seen, self._used()
            elif seen - max(quiet_since, last) > _QUIET_SECONDS:
                break
        return last - since

    def _used(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


async def _in_prompt(
    client: Client, watch: _Watch, given: Conditions, number: int, dice: random.Random
) -> float | None:
    """Seconds until idle; ``None`` if the prompt was evaluated before the cancel."""
    typist = Typist(client, variant(given.scene, number, 2 * given.prefix_tokens))
    start = await totals(client)
    answer = asyncio.ensure_future(typist.ghost_text(invoked=True))
    try:
        while (await totals(client)).requests == start.requests and not answer.done():
            pass
        await asyncio.sleep(dice.uniform(0, _PROMPT_SECONDS))
        before = await totals(client)
        if answer.done() or before.generated_tokens > start.generated_tokens:
            return None
        cancelled_at = time.perf_counter()
        answer.cancel()
        return await watch.standstill(cancelled_at, before)
    finally:
        answer.cancel()
        typist.leave()


async def _in_decode(
    client: Client, watch: _Watch, document: Document, dice: random.Random
) -> float | None:
    """Seconds until idle; ``None`` if the explanation ended before the cancel."""
    parts = client.explain(document, Span(0, len(document.text)))
    await anext(parts)
    await asyncio.sleep(dice.uniform(0, _DECODE_SECONDS))
    before = await totals(client)
    cancelled_at = time.perf_counter()
    client.stop_explaining()
    taken = await watch.standstill(cancelled_at, before)
    try:
        async for _ in parts:
            pass
    except HerdmateError:  # says that it was stopped
        return taken
    return None
