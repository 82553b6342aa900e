"""When keys are typed: the times between them, recorded or made up."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

from herdmate.errors import SelectionError, reason_of

_MEDIAN_SECONDS = 0.18
_SPREAD = 0.45  # of the logarithm
_PAUSES = {"word": (0.2, 0.5), "line": (0.6, 1.5)}
"""How likely a pause is at the end of a word or line, and its median seconds."""


def recorded_gaps(path: Path) -> list[float]:
    """Seconds between keys, from a file with one number of milliseconds per line.

    Raises ``SelectionError`` if the file is anything else.
    """
    try:
        gaps = [float(line) / 1000 for line in path.read_text(encoding="utf-8").split()]
    except (OSError, ValueError) as error:
        raise SelectionError(
            f"{path} cannot be read ({reason_of(error)}); a trace has one number of "
            "milliseconds per line."
        ) from error
    if not gaps or not all(gap >= 0 and math.isfinite(gap) for gap in gaps):
        raise SelectionError(f"{path} must have at least one time and no negative ones.")
    return gaps


def synthetic_gaps(keys: Sequence[str], seed: int) -> list[float]:
    """Seconds after each key: log-normal around 180 ms, with pauses at the ends of words and lines.

    The same seed gives the same times.
    """
    dice = random.Random(seed)
    return [_gap(key, dice) for key in keys]


def _gap(key: str, dice: random.Random) -> float:
    median = _MEDIAN_SECONDS
    end = "line" if key.startswith("\n") else "" if key.isalnum() or key == "_" else "word"
    if end and dice.random() < _PAUSES[end][0]:
        median = _PAUSES[end][1]
    return dice.lognormvariate(math.log(median), _SPREAD)
