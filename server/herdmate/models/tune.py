"""Finding the best way to run a model: one setting after another, judged by the wait for an answer.

Prompt evaluation and generation pull in different directions: a choice that generates faster can
begin later. Their sum over a typical answer weighs them against each other, and its minimum is the
knee of the curve; being in seconds, it does not shift when another extreme is measured. Of
indistinguishable choices, the one that leaves most of the machine to others wins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle, islice
from statistics import median

from herdmate.errors import ModelError, NoMemoryError
from herdmate.models.choices import Axis, Choice, Point, Value

ALIKE = 0.02
"""Relative difference up to which two choices count as alike."""

_CLOSE = 0.06
"""Relative difference up to which two choices are measured again after one measurement.

After two it is half of that: choices that are still closer are worth a third.
"""

_CLEAR = 0.15
"""Relative margin by which an axis's other values must be worse to rule out another walk."""

_GAIN = 0.01
"""Relative margin by which a choice must be better to become the search's best."""

_SAMPLES = 3
"""The most measurements of one choice in a comparison; their median counts."""

_FINALISTS = 2
_ROUNDS = 3
"""The most times that all axes are walked."""


def choose(points: Sequence[Point], limit: float = 0.0) -> Point:
    """The point with the fastest whole answer; of those alike, the one that leaves others most.

    Unless ``limit`` is 0, only points with a first token within ``limit`` seconds count. Raises
    ``ModelError`` if there are none.
    """
    kept = [point for point in points if not limit or point.first <= limit]
    if not kept:
        raise ModelError(_beyond(points, limit))
    least = min(point.answer_seconds for point in kept)
    alike = [point for point in kept if point.answer_seconds <= least * (1 + ALIKE)]
    return min(alike, key=_taken)


def _taken(point: Point) -> tuple[float, ...]:
    """What a choice takes from other programs: GPU memory, threads, memory; then time."""
    choice = point.choice
    threads = choice.threads + choice.batch_threads
    return choice.gpu_layers, threads, choice.micro_batch, point.answer_seconds


def _beyond(points: Sequence[Point], limit: float) -> str:
    if not points:
        return "There is not enough memory to measure this model; choose a smaller one."
    soonest = min(point.first for point in points)
    return (
        f"No configuration produces the first token within {limit:g} s (the fastest takes "
        f"{soonest:.2f} s); set a longer limit, shorten the prompt with --prompt, or "
        "choose a smaller model."
    )


