"""A simulated user who types in one document and asks for ghost text."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields

from herdmate.bench.scene import Scene
from herdmate.generation import Totals
from herdmate.lsp import typist
from herdmate.lsp.client import Client


@dataclass(frozen=True, slots=True)
class Stroke:
    """One keystroke: seconds to its answer, whether a text was shown, and what the engine did."""

    seconds: float
    shown: bool
    requests: int
    prompt_tokens: int
    reused_tokens: int
    evaluated_tokens: int
    generated_tokens: int

    @property
    def evaluated_prompt(self) -> int:
        """Prompt tokens that were evaluated."""
        return self.prompt_tokens - self.reused_tokens

    @property
    def is_asked(self) -> bool:
        """Was the model asked?"""
        return self.requests > 0


class Typist(typist.Typist):
    """Types a scene's keys, and counts what each costs."""

    def __init__(self, client: Client, scene: Scene) -> None:
        """Open the document."""
        super().__init__(client, scene.document, scene.offset)

    async def stroke(self, key: str) -> Stroke:
        """Type one key (or none) and wait for the answer."""
        before = await totals(self._client)
        started = time.perf_counter()
        if key:
            self.press(key)
        shown = await self.ghost_text()
        seconds = time.perf_counter() - started
        done = difference(await totals(self._client), before)
        return Stroke(
            seconds, shown is not None, done.requests, done.prompt_tokens,
            done.reused_tokens, done.evaluated_tokens, done.generated_tokens,
        )  # fmt: skip


async def totals(client: Client) -> Totals:
    """What the engine has done so far."""
    counters = (await client.status()).get("engine") or {}
    known = {item.name for item in fields(Totals)}
    return Totals(**{name: value for name, value in counters.items() if name in known})


def difference(after: Totals, before: Totals) -> Totals:
    """What was done between two readings."""
    names = [item.name for item in fields(Totals)]
    return Totals(**{name: getattr(after, name) - getattr(before, name) for name in names})
