"""Perplexity as llama.cpp's own tool computes it (``tools/perplexity``).

The text is cut into windows that do not overlap; only the second half of each is scored, so that
every scored token has at least half a window before it. Published figures are for wikitext-2 and
windows of 512 tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from herdmate.errors import SelectionError

WINDOW = 512
"""Tokens per window."""

Surprises = Callable[[Sequence[int], int], Sequence[float]]
"""``-log p`` of a window's tokens after a position, in nats."""


@dataclass(frozen=True, slots=True)
class Perplexity:
    """``e`` to the power of the mean surprise of ``tokens`` tokens, and its standard error."""

    value: float
    error: float
    tokens: int


def windows(tokens: Sequence[int], most: int = 0, size: int = WINDOW) -> list[Sequence[int]]:
    """Whole windows of a text, at most ``most`` of them unless that is 0.

    Raises ``SelectionError`` if the text is shorter than two windows, as llama.cpp does.
    """
    if len(tokens) < 2 * size:
        raise SelectionError(
            f"The text has {len(tokens)} tokens, but at least {2 * size} are needed; pass a "
            "longer text with --text."
        )
    starts = range(0, len(tokens) - size + 1, size)
    return [tokens[start : start + size] for start in islice(starts, most or None)]


def measured(cut: Sequence[Sequence[int]], surprises: Surprises) -> Iterator[Perplexity]:
    """The perplexity after each window; the last one is for the whole text."""
    count, total, squares = 0, 0.0, 0.0
    for window in cut:
        for loss in surprises(window, len(window) // 2):
            count, total, squares = count + 1, total + loss, squares + loss * loss
        yield _perplexity(count, total, squares)


def _perplexity(count: int, total: float, squares: float) -> Perplexity:
    mean = total / count
    variance = max(squares / count - mean * mean, 0.0)
    value = math.exp(mean)
    error = value * math.sqrt(variance / (count - 1)) if count > 1 else math.inf
    return Perplexity(value, error, count)
