"""How fast this machine's CPU reads weights, from what was measured when models were loaded."""

from __future__ import annotations

from collections.abc import Sequence

from herdmate.engine.measured_steps import Measured
from herdmate.models.discovery import Found

_MOST = 32
"""Files looked at: the first million bytes of each are read."""


def to_measure(found: Sequence[Found]) -> list[str]:
    """The paths of the models of which ``bytes_a_second`` wants to know what was measured."""
    return [str(item.path) for item in _largest_first(found)][:_MOST]


def bytes_a_second(found: Sequence[Found], known: Measured) -> float | None:
    """What the largest measured model of the catalogue read per second; ``None`` if none was.

    What was measured with layers on a GPU says nothing about the CPU.
    """
    if known.gpu:
        return None
    steps = ((item.size, known.steps.get(str(item.path))) for item in _largest_first(found))
    return next((size / step.one for size, step in steps if step is not None), None)


def _largest_first(found: Sequence[Found]) -> list[Found]:
    """Those of which it is known how much is read for each token."""
    counting = [item for item in found if item.model and item.model.active == 1 and item.size > 0]
    return sorted(counting, key=lambda item: -item.size)
