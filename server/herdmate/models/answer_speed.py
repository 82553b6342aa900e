"""How fast the model in use answers, and which ones would answer faster or better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from herdmate.engine.measured_steps import measured
from herdmate.engine.run_speeds import last_run
from herdmate.models import catalogue
from herdmate.models.choose import Chosen
from herdmate.models.choose_quick import reading_rate
from herdmate.models.discovery import Found
from herdmate.models.folder import model_folder
from herdmate.models.listing import Listed, listed
from herdmate.models.recommend import COMFORTABLE, SHARE, USUAL, written_a_second
from herdmate.models.split import size_of

_NOTABLE = 1.3
"""How many times as fast another model must be to be worth a change."""

_LARGER = 2.0
"""How many times as large another model must be to answer so much better that it is worth one."""

_SLOWED = 0.5
"""The share of a model's speed below which something has slowed it down."""

_MOST = 32
"""Files whose measurements are looked up."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that answers, by the name that it is listed as; ``size`` is its file's in bytes.

    ``speed`` is in tokens per second, as measured here or else estimated; infinite on a GPU.
    ``slowed`` is that of its last answer if that was much slower, otherwise 0.
    """

    name: str
    size: int
    speed: float
    is_measured: bool
    is_here: bool
    slowed: float = 0.0

    @property
    def is_comfortable(self) -> bool:
        """Does it write so fast that one hardly waits for it?"""
        return self.speed >= COMFORTABLE


def in_use(
    chosen: Chosen, context_tokens: int, memory: int, others: Sequence[Found]
) -> tuple[Writer, Writer | None, Writer | None]:
    """How fast the chosen model answers, the best one that is notably faster, and a better one.

    A model that is not here counts if Herdmate recommends it and it suits the machine's ``memory``
    (bytes). ``others`` are other programs' models. Raises ``OSError`` if the file has just gone.
    """
    size, models = size_of(chosen.path), listed(model_folder(), context_tokens, others)
    here = {model.path: model.size * model.active for model in models if model.path is not None}
    here = dict(list(here.items())[:_MOST])
    here.setdefault(chosen.path, size * (chosen.model.active if chosen.model else 1.0))
    known = measured([str(path) for path in here])
    rate = reading_rate(known, ((read, path) for path, read in here.items()))

    def writer(name: str, path: Path | None, size: int, read: float, needs: int) -> Writer:
        step = known.steps.get(str(path))
        guess = math.inf if needs <= known.gpu else written_a_second(read, rate)
        return Writer(
            name, size, 1 / step.one if step else guess, step is not None, path is not None
        )

    now = writer(chosen.name, chosen.path, size, here[chosen.path], chosen.needs)
    now = as_seen(now, last_run(str(chosen.path)))
    choices = [model for model in models if _is_choice(model, chosen.name, int(memory * SHARE))]
    found = [
        writer(model.name, model.path, model.size, model.size * model.active, model.needs)
        for model in choices
    ]
    advised = [other for other, model in zip(found, choices, strict=True) if _is_advised(model)]
    return now, faster(now, found), better(now, advised)


def as_seen(now: Writer, last: float) -> Writer:
    """The model after its last answer, which wrote ``last`` tokens per second; 0: there was none.

    An answer that was much slower than it can be says something about the machine at that time.
    """
    if not last:
        return now
    if last < now.speed * _SLOWED and not math.isinf(now.speed):
        return replace(now, slowed=last)
    return replace(now, speed=last, is_measured=True)


def faster(now: Writer, others: Iterable[Writer]) -> Writer | None:
    """The largest of those that are notably faster and fast enough, or else the fastest."""
    found = [other for other in others if other.speed > now.speed * _NOTABLE]
    enough = [other for other in found if other.is_comfortable]
    if enough:
        return max(enough, key=lambda other: (other.size, other.is_here))
    return max(found, key=lambda other: other.speed, default=None)


def better(now: Writer, others: Iterable[Writer]) -> Writer | None:
    """The largest that is much larger, if the wait for its answers stays short."""
    found = [item for item in others if item.is_comfortable and item.size > now.size * _LARGER]
    return max(found, key=lambda item: item.size, default=None) if now.is_comfortable else None


def _is_advised(model: Listed) -> bool:
    return any(
        known.name == model.name and known.advised and known.quant == USUAL
        for known in catalogue.models()
    )


def _is_choice(model: Listed, current: str, most_memory: int) -> bool:
    is_known = model.path is not None or _is_advised(model)
    return is_known and model.instruct and model.name != current and model.needs <= most_memory
