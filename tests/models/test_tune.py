"""Which choice is kept, on published rows, and how few measurements lead there, on made-up ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from herdmate.errors import ModelError, NoMemoryError
from herdmate.models.choices import ANSWER, Axis, Choice, Hardware, Point, axes, grid, start
from herdmate.models.tune import ALIKE, Search, Trials, choose

ROWS = (
    (30, 1.39, 6.41), (35, 12.52, 10.42), (40, 13.57, 10.61), (45, 15.87, 10.68),
    (50, 18.87, 11.02),
)  # fmt: skip
"""CodeLlama-13B q4_0 on a small GPU: layers on it, seconds to the first token, tokens a second."""

POINTS = [Point(Choice(gpu_layers=layers), first, rate) for layers, first, rate in ROWS]


def test_the_published_rows_under_a_limit() -> None:
    assert choose(POINTS, limit=2.0).choice.gpu_layers == 30


def test_the_published_rows_without_a_limit() -> None:
    assert choose(POINTS).choice.gpu_layers in (35, 40)


@pytest.mark.parametrize("extreme", [(0, 0.9, 1.2), (60, 120.0, 11.1)])
def test_another_extreme_does_not_move_the_knee(extreme: tuple[int, float, float]) -> None:
    layers, first, rate = extreme
    more = [*POINTS, Point(Choice(gpu_layers=layers), first, rate)]
    assert choose(more) == choose(POINTS)


@pytest.mark.parametrize(("limit", "layers"), [(0.0, (35, 40)), (2.0, (30,)), (13.0, (35,))])
@pytest.mark.parametrize("begin", [30, 40, 50])
def test_a_search_over_the_published_rows(
    begin: int, limit: float, layers: tuple[int, ...]
) -> None:
    rows = {layers: (first, rate) for layers, first, rate in ROWS}
    trials = Trials(
        lambda choice: rows[choice.gpu_layers][0], lambda choice: 1 / rows[choice.gpu_layers][1]
    )
    along = [Axis("gpu_layers", tuple(rows))]
    search = Search(along, Choice(gpu_layers=begin), trials, limit)
    search.run()
    assert search.found().choice.gpu_layers in layers


def test_a_limit_that_nothing_keeps_is_said_with_what_would() -> None:
    with pytest.raises(ModelError, match=r"within 0.5 s \(the fastest takes 1.39 s\); .*--prompt"):
        choose(POINTS, limit=0.5)


def test_nothing_measured_is_said() -> None:
    with pytest.raises(ModelError, match="not enough memory"):
        choose([])


@pytest.mark.parametrize(
    ("rates", "knee"),
    [
        ((5.0, 10.0, 19.0, 19.1), 4),  # what follows brings nothing and takes twice the processors
        ((5.0, 10.0, 19.0, 12.0), 4),
        ((5.0, 10.0, 19.0, 34.0), 8),
        ((20.0, 20.0, 20.0, 20.0), 1),
    ],
)
def test_of_alike_choices_the_one_that_takes_least(rates: tuple[float, ...], knee: int) -> None:
    points = [
        Point(Choice(threads=threads), 0.0, rate)
        for threads, rate in zip((1, 2, 4, 8), rates, strict=True)
    ]
    assert choose(points).choice.threads == knee


Cost = Callable[[Choice], tuple[float, float]]


def _landscape(seed: int, machine: Hardware) -> Cost:
    """Seconds to the first token and of a further one: a machine with a taste of its own."""
    draw = random.Random(seed)
    best = replace(
        start(machine),
        threads=draw.randint(1, machine.cores), batch_threads=draw.randint(1, machine.logical),
        micro_batch=draw.choice((64, 128, 256, 512)), flash_attention=draw.random() < 0.5,
        weights=draw.choice(("repacked", "mapped")),
    )  # fmt: skip
    if machine.layers:
        best = replace(best, weights="mapped", gpu_layers=draw.randint(0, machine.layers))
    dear = {name: draw.uniform(1.0, 1.6) for name in ("flash_attention", "weights")}

    def apart(choice: Choice, name: str) -> float:
        mine: int = getattr(choice, name)
        its: int = getattr(best, name)
        if name in dear:
            return 1.0 if mine == its else dear[name]
        return 1.0 + abs(mine - its) / max(its, 1)

    def of(choice: Choice) -> tuple[float, float]:
        shared = apart(choice, "flash_attention") * apart(choice, "weights")
        shared *= apart(choice, "gpu_layers")
        first = 3.0 * shared * apart(choice, "batch_threads") * apart(choice, "micro_batch") ** 0.5
        return first, 0.03 * shared * apart(choice, "threads")

    return of


class _Clock:
    """Measures a landscape, with noise, and counts."""

    def __init__(self, of: Cost, noise: float, seed: int = 0) -> None:
        self._of, self._noise, self._draw = of, noise, random.Random(seed)
        self.firsts = self.steps = 0

    def first(self, choice: Choice) -> float:
        self.firsts += 1
        return self._of(choice)[0] * (1 + self._noise * self._draw.random())

    def step(self, choice: Choice) -> float:
        self.steps += 1
        return self._of(choice)[1] * (1 + self._noise * self._draw.random())


MACHINES = {
    "two cores": Hardware(2, 2),
    "a laptop": Hardware(6, 12),
    "a workstation": Hardware(16, 32),
    "a small GPU": Hardware(8, 16, layers=41),
}


@pytest.mark.parametrize("noise", [0.0, 0.04])
@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("seed", range(12))
def test_near_the_best_of_the_grid_for_a_quarter_of_it(name: str, seed: int, noise: float) -> None:
    machine = MACHINES[name]
    of, along = _landscape(seed, machine), axes(machine)
    clock = _Clock(of, noise, seed)
    search = Search(along, start(machine), Trials(clock.first, clock.step))
    search.run()
    every = grid(along, start(machine))
    least = min(first + ANSWER * step for first, step in map(of, every))
    first, step = of(search.found().choice)
    assert first + ANSWER * step <= least * 1.05
    assert (clock.firsts + clock.steps) / 2 <= len(every) / 4


def test_what_has_no_part_in_it_is_not_measured_again() -> None:
    clock = _Clock(lambda _choice: (1.0, 0.1), 0.0)
    trials = Trials(clock.first, clock.step)
    trials.of(Choice(threads=1, batch_threads=1))
    trials.of(Choice(threads=2, batch_threads=1))
    assert (clock.firsts, clock.steps) == (1, 2)
    trials.of(Choice(threads=2, batch_threads=2, micro_batch=64))
    assert (clock.firsts, clock.steps) == (2, 2)
    assert len(trials.points) == 3


def test_what_does_not_fit_into_memory_is_passed_over() -> None:
    def first(choice: Choice) -> float:
        if choice.gpu_layers > 20:
            raise NoMemoryError("too many")
        return 10.0 - choice.gpu_layers / 4

    machine = Hardware(4, 4, layers=41)
    search = Search(axes(machine), start(machine), Trials(first, lambda _choice: 0.1))
    search.run()
    assert search.found().choice.gpu_layers in (19, 20)
    assert all(point.choice.gpu_layers <= 20 for point in search.curves["gpu_layers"])


def test_one_busy_moment_does_not_decide() -> None:
    """Two of three measurements of the better choice are right."""
    samples = {True: [2.0, 1.0, 1.0], False: [1.95, 1.96, 1.97, 1.9]}
    trials = Trials(lambda choice: samples[choice.flash_attention].pop(0), lambda _choice: 1e-6)
    search = Search([Axis("flash_attention", (True, False))], Choice(), trials)
    search.run()
    assert search.found().choice.flash_attention


def test_an_interrupted_search_keeps_what_was_measured() -> None:
    left = 4

    def first(choice: Choice) -> float:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt
        return 5.0 if choice.weights == "repacked" else 3.0

    machine = Hardware(2, 2)
    search = Search(axes(machine), start(machine), Trials(first, lambda _choice: 0.1))
    with pytest.raises(KeyboardInterrupt):
        search.run()
    assert search.found().choice.weights == "mapped"
    assert [point.choice.weights for point in search.curves["weights"]] == ["repacked", "mapped"]


def test_a_grid_has_no_choice_that_cannot_be_run() -> None:
    along = [Axis("flash_attention", (True, False)), Axis("kv_type", ("f16", "q8_0"))]
    found = grid(along, Choice())
    assert len(found) == 3
    assert Choice(flash_attention=False, kv_type="q8_0") not in found


def test_axes_of_machines() -> None:
    names = [axis.name for axis in axes(Hardware(2, 2))]
    assert names == ["weights", "flash_attention", "batch_threads", "micro_batch", "threads"]
    with_gpu = {axis.name: axis.values for axis in axes(Hardware(6, 12, layers=33))}
    assert with_gpu["gpu_layers"] == (0, 8, 16, 24, 33)
    assert with_gpu["threads"] == (1, 2, 4, 6, 8, 12)
    assert "weights" not in with_gpu
    assert "threads" not in {axis.name for axis in axes(Hardware(1, 1))}


def test_alike_is_less_than_what_a_choice_may_lose() -> None:
    assert ALIKE < 0.05
