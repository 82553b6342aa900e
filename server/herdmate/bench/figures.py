"""Statistics over many measurements."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the worst of ``count`` values, in their own unit."""

    count: int
    median: float
    p95: float
    p99: float
    most: float


def spread(values: Sequence[float]) -> Spread | None:
    """The spread of the values; ``None`` if there are none."""
    if not values:
        return None
    ranked = sorted(values)
    return Spread(len(ranked), median(ranked), _rank(ranked, 0.95), _rank(ranked, 0.99), ranked[-1])


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2


def share(part: int, whole: int) -> float | None:
    """``part`` divided by ``whole``; ``None`` if ``whole`` is 0."""
    return part / whole if whole else None


def between(table: Mapping[int, float], at: float) -> float:
    """The value at ``at``, interpolated linearly between the keys of the table.

    Beyond the last key the last slope continues; before the first key its value holds.
    """
    places = sorted(table)
    if at <= places[0] or len(places) == 1:
        return table[places[0]]
    upper = min(bisect_left(places, at), len(places) - 1)
    low, high = places[upper - 1], places[upper]
    return table[low] + (table[high] - table[low]) * (at - low) / (high - low)


def _rank(ranked: Sequence[float], part: float) -> float:
    """The smallest value that is at least as large as ``part`` of all values."""
    return ranked[math.ceil(part * len(ranked)) - 1]
