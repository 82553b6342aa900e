"""Token counts of lines: the model counts each line once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

_MOST = 20_000


class Counter(Protocol):
    """Counts tokens: the engine."""

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """The number of tokens in each text."""


class TokenCounts:
    """Token counts of the lines in the open documents."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._known: dict[str, int] = {}

    async def learn(self, texts: Iterable[str]) -> None:
        """Count the texts that are not known yet, in one exchange."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if not new:
            return
        if len(self._known) + len(new) > _MOST:
            self._known.clear()
        self._known.update(zip(new, await self._counter.count_tokens(new), strict=True))

    def cost(self, text: str) -> int:
        """The count of a learnt text; for any other, a guess on the high side."""
        known = self._known.get(text)
        return known if known is not None else len(text.encode("utf-8", "replace")) // 2 + 1
