"""The best model here for ghost text: one that fills in, and is quick enough while one types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from herdmate.engine.measured_steps import Measured, measured
from herdmate.errors import ModelError, NoModelError
from herdmate.models import catalogue
from herdmate.models.choose import Chosen, Loaded, is_same_file, too_little
from herdmate.models.discovery import Found
from herdmate.models.listing import Listed, listed
from herdmate.models.recommend import BYTES_A_SECOND, COMFORTABLE, written_a_second

_FIRST_TOKEN = 0.5
"""Seconds that the first token may take after a key."""

_MOST = 32
"""Files whose measurements are looked up."""


def choose_quick(
    folder: Path, free_memory: int, context_tokens: int, others: Sequence[Found] = (),
    beside: Loaded | None = None,
) -> Chosen:  # fmt: skip
    """The best model for ghost text that writes ten tokens per second, as measured or estimated.

    Its first token while typing must come within half a second. See ``choose`` for the arguments.
    Raises ``NoModelError`` if no model here fills in, ``ModelError`` if none is quick or fits.
    """
    models = listed(folder, context_tokens, others)
    here = [(model, model.path) for model in models if model.path is not None and model.infill]
    here = sorted(here, key=lambda item: _quality(item[0]), reverse=True)[:_MOST]
    if not here:
        raise NoModelError(
            "No model on this machine fills in code; run `herdmate models pull starter`."
        )
    known = measured([str(path) for _, path in here])
    speeds = {path: _speed(model, path, known, here) for model, path in here}
    quick = [(model, path) for model, path in here if speeds[path] >= COMFORTABLE]
    if not quick:
        best = max(speeds, key=lambda path: speeds[path])
        raise ModelError(
            f"{best.name} writes about {speeds[best]:.0f} tokens per second, and ghost text needs "
            f"{COMFORTABLE:.0f}; run `herdmate models pull starter`."
        )
    taken = beside.needs if beside else 0
    for model, path in quick:
        if model.needs + taken <= free_memory or (beside and is_same_file(path, beside.path)):
            return Chosen(path, catalogue.of_file(path), needs=model.needs)
    model, path = min(quick, key=lambda item: item[0].needs)
    raise ModelError(f"{path.name} {too_little(model.needs, free_memory, beside)}.")


def _quality(model: Listed) -> tuple[float, int]:
    """Better ones compare higher: by their published share of filled holes, then by size.

    One without such a figure is taken to fill in like the best known one that is no larger.
    """
    every = catalogue.models()
    known = next((item.infill_match for item in every if item.name == model.name), 0.0)
    like = max((item.infill_match for item in every if item.size <= model.size), default=0.0)
    return (known or like, model.size)


def _speed(
    model: Listed, path: Path, known: Measured, here: Sequence[tuple[Listed, Path]]
) -> float:
    """Tokens per second; 0 if the first one comes too late, and more than enough on a GPU."""
    if (step := known.steps.get(str(path))) is not None:
        return 1 / step.one if step.four <= _FIRST_TOKEN else 0.0
    if model.needs <= known.gpu:
        return 10 * COMFORTABLE
    return written_a_second(model.size, _bytes_a_second(known, here))


def _bytes_a_second(known: Measured, here: Sequence[tuple[Listed, Path]]) -> float:
    """How fast the CPU reads weights, by the largest measured model of those that fill in."""
    sizes = [(model.size, step) for model, path in here if (step := known.steps.get(str(path)))]
    if known.gpu or not sizes:
        return BYTES_A_SECOND
    size, step = max(sizes, key=lambda item: item[0])
    return size / step.one
