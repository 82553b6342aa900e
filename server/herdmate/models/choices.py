"""The ways to run a model, and the values worth trying on a machine."""

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

    ``gpu_layers`` of -1 means all; ``micro_batch`` is the most prompt tokens in one evaluation;
    ``kv_type`` is the KV cache's number type, the only field that changes answers.
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
        """Can llama.cpp run it? A quantised KV cache needs flash attention."""
        return self.flash_attention or self.kv_type == "f16"


@dataclass(frozen=True, slots=True)
class Point:
    """A choice, its seconds to the first token, and its tokens per second after that."""

    choice: Choice
    first: float
    rate: float

    @property
    def answer_seconds(self) -> float:
        """Seconds for a typical answer: the measure for comparing choices."""
        return self.first + ANSWER / self.rate


@dataclass(frozen=True, slots=True)
class Axis:
    """A field of ``Choice`` and the values to try, in ascending order if they have one.

    Midpoints are tried too while neighbours are at least 2 × ``finest`` apart; never if that is 0.
    """

    name: str
    values: tuple[Value, ...]
    finest: int = 0

    @property
    def is_ordered(self) -> bool:
        """Are the values ordered, so that a search can stop when it gets worse?"""
        return all(type(value) is int for value in self.values)

    def of(self, choice: Choice) -> Any:
        """A choice's value on this axis."""
        return getattr(choice, self.name)

    def place(self, point: Point) -> int:
        """A point's position along this axis."""
        value = self.of(point.choice)
        return int(value) if self.is_ordered else self.values.index(value)

    def at(self, choice: Choice, value: Value) -> Choice:
        """The choice with another value on this axis."""
        return replace(choice, **{self.name: value})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Hardware:
    """The machine's properties that the values depend on.

    ``layers`` is the most that a graphics processor can take, 0 without one. ``may_repack``: is
    there memory for a copy of the weights that is never given back?
    """

    cores: int
    logical: int
    layers: int = 0
    may_repack: bool = True


def axes(machine: Hardware) -> list[Axis]:
    """What to try on this machine, the most important first; without axes of one value."""
    layers = machine.layers
    threads = tuple(_thread_counts(machine))
    finest = 2 if machine.cores > 4 else 0
    # llama.cpp repacks weights for the CPU only.
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


def start(machine: Hardware) -> Choice:
    """Where a search begins: all layers on the graphics processor, one thread per core."""
    return Choice(
        gpu_layers=machine.layers or -1,
        weights="repacked" if machine.may_repack and not machine.layers else "mapped",
        batch_threads=machine.cores,
        micro_batch=512 if machine.layers else 128,
        threads=machine.cores,
    )


def grid(along: Sequence[Axis], begin: Choice) -> list[Choice]:
    """Every combination of the axes' values; the last axis, cheapest to change, varies fastest."""
    found: list[Choice] = []
    for values in product(*(axis.values for axis in along)):
        choice = begin
        for axis, value in zip(along, values, strict=True):
            choice = axis.at(choice, value)
        found.append(choice)
    return [choice for choice in found if choice.is_possible]


def _thread_counts(machine: Hardware) -> Iterator[int]:
    """Powers of two, the physical cores, and the logical ones."""
    most = max(machine.cores, machine.logical)
    powers = {1 << at for at in range(most.bit_length()) if 1 << at <= most}
    yield from sorted(powers | {machine.cores, most})
