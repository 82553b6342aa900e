"""How fast this machine's CPU reads weights, from what was measured when models were loaded."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from herdmate.engine import tuning
from herdmate.models.discovery import Found

_MOST = 32
"""Files looked at: the first million bytes of each are read."""


def bytes_a_second(found: Sequence[Found]) -> float | None:
    """What the largest measured model of the catalogue read per second; ``None`` if none was."""
    best = None
    for item in islice(sorted(filter(_counts, found), key=lambda item: -item.size), _MOST):
        with suppress(OSError):  # it has just been removed
            profile = tuning.remembered(str(item.path))
            if profile is not None and (seconds := profile.step_seconds.get(1)):
                best = item.size / seconds
                break
    return best


def _counts(item: Found) -> bool:
    """Is it known how much of it is read for each token?"""
    return item.model is not None and item.model.active == 1 and item.size > 0
