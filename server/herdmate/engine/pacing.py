"""How much of a prompt to evaluate at once, so that keystrokes stop little work and lose none.

A prompt is evaluated in chunks. What a chunk has added to the KV cache stays; a chunk that is
stopped is lost. So the first chunks are short and may finish after a cancellation: otherwise
someone who types faster than a chunk takes would never get past it. The longer a prompt is
undisturbed, the longer its chunks become, because each reads the weights once. Measured on one core
(0.5B, tokens per second of its time): 89 in chunks of 16, 98 of 32, 118 of 64, 122 of 128.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PATIENCE = 0.15
"""Seconds that a first chunk should take, and that any chunk gets to finish once cancelled."""

_FOR_THE_SHORTEST = 1.0
"""The same for a chunk that cannot be shorter, on a slow or busy machine."""

_LEAST = 16
"""Tokens. Fewer at once cost nearly as much time as this many."""

_TELLING = 8
"""Tokens. Fewer say little about the speed of a chunk."""

_SHARE = 0.5
"""How long a chunk may take, as a share of the time for which its prompt was not disturbed."""


@dataclass(slots=True)
class Pace:
    """How fast prompts are currently evaluated; 0 until known."""

    seconds_per_token: float = 0.0

    def note(self, tokens: int, seconds: float) -> None:
        """Record how long a chunk took; recent ones count most, since the load changes."""
        if tokens < _TELLING or seconds <= 0:
            return
        now = seconds / tokens
        known = self.seconds_per_token
        self.seconds_per_token = (known + now) / 2 if known else now

    def note_stopped(self, tokens: int, seconds: float) -> None:
        """Record that a chunk was stopped unfinished: it would have taken longer."""
        if tokens >= _TELLING:
            self.seconds_per_token = max(self.seconds_per_token, seconds / tokens)

    def chunk(self, most: int, undisturbed: float = 0.0) -> int:
        """The tokens of the next chunk of a prompt that is being evaluated for ``undisturbed``
        seconds: ``most``, or the largest power of two that is as quick as it should be.

        At least 16, as long as the speed is unknown too.
        """
        if not self.seconds_per_token:
            return min(_LEAST, most)
        fit = max(PATIENCE, _SHARE * undisturbed) / self.seconds_per_token
        if fit >= most:
            return most
        count = _LEAST
        while count * 2 <= fit:
            count *= 2
        return min(count, most)

    def patience(self, tokens: int, elapsed: float) -> float:
        """Seconds that a cancelled chunk gets to finish; 0 if that would not be enough.

        More than ``PATIENCE`` only if the machine needs more for the shortest chunk: that must
        finish eventually, or nothing is ever evaluated between two keys.
        """
        left = tokens * self.seconds_per_token - elapsed
        if tokens <= _LEAST:
            return max(_FOR_THE_SHORTEST, 2 * left)
        return PATIENCE if left <= PATIENCE else 0.0


def measured(step_seconds: Mapping[int, float]) -> Pace:
    """The initial pace, from measured evaluation times by their number of tokens."""
    seconds = step_seconds.get(_LEAST, 0.0)
    return Pace(seconds / _LEAST)
