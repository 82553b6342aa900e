"""How far something is, and how long it still takes."""

from __future__ import annotations

from dataclasses import dataclass

_EVERY = 1.0
_FIRST_ESTIMATE = 3.0
"""Seconds until the time left can be told."""


@dataclass(slots=True)
class Pace:
    """When something began and when it was last told of, in seconds of a monotonic clock."""

    began: float
    told: float = float("-inf")

    def is_due(self, now: float) -> bool:
        """Is it time to tell again? Counts as told if so."""
        if now - self.told < _EVERY:
            return False
        self.told = now
        return True

    def left(self, done: int, of: int, now: float) -> str:
        """``, 2 min left``: at the same pace as up to now; empty while it is too early to say."""
        elapsed = now - self.began
        if done <= 0 or elapsed < _FIRST_ESTIMATE:
            return ""
        seconds = round(elapsed * max(of - done, 0) / done)
        return f", {seconds} s left" if seconds < 100 else f", {round(seconds / 60)} min left"


def megabytes(size: int) -> str:
    """``12 MB``, with a decimal below ten."""
    return f"{size / 1e6:.1f} MB" if size < 1e7 else f"{size / 1e6:.0f} MB"
