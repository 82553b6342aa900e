"""The models recommended for this machine, in words short enough for a menu or a question."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from herdmate.lsp.session import Session
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.pair import Advice, Pair, recommend
from herdmate.models.recommend import COMFORTABLE, Machine, Row, size_class
from herdmate.models.this_machine import this_machine


async def recommendation(session: Session) -> tuple[Machine, Advice]:
    """This machine and the advice for it, the same as that of ``herdmate models recommend``."""
    machine = await asyncio.to_thread(this_machine)
    return machine, recommend(machine, session.settings.engine.context_tokens)


def models_of(pair: Pair) -> tuple[CatalogueModel, ...]:
    """The pair's models, each once, the quicker one to fetch first."""
    models = dict.fromkeys((pair.answers.model, pair.ghost.model))
    return tuple(sorted(models, key=lambda model: model.size))


def in_short(row: Row, pair: Pair, machine: Machine) -> str:
    """Why a row of the pair, how fast it is, how much is to be fetched, and its licence.

    The most important first: VS Code cuts it off after 90 characters.
    """
    model = row.model
    is_here = not machine.to_fetch(model)
    size = "on this machine" if is_here else f"{model.size / 1e9:.1f} GB to fetch"
    return ", ".join((_why(row, pair), _speed(row), size, short_licence(model.licence)))


def short_licence(name: str) -> str:
    """A licence's name where there is little room."""
    return name.replace("Community License", "licence")


def short_speed(speed: float) -> str:
    """Tokens per second, as estimated, where there is little room."""
    return f"{f'~{speed:.0f}' if speed >= 1 else '<1'} tokens/s"


def alternatives(advice: Advice, most: int) -> Iterator[str]:
    """The names of other models worth comparing, the largest that are quick enough first."""
    pair = advice.pair
    chosen = {model.name for model in models_of(pair)} if pair else set()
    others = [row for row in advice.trade if row.model.name not in chosen]
    others = [row for row in others if row.model.advised]
    others = sorted(others, key=lambda row: (row.writes(COMFORTABLE), row.model.size), reverse=True)
    yield from (row.model.name for row in others[:most])


def _why(row: Row, pair: Pair) -> str:
    if row is not pair.answers:
        return "the best quick one" if row.writes(COMFORTABLE) else "the quickest"
    if size_class(row) < 0:
        return "the best quick enough here"
    return (
        "largest CodeLlama for this GPU"
        if row.place == "GPU"
        else "best CodeLlama quick enough here"
    )


def _speed(row: Row) -> str:
    if row.place == "GPU":
        return "fast on the GPU"
    return short_speed(row.speed)