class Trials:
    """Measurements, several per choice if needed; their medians count.

    ``first`` and ``step`` measure the seconds to the first token and per further token. If they are
    ``apart``, choices share a measurement that their difference does not affect: batch threads do
    nothing during generation, and vice versa.
    """

    def __init__(
        self, first: Callable[[Choice], float], step: Callable[[Choice], float], *,
        apart: bool = True, on_measured: Callable[[Point], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._first, self._step = first, step
        self._apart, self._on_measured = apart, on_measured
        self._firsts: dict[Choice, list[float]] = {}
        self._steps: dict[Choice, list[float]] = {}
        self._asked: dict[Choice, None] = {}
        self._impossible: set[Choice] = set()

    @property
    def points(self) -> list[Point]:
        """All points that could be measured, in the order of their first request."""
        found = (self._point(choice) for choice in self._asked)
        return [point for point in found if point is not None]

    def of(self, choice: Choice, count: int = 1) -> Point | None:
        """The choice, measured at least ``count`` times; ``None`` if there is no memory for it."""
        if choice in self._impossible:
            return None
        firsts, steps = self._samples(choice)
        try:
            while len(firsts) < count:
                firsts.append(self._first(choice))
            while len(steps) < count:
                steps.append(self._step(choice))
        except NoMemoryError:
            self._impossible.add(choice)
            return None
        point = Point(choice, median(firsts), 1 / median(steps))
        self._asked[choice] = None
        self._on_measured(point)
        return point

    def _samples(self, choice: Choice) -> tuple[list[float], list[float]]:
        of_first, of_step = choice, choice
        if self._apart:
            of_first = replace(choice, threads=0)
            of_step = replace(choice, batch_threads=0, micro_batch=0)
        return self._firsts.setdefault(of_first, []), self._steps.setdefault(of_step, [])

    def _point(self, choice: Choice) -> Point | None:
        firsts, steps = self._samples(choice)
        if choice in self._impossible or not firsts or not steps:
            return None
        return Point(choice, median(firsts), 1 / median(steps))


class Search:
    """Walks from a start along each axis until it gets worse, until no axis improves anything.

    It can be interrupted at any point: ``found`` then chooses from what has been measured.
    """

    def __init__(
        self, along: Sequence[Axis], begin: Choice, trials: Trials, limit: float = 0.0
    ) -> None:
        self._along, self._trials, self._limit = along, trials, limit
        self._walked: dict[str, list[Choice]] = {}
        self.best = begin

    def run(self) -> None:
        """Measure until nothing improves, then measure the best choices once more."""
        self._trials.of(self.best)
        still = 0
        for axis in islice(cycle(self._along), _ROUNDS * len(self._along)):
            moved = not self._is_clear(axis) and self._walk(axis)
            still = 1 if moved else still + 1
            if still >= len(self._along):
                break
        remeasure(self._finalists(), self._trials, _SAMPLES)

    @property
    def curves(self) -> dict[str, list[Point]]:
        """The last measurements along each axis, all else being equal, in the axis's order."""
        points = {point.choice: point for point in self._trials.points}
        found: dict[str, list[Point]] = {}
        for axis in self._along:
            walked = [points[item] for item in self._walked.get(axis.name, ()) if item in points]
            found[axis.name] = sorted(walked, key=axis.place)
        return found

    def found(self) -> Point:
        """The choice to keep. Raises ``ModelError`` if none is within the limit."""
        return choose(self._trials.points, self._limit)

    def _is_clear(self, axis: Axis) -> bool:
        """Has the axis been walked, with its best choice too far ahead for others to matter?"""
        costs = sorted(self._cost(choice) for choice in self._walked.get(axis.name, ()))
        return len(costs) > 1 and (
            costs[0][0] != costs[1][0] or costs[1][1] > costs[0][1] * (1 + _CLEAR)
        )

    def _walk(self, axis: Axis) -> bool:
        """Walk along an axis; return whether the best choice changed."""
        began = self.best
        self._walked[axis.name] = [began]
        if axis.is_ordered:
            for towards in (1, -1):
                while self._tries(axis, _neighbour(axis, self.best, towards)):
                    pass
                if self.best != began:
                    break
            self._refine(axis)
        else:
            for value in axis.values:
                self._tries(axis, value if value != axis.of(began) else None)
        return self.best != began

    def _tries(self, axis: Axis, value: Value | None) -> bool:
        """Try a value, which becomes the best choice if it beats it; return whether it did."""
        if value is None:
            return False
        other = axis.at(self.best, value)
        if not other.is_possible:
            return False
        self._walked[axis.name].append(other)
        if not self._beats(other):
            return False
        self.best = other
        return True

    def _refine(self, axis: Axis) -> None:
        """Try halfway to the nearest measured values, while that improves the best choice."""
        while axis.finest:
            here = axis.of(self.best)
            looked_at = sorted({axis.of(choice) for choice in self._walked[axis.name]})
            at = looked_at.index(here)
            near = looked_at[max(at - 1, 0) : at] + looked_at[at + 1 : at + 2]
            far = [other for other in near if abs(other - here) >= 2 * axis.finest]
            before = self.best
            for other in far:
                self._tries(axis, (here + other) // 2)
            if self.best == before:
                return

    def _beats(self, other: Choice) -> bool:
        """Is it better than the best? Measured in turns, so that a busy moment affects both."""
        best = self.best
        if self._trials.of(best) is None:
            return True  # anything is better than running out of memory
        for count in range(1, _SAMPLES + 1):
            mine, least = (self._cost(choice, count) for choice in (other, best))
            if mine[0] != least[0] or abs(mine[1] / least[1] - 1) > _CLOSE / count:
                break
        return mine[0] < least[0] or (mine[0] == least[0] and mine[1] < least[1] * (1 - _GAIN))

    def _cost(self, choice: Choice, count: int = 1) -> tuple[int, float]:
        """See ``cost``: feasibility first, then the limit, then seconds."""
        return cost(self._trials.of(choice, count), self._limit)

    def _finalists(self) -> list[Choice]:
        """The best choices, so close that measuring again could change their order."""
        ranked = sorted(self._trials.points, key=lambda point: cost(point, self._limit))
        far = [cost(point, self._limit)[1] for point in ranked[:1]]
        near = [at for at in ranked if cost(at, self._limit)[1] <= far[0] * (1 + ALIKE)]
        return [point.choice for point in near[:_FINALISTS]]


def cost(point: Point | None, limit: float) -> tuple[int, float]:
    """A sort key, best first: seconds of an answer, or to a first token beyond the limit."""
    if point is None:
        return 2, math.inf
    return (1, point.first) if 0 < limit < point.first else (0, point.answer_seconds)


def around(
    middle: Choice, points: Sequence[Point], along: Sequence[Axis]
) -> dict[str, list[Point]]:
    """For each axis, the points that differ from a choice on that axis only, in its order."""
    found: dict[str, list[Point]] = {}
    for axis in along:
        alike = [at for at in points if axis.at(at.choice, axis.of(middle)) == middle]
        found[axis.name] = sorted(alike, key=axis.place)
    return found


def remeasure(choices: Sequence[Choice], trials: Trials, count: int) -> list[Point]:
    """Measure choices in turns until each has ``count`` measurements."""
    for so_many in range(1, count + 1):
        found = [trials.of(choice, so_many) for choice in choices]
    return [point for point in found if point is not None]


def _neighbour(axis: Axis, choice: Choice, towards: int) -> Value | None:
    """The next value up or down from the choice's, which need not be one of the axis's own."""
    here = axis.of(choice)
    beyond = [value for value in axis.values if (value > here if towards > 0 else value < here)]
    return beyond[0 if towards > 0 else -1] if beyond else None
