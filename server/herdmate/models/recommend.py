"""Which models suit a machine: what fits there, what it costs, and the pair to take.

The rule of thumb for answers: the largest CodeLlama-Instruct that fits entirely on the graphics
processor; without one, the largest that writes as fast as one reads, or else the smallest at a
bearable speed, if it leaves memory for the editor and the browser; and of that, the quant beyond
which files grow faster than answers improve.
``pair`` finds the model for ghost text beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.choose import needed_memory

SHARE = 0.65
"""Share of the machine's memory; the rest is for the editor, the browser and the system."""

BYTES_A_SECOND = 16e9
"""How fast a CPU reads weights. Measured: 1.1 GB 15 times a second, on two cores of a server."""

BEARABLE = 3.0
"""Tokens per second; below that, an answer is not worth the wait."""

AS_ONE_READS = 5.0
"""Tokens per second; a better model that writes more slowly than one reads is no better to use."""

COMFORTABLE = 10.0
"""Tokens per second; below that, ghost text comes too late while typing. What writes so fast on a
CPU also reads what was typed in half a second."""

_ON_GPU = ("Q5_K_M", "Q4_K_M", "Q4_K_S", "Q3_K_M")
_ON_CPU = ("Q4_K_M", "Q4_K_S", "Q3_K_M")
"""Best first; without a GPU a larger file is slower and hardly better."""

USUAL = "Q4_K_M"
"""The quant beyond which files grow faster than answers improve."""

PUBLISHED_PERPLEXITY = {
    "Q2_K": 0.6717, "Q3_K_S": 0.5551, "Q3_K_M": 0.2496, "Q3_K_L": 0.1764, "Q4_0": 0.2166,
    "Q4_K_S": 0.0992, "Q4_K_M": 0.0532, "Q5_0": 0.0683, "Q5_K_S": 0.0400, "Q5_K_M": 0.0122,
    "Q6_K": 0.0008, "Q8_0": 0.0004,
}  # fmt: skip
"""What each quant adds to LLaMA-7B's perplexity on wikitext-2, from llama.cpp's quantiser."""


@dataclass(frozen=True, slots=True)
class Machine:
    """All sizes in bytes. ``gpu`` is the most free memory on one GPU; 0 without any.

    ``bytes_a_second`` is how fast its CPU reads weights; ``here`` are the names of models that are
    on it already and need no more room on the disk.
    """

    memory: int
    gpu: int
    disk: int
    bytes_a_second: float = BYTES_A_SECOND
    here: frozenset[str] = frozenset()

    @property
    def for_models(self) -> int:
        """The bytes of memory that models should take together."""
        return int(self.memory * SHARE)

    def to_fetch(self, model: CatalogueModel) -> int:
        """The bytes of disk that a model takes before it can be used here."""
        return 0 if model.name in self.here else model.size


@dataclass(frozen=True, slots=True)
class Row:
    """A model on a machine. ``needs`` is in bytes, and includes the KV cache.

    ``place`` is ``GPU``, ``memory``, or empty if it fits in neither. ``speed`` is an estimate in
    tokens per second; 0 on a GPU, where it is high.
    """

    model: CatalogueModel
    needs: int
    place: str
    perplexity: float | None
    speed: float

    def writes(self, tokens_a_second: float) -> bool:
        """Does it write that fast?"""
        return self.place == "GPU" or self.speed >= tokens_a_second


def rows_of(machine: Machine, context_tokens: int) -> tuple[Row, ...]:
    """Every model of the catalogue, with a KV cache for ``context_tokens``, at its best place."""
    return tuple(row_of(model, machine, context_tokens) for model in catalogue.models())


def row_of(model: CatalogueModel, machine: Machine, context_tokens: int) -> Row:
    """One model on a machine."""
    needs = needed_memory(model.size, model, context_tokens)
    place = ""
    if needs <= machine.gpu:
        place = "GPU"
    elif needs <= machine.for_models:
        place = "memory"
    speed = (
        0.0
        if place == "GPU"
        else written_a_second(model.size * model.active, machine.bytes_a_second)
    )
    # The starters have another vocabulary and training: the figure would not apply to them.
    cost = PUBLISHED_PERPLEXITY.get(model.quant) if model.kind == "CodeLlama" else None
    return Row(model, needs, place, cost, speed)


def written_a_second(size: float, bytes_a_second: float = BYTES_A_SECOND) -> float:
    """About how many tokens per second a CPU writes that reads ``size`` bytes for each."""
    return bytes_a_second / size


def by_preference(rows: Sequence[Row]) -> Iterator[Row]:
    """For answers, best first: entirely on a GPU before in memory, then by size, then by quant."""
    for place, quants in (("GPU", _ON_GPU), ("memory", _ON_CPU)):
        there = [row for row in rows if row.place == place and row.model.quant in quants]
        there = [row for row in there if row.model.kind == "CodeLlama" and _is_quick_enough(row)]
        yield from sorted(there, key=lambda row: (-size_class(row), quants.index(row.model.quant)))
    others = [row for row in rows if row.model.kind != "CodeLlama"]
    yield from sorted(others, key=lambda row: (row.writes(BEARABLE), row.model.size), reverse=True)


def _is_quick_enough(row: Row) -> bool:
    """Is a CodeLlama quick enough for answers?"""
    return row.writes(AS_ONE_READS if size_class(row) else BEARABLE)


def size_class(row: Row) -> int:
    """A CodeLlama's size class, ascending; -1 for other models."""
    names = ("codellama-7b", "codellama-13b", "codellama-34b", "codellama-70b")
    return next((at for at, name in enumerate(names) if row.model.name.startswith(name)), -1)


def further(every: Sequence[Row], best: Row | None, machine: Machine) -> str:
    """What it would take to run the next larger CodeLlama; empty if there is none."""
    larger = [row for row in every if row.model.instruct and row.model.quant == USUAL]
    larger = [row for row in larger if size_class(row) >= 0]
    larger = [row for row in larger if best is None or size_class(row) > size_class(best)]
    if not larger:
        return ""
    row = min(larger, key=size_class)
    gpu = f"a GPU with {row.needs / 1e9:.0f} GB free"
    if size_class(row) > 0 or machine.gpu:
        speed = f"{row.speed:.0f} tokens" if row.speed >= 1.5 else "a token or less"
        slow = f", because a CPU would generate only {speed} per second"
        return f"{row.model.title} needs {gpu}{slow if not machine.gpu else ''}."
    memory = row.needs / SHARE / 1e9
    return f"{row.model.title} needs a machine with {memory:.0f} GB of memory, or {gpu}."
