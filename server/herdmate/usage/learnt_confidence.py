"""How sure the model must be for this user, learnt from what becomes of its suggestions.

Suggestions are counted in bands of their confidence: how many were shown, how many accepted. A band
that is hardly ever accepted is no longer shown. Its counts are forgotten after a month, so that it
is tried again then; erasing the statistics forgets them at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from herdmate.settings import CompletionSettings
from herdmate.usage.statistics import Counts

_EDGES = (0.0, 0.03, 0.06, 0.12, 0.25)
"""Where bands begin; the last one is never left out."""

_DAYS = 30
_ENOUGH = 40
"""Suggestions shown in a band before it is judged."""

_LEAST_ACCEPTED = 0.05


def band(confidence: float | None) -> str:
    """The name of a confidence's band in the statistics; empty if it is not known."""
    if confidence is None:
        return ""
    return f"sure {round(100 * _EDGES[bisect_right(_EDGES, confidence) - 1])}"


def shown(band: str) -> str:
    """The name under which a band's suggestions are counted."""
    return f"{band} shown"


def accepted(band: str) -> str:
    """The same for those that were accepted."""
    return f"{band} accepted"


def learnt_level(counts: Counts, today: date) -> float:
    """The least confidence that this user has found worth showing, from 0 to 0.25."""
    first = (today - timedelta(days=_DAYS)).isoformat()
    sums: Counter[str] = Counter()
    for key, many in counts.items():
        if key.day >= first:
            sums[key.name] += many
    level = 0.0
    for edge, end in pairwise(_EDGES):
        name = band(edge)
        seen, taken = sums[shown(name)], sums[accepted(name)]
        if seen >= _ENOUGH and taken < _LEAST_ACCEPTED * seen:
            level = end
        elif seen >= _ENOUGH:
            break
    return level


def as_learnt(settings: CompletionSettings, level: float) -> CompletionSettings:
    """The settings with the learnt level, if that is higher; 0 keeps showing everything."""
    if not settings.confidence:
        return settings
    return replace(settings, confidence=max(settings.confidence, level))
