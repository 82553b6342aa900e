"""The best model here for ghost text: one that fills in, and is quick enough while one types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from herdmate.engine.measured_steps import Measured, measured, measured_before
from herdmate.errors import ModelError, NoModelError
from herdmate.models import catalogue
from herdmate.models.choose import Chosen, Loaded, is_same_file, too_little
from herdmate.models.discovery import Found, own
from herdmate.models.listing import Listed, here
from herdmate.models.measured_speed import bytes_a_second, to_measure
from herdmate.models.recommend import BYTES_A_SECOND, COMFORTABLE, written_a_second

_FIRST_TOKEN = 0.5
"""Seconds that the first token may take after a key."""

_MOST = 32
"""Files that are looked at."""


def choose_quick(
    folder: Path, free_memory: int, context_tokens: int, others: Sequence[Found] = (),
    beside: Loaded | None = None,
) -> Chosen:  # fmt: skip
    """The best model for ghost text that writes ten tokens per second, as measured or estimated.

    Its first token while typing must come within half a second. See ``choose`` for the arguments.
    Files are read from the best one on, until one suits. Raises ``NoModelError`` if no model here
    fills in, ``ModelError`` if none is quick or fits.
    """
    found = sorted((*own(folder), *others), key=_quality, reverse=True)
    speeds, taken = _Speeds(found), beside.needs if beside else 0
    slow: list[tuple[float, Path]] = []
    large: list[tuple[int, Path]] = []
    for model, path in _filling_in(found, context_tokens):
        if (speed := speeds.of(model, path)) < COMFORTABLE:
            slow.append((speed, path))
        elif model.needs + taken <= free_memory or (beside and is_same_file(path, beside.path)):
            return Chosen(path, catalogue.of_file(path), needs=model.needs, name=model.name)
        else:
            large.append((model.needs, path))
    if large:
        needs, path = min(large)
        raise ModelError(f"{path.name} {too_little(needs, free_memory, beside)}.")
    if slow:
        speed, path = max(slow)
        raise ModelError(
            f"{path.name} writes about {speed:.0f} tokens per second, and ghost text needs "
            f"{COMFORTABLE:.0f}; run `herdmate models pull starter`."
        )
    raise NoModelError(
        "No model on this machine fills in code; run `herdmate models pull starter`."
    )


def _filling_in(found: Sequence[Found], context_tokens: int) -> Iterator[tuple[Listed, Path]]:
    """The models that fill in, best first."""
    maybe = [item for item in found if item.model is None or item.model.infill]
    for item in maybe[:_MOST]:
        model = here(item, context_tokens)
        if model is not None and model.infill:
            yield model, item.path


def _quality(item: Found) -> tuple[float, int]:
    """Better ones compare higher: by their published share of filled holes, then by size.

    One without such a figure is taken to fill in like the best known one that is no larger.
    """
    known = item.model.infill_match if item.model else 0.0
    smaller = (model.infill_match for model in catalogue.models() if model.size <= item.size)
    return (known or max(smaller, default=0.0), item.size)


@dataclass(slots=True)
class _Speeds:
    """How fast models write; a process is asked only about one that was not measured before."""

    found: Sequence[Found]
    known: Measured | None = None

    def of(self, model: Listed, path: Path) -> float:
        """Tokens per second; 0 if the first one comes too late, and more than enough on a GPU."""
        if (step := measured_before(str(path))) is None:
            known = self.known = self.known or self._measured()
            if (step := known.steps.get(str(path))) is None:
                if model.needs <= known.gpu:
                    return 10 * COMFORTABLE
                reads = bytes_a_second(self.found, known) or BYTES_A_SECOND
                return written_a_second(model.size * model.active, reads)
        return 1 / step.one if step.four <= _FIRST_TOKEN else 0.0

    def _measured(self) -> Measured:
        paths = (*to_measure(self.found), *(str(item.path) for item in self.found[:_MOST]))
        return measured(list(dict.fromkeys(paths)))


def reading_rate(known: Measured, files: Iterable[tuple[float, Path]]) -> float:
    """Bytes of weights that the CPU reads per second, by the largest measured file.

    ``files``: how many bytes of each are read for a token, and its path.
    """
    read = [(size, step) for size, path in files if (step := known.steps.get(str(path)))]
    if known.gpu or not read:
        return BYTES_A_SECOND
    size, step = max(read, key=lambda item: item[0])
    return size / step.one
