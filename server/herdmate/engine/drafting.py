"""Prompt lookup: what may come next is looked up where the last tokens stood before.

A draft of some tokens is evaluated together with the newest one and kept as far as the model would
have said the same, so that nothing is lost but time. Whether it saves any depends on what a batch
costs on this machine, which is measured, and on how often the lookup was right so far, which is
counted even while nothing is drafted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_GRAM = 3
"""Tokens that have to agree before the lookup answers."""

_LONGEST = 15
_LEAST_GAIN = 1.15
"""Drafting has to promise this much more speed, because a batch also delays a cancel."""

_MEMORY = 0.9


class Lookup:
    """The tokens of one generation, prompt and answer, and where each three of them last stood."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._ends: dict[tuple[int, ...], int] = {}
        self._guess: int | None = None
        self.accuracy = 0.5
        """How often the lookup was right of late, 0 to 1; it begins doubtful."""
        for token in tokens:
            self._append(token)
        self._guess = next(iter(self.draft(1)), None)

    def follow(self, token: int) -> None:
        """Take the token that the model chose, and count whether it was the expected one."""
        if self._guess is not None:
            self.accuracy = _MEMORY * self.accuracy + (1 - _MEMORY) * (token == self._guess)
        self._append(token)
        self._guess = next(iter(self.draft(1)), None)

    def draft(self, length: int) -> list[int]:
        """At most ``length`` tokens that followed the last time; none where there was none."""
        at = self._ends.get(tuple(self._tokens[-_GRAM:]))
        return [] if at is None else self._tokens[at : at + length]

    def _append(self, token: int) -> None:
        # The gram that ends before the new token may be answered with it from now on.
        if len(self._tokens) >= _GRAM:
            self._ends[tuple(self._tokens[-_GRAM:])] = len(self._tokens)
        self._tokens.append(token)


def draft_length(accuracy: float, step_seconds: Mapping[int, float]) -> int:
    """How many tokens to draft; 0 where a batch costs more than it promises.

    ``step_seconds`` maps the number of tokens of an evaluation to its measured time.
    """
    alone = step_seconds.get(1)
    if not alone:
        return 0
    best, gain = 0, _LEAST_GAIN
    for count, seconds in step_seconds.items():
        length = count - 1
        if not 0 < length <= _LONGEST:
            continue
        expected = sum(accuracy**at for at in range(count))
        if expected * alone / seconds > gain:
            best, gain = length, expected * alone / seconds
    return best
