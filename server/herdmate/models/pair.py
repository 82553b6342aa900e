"""The pair of models to take on a machine: one for answers, one for ghost text; or one for both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from herdmate.models.recommend import (
    COMFORTABLE,
    SHARE,
    USUAL,
    Machine,
    Row,
    by_preference,
    further,
    row_of,
    rows_of,
    size_class,
)

ANSWER_TOKENS = 256
"""Tokens of a typical answer, about 200 words."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The rows to take. They are the same if one model does both."""

    answers: Row
    ghost: Row

    @property
    def is_one(self) -> bool:
        """Does one model do both?"""
        return self.answers.model == self.ghost.model


@dataclass(frozen=True, slots=True)
class Advice:
    """The rows that fit, in the catalogue's order; the pair to take, why, and what more would take.

    ``trade`` are the rows worth comparing: one of each size of a model, at its usual quant.
    """

    rows: tuple[Row, ...]
    trade: tuple[Row, ...]
    pair: Pair | None
    reasons: tuple[str, ...]
    further: str

    @property
    def best(self) -> Row | None:
        """The model for answers."""
        return self.pair.answers if self.pair else None


def recommend(machine: Machine, context_tokens: int) -> Advice:
    """Advice from the catalogue, with a KV cache of ``context_tokens`` for each model."""
    every = rows_of(machine, context_tokens)
    rows = [row for row in every if row.place and machine.to_fetch(row.model) <= machine.disk]
    pair = next(_pairs(rows, machine, context_tokens), None)
    reasons = tuple(_reasons(pair, every, machine)) if pair else ()
    best = pair.answers if pair else None
    trade = tuple(_worth_comparing(rows, pair))
    return Advice(tuple(rows), trade, pair, reasons, further(every, best, machine))


def _pairs(rows: Sequence[Row], machine: Machine, context_tokens: int) -> Iterator[Pair]:
    """Pairs that fit together, best first: the best answers, then the best ghost text with them."""
    slow = []
    advised = [row for row in rows if row.model.advised]
    for answers in by_preference([row for row in advised if row.model.instruct]):
        room = _beside(answers, machine)
        others = [row_of(row.model, room, context_tokens) for row in advised]
        others = [row for row in others if row.place and room.to_fetch(row.model) <= room.disk]
        ghosts = [row for row in (answers, *others) if row.model.infill]
        quick = [row for row in ghosts if row.writes(COMFORTABLE)]
        if quick:
            yield Pair(answers, max(quick, key=lambda row: _for_ghost_text(row, answers)))
        slow += [Pair(answers, row) for row in ghosts]
    # Nothing is quick enough: what is quickest disturbs least.
    yield from sorted(slow, key=lambda pair: -pair.ghost.speed)


def _beside(row: Row, machine: Machine) -> Machine:
    """The machine as it is while a model runs on it."""
    machine = replace(machine, disk=machine.disk - machine.to_fetch(row.model))
    if row.place == "GPU":
        return replace(machine, gpu=machine.gpu - row.needs)
    return replace(machine, memory=machine.memory - int(row.needs / SHARE))


def _for_ghost_text(row: Row, answers: Row) -> tuple[bool, float, bool, bool]:
    """Better ones compare higher; of equal ones, that which is loaded for answers anyway."""
    is_usual = row.model.quant == USUAL
    return row.place == "GPU", row.model.infill_match, row is answers, is_usual


def _reasons(pair: Pair, every: Sequence[Row], machine: Machine) -> Iterator[str]:
    answers, ghost = pair.answers, pair.ghost
    if size_class(answers) < 0:
        yield _why_no_codellama(every, machine)
    if answers.place == "GPU":
        largest = ", the largest CodeLlama that fits there" if size_class(answers) >= 0 else ""
        yield f"{answers.model.title} answers on the GPU{largest}."
    elif answers.speed < COMFORTABLE:
        seconds = ANSWER_TOKENS / answers.speed
        yield (
            f"{answers.model.title} answers at {_tokens(answers)} a second, below the comfortable "
            f"{COMFORTABLE:.0f}; a typical answer takes {seconds:.0f} seconds."
        )
    else:
        yield f"{answers.model.title} answers at {_tokens(answers)} a second."
    if pair.is_one:
        yield _why_one(ghost)
    else:
        where = " on the GPU" if ghost.place == "GPU" else f" at {_tokens(ghost)} a second"
        slow = "" if ghost.writes(COMFORTABLE) else ", the quickest there is"
        yield f"Ghost text by {ghost.model.title},{where}{slow}."
    yield _memory(pair, machine)
    if not pair.is_one and answers.speed and answers.speed < COMFORTABLE and ghost.model.instruct:
        ratio = ghost.speed / answers.speed
        times = f"{ratio:.1f} times as fast" if ratio else "faster"
        use = f"herdmate config set model {ghost.model.name}"
        yield f"{ghost.model.title} could answer too, {times}: `{use}`."


def _tokens(row: Row) -> str:
    return f"about {row.speed:.0f} tokens" if row.speed >= 1.5 else "about a token"


def _why_one(row: Row) -> str:
    if row.place == "GPU":
        return "It also writes ghost text: it is quick there, and no better model fits beside it."
    if row.writes(COMFORTABLE):
        return f"It also writes ghost text, which needs {COMFORTABLE:.0f}."
    return f"It also writes ghost text, which should have {COMFORTABLE:.0f}; nothing is quicker."


def _why_no_codellama(every: Sequence[Row], machine: Machine) -> str:
    """Why even the smallest CodeLlama is not recommended for answers."""
    row = next(row for row in every if size_class(row) == 0 and row.model.quant == USUAL)
    if row.needs > machine.for_models:
        return (
            f"{row.model.title} needs {row.needs / 1e9:.1f} GB of memory, and "
            f"{machine.for_models / 1e9:.1f} GB leave enough for the editor and the browser."
        )
    if machine.to_fetch(row.model) > machine.disk:
        return f"{row.model.title} needs {row.model.size / 1e9:.1f} GB of disk space."
    return f"{row.model.title} would write {_tokens(row)} a second, too slow even to read along."


def _memory(pair: Pair, machine: Machine) -> str:
    rows = (pair.answers,) if pair.is_one else (pair.answers, pair.ghost)
    who = "It takes" if pair.is_one else "Together they take"
    on_gpu = sum(row.needs for row in rows if row.place == "GPU")
    elsewhere = sum(row.needs for row in rows if row.place == "memory")
    parts = []
    if on_gpu:
        parts.append(f"{on_gpu / 1e9:.1f} GB of the {machine.gpu / 1e9:.1f} GB free on the GPU")
    if elsewhere:
        parts.append(f"{elsewhere / 1e9:.1f} GB of the machine's {machine.memory / 1e9:.1f} GB")
    return f"{who} {' and '.join(parts)}."


def _worth_comparing(rows: Sequence[Row], pair: Pair | None) -> Iterator[Row]:
    """The pair, and of every other model that answers the row at its usual quant."""
    chosen = () if pair is None else (pair.answers, pair.ghost)
    kept = {row.model.name for row in chosen}
    families = {row.model.family for row in chosen}
    for row in rows:
        is_usual = row.model.quant == USUAL and row.model.family not in families
        if row.model.name in kept or (is_usual and row.model.instruct):
            yield row
