"""Which model suits a machine: what fits, what it costs, and the one to take.

The rule of thumb: the largest CodeLlama that fits entirely on the graphics processor; without one,
the largest that still generates at reading speed and leaves memory for the editor and the browser;
and of that, the quant beyond which files grow faster than answers improve.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.choose import needed_memory

_SHARE = 0.65
"""Share of the machine's memory; the rest is for the editor, the browser and the system."""

_BYTES_A_SECOND = 16e9
"""How fast a CPU reads weights. Measured: 1.1 GB 15 times a second, on two cores of a server."""

_SLOWEST = 3.0
"""Tokens per second; below that, an answer is not worth the wait."""

_ON_GPU = ("Q5_K_M", "Q4_K_M", "Q4_K_S", "Q3_K_M")
_ON_CPU = ("Q4_K_M", "Q4_K_S", "Q3_K_M")
"""Best first; without a GPU a larger file is slower and hardly better."""

PUBLISHED_PERPLEXITY = {
    "Q2_K": 0.6717, "Q3_K_S": 0.5551, "Q3_K_M": 0.2496, "Q3_K_L": 0.1764, "Q4_0": 0.2166,
    "Q4_K_S": 0.0992, "Q4_K_M": 0.0532, "Q5_0": 0.0683, "Q5_K_S": 0.0400, "Q5_K_M": 0.0122,
    "Q6_K": 0.0008, "Q8_0": 0.0004,
}  # fmt: skip
"""What each quant adds to LLaMA-7B's perplexity on wikitext-2, from llama.cpp's quantiser."""


@dataclass(frozen=True, slots=True)
class Machine:
    """All sizes in bytes. ``gpu`` is the most free memory on one GPU; 0 without any."""

    memory: int
    gpu: int
    disk: int


@dataclass(frozen=True, slots=True)
class Row:
    """A model on a machine. ``speed`` is an estimate in tokens per second; 0 on a GPU."""

    model: CatalogueModel
    needs: int
    place: str
    perplexity: float | None
    speed: float


@dataclass(frozen=True, slots=True)
class Advice:
    """The rows that fit, the one to take, and what the next larger model would need."""

    rows: tuple[Row, ...]
    best: Row | None
    further: str


def recommend(machine: Machine, context_tokens: int) -> Advice:
    """Advice on the catalogue's instruct models, with a KV cache for ``context_tokens``."""
    every = [_row(model, machine, context_tokens) for model in catalogue.models() if model.instruct]
    rows = [row for row in every if row.place and row.model.size <= machine.disk]
    best = next(_preferred(rows), None)
    return Advice(tuple(rows), best, _further(every, best, machine))


def written_a_second(size: int) -> float:
    """About how many tokens per second a CPU generates with a file of ``size`` bytes."""
    return _BYTES_A_SECOND / size


def _row(model: CatalogueModel, machine: Machine, context_tokens: int) -> Row:
    needs = needed_memory(model.size, model, context_tokens)
    place = ""
    if needs <= machine.gpu:
        place = "GPU"
    elif needs <= machine.memory * _SHARE:
        place = "memory"
    speed = 0.0 if place == "GPU" else written_a_second(model.size)
    # The starters have another vocabulary and training: the figure would not apply to them.
    cost = PUBLISHED_PERPLEXITY.get(model.quant) if model.kind == "CodeLlama" else None
    return Row(model, needs, place, cost, speed)


def _preferred(rows: Sequence[Row]) -> Iterator[Row]:
    """Best first: entirely on a GPU before in memory, then by size, then by quant."""
    for place, quants in (("GPU", _ON_GPU), ("memory", _ON_CPU)):
        there = [row for row in rows if row.place == place and row.model.quant in quants]
        there = [row for row in there if row.model.kind == "CodeLlama"]
        there = [row for row in there if place == "GPU" or row.speed >= _SLOWEST]
        yield from sorted(there, key=lambda row: (-_size(row), quants.index(row.model.quant)))
    others = [row for row in rows if row.model.kind != "CodeLlama"]
    yield from sorted(others, key=lambda row: row.model.size, reverse=True)


def _size(row: Row) -> int:
    """A CodeLlama's size class, ascending; -1 for other models."""
    names = ("codellama-7b", "codellama-13b", "codellama-34b", "codellama-70b")
    return next((at for at, name in enumerate(names) if row.model.name.startswith(name)), -1)


def _further(every: Sequence[Row], best: Row | None, machine: Machine) -> str:
    """What it would take to run the next larger size; empty if there is none."""
    larger = [row for row in every if row.model.quant == "Q4_K_M" and _size(row) >= 0]
    larger = [row for row in larger if best is None or _size(row) > _size(best)]
    if not larger:
        return ""
    row = min(larger, key=_size)
    gpu = f"a GPU with {row.needs / 1e9:.0f} GB free"
    if _size(row) > 0 or machine.gpu:
        speed = f"{row.speed:.0f} tokens" if row.speed >= 1.5 else "a token or less"
        slow = f", because a CPU would generate only {speed} per second"
        return f"{row.model.title} needs {gpu}{slow if not machine.gpu else ''}."
    memory = row.needs / _SHARE / 1e9
    return f"{row.model.title} needs a machine with {memory:.0f} GB of memory, or {gpu}."
