"""The ways in which a model can be run, and the values that are worth a try on a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

Value = int | bool | str

ANSWER = 256
"""Tokens of a typical answer: an explanation, or a function of twenty lines."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to run a model.

    ``gpu_layers`` of -1 is all of them; ``micro_batch`` is the most prompt tokens of one
    evaluation; ``kv_type`` is of the numbers in the cache, and the only one that changes answers.
    """

    gpu_layers: int = -1
    weights: Literal["repacked", "mapped"] = "repacked"
    flash_attention: bool = True
    batch_threads: int = 1
    micro_batch: int = 128
    threads: int = 1
    kv_type: Literal["f16", "q8_0"] = "f16"

    @property
    def is_possible(self) -> bool:
        """llama.cpp reads a quantised cache only with flash attention."""
        return self.flash_attention or self.kv_type == "f16"


@dataclass(frozen=True, slots=True)
class Point:
    """A choice, the seconds until its first token, and the tokens a second from there on."""

    choice: Choice
    first: float
    rate: float

    @property
    def answer_seconds(self) -> float:
        """Seconds of a typical answer: the measure by which choices are compared."""
        return self.first + ANSWER / self.rate


@dataclass(frozen=True, slots=True)
class Axis:
    """A field of ``Choice`` and the values to try, from the least where they have an order.

    Between two values a finer one is tried as long as they are at least 2 × ``finest`` apart.
    """

    name: str
    values: tuple[Value, ...]
    finest: int = 0

    @property
    def is_ordered(self) -> bool:
        """Are there neighbours, so that one may stop where it gets worse?"""
        return all(type(value) is int for value in self.values)

    def of(self, choice: Choice) -> Any:
        """The value that a choice has here."""
        return getattr(choice, self.name)

    def place(self, point: Point) -> int:
        """Where a point stands along this axis."""
        value = self.of(point.choice)
        return int(value) if self.is_ordered else self.values.index(value)

    def at(self, choice: Choice, value: Value) -> Choice:
        """The choice with another value here."""
        return replace(choice, **{self.name: value})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Machine:
    """What the values depend on.

    ``layers`` is the most that can be on a graphics processor, 0 without one. ``may_repack`` tells
    whether there is memory for a copy of the weights that is never given back.
    """

    cores: int
    logical: int
    layers: int = 0
    may_repack: bool = True


KV_TYPES = Axis("kv_type", ("f16", "q8_0"))
"""Measured to advise; never chosen, since it changes what the model answers."""


def axes(machine: Machine) -> list[Axis]:
    """What to try here, in the order of its weight; an axis of one value is left out."""
    layers = machine.layers
    threads = tuple(_thread_counts(machine))
    finest = 2 if machine.cores > 4 else 0
    # llama.cpp repacks weights for the processor alone.
    weights = ("repacked", "mapped") if machine.may_repack and not layers else ("mapped",)
    found = [
        Axis("gpu_layers", tuple(sorted({layers * at // 4 for at in range(5)})), layers // 16 or 1),
        Axis("weights", weights),
        Axis("flash_attention", (True, False)),
        Axis("batch_threads", threads, finest),
        Axis("micro_batch", (64, 128, 256, 512)),
        Axis("threads", threads, finest),
    ]
    return [axis for axis in found if len(axis.values) > 1]


def start(machine: Machine) -> Choice:
    """Where a search begins: all layers on the graphics processor, a thread for each core."""
    return Choice(
        gpu_layers=machine.layers or -1,
        weights="repacked" if machine.may_repack and not machine.layers else "mapped",
        batch_threads=machine.cores,
        micro_batch=512 if machine.layers else 128,
        threads=machine.cores,
    )


def grid(along: Sequence[Axis], begin: Choice) -> list[Choice]:
    """Every combination of the axes' values; neighbours differ in what is cheapest to change."""
    found: list[Choice] = []
    for values in product(*(axis.values for axis in along)):
        choice = begin
        for axis, value in zip(along, values, strict=True):
            choice = axis.at(choice, value)
        found.append(choice)
    return [choice for choice in found if choice.is_possible]


def _thread_counts(machine: Machine) -> Iterator[int]:
    """Powers of two, the cores, and what the processor pretends to have."""
    most = max(machine.cores, machine.logical)
    powers = {1 << at for at in range(most.bit_length()) if 1 << at <= most}
    yield from sorted(powers | {machine.cores, most})
