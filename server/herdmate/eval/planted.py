"""Bugs put into the functions of Python packages: real code, one bug in each, tests that fail."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Literal

from herdmate.eval.documented_functions import documented_functions
from herdmate.eval.flaws import Flaw, failure_of, half_of
from herdmate.eval.mutations import Mutation, mutations
from herdmate.eval.sources import code_files

_MOST_TRIES = 8
"""Bugs tried in one function until a test notices one."""


async def planted(
    folder: Path, seed: int, count: int, half: Literal["first", "second"] | None = None
) -> list[Flaw]:
    """Documented functions of a folder with one bug each, at most ``count``.

    The same seed gives the same bugs. The functions are run on this machine, with and without the
    bugs: see ``failure_of``. Raises ``SelectionError`` if there is no such folder.
    """
    found: list[Flaw] = []
    async with aclosing(_plant(folder, seed, half)) as flaws:
        async for flaw in flaws:
            found.append(flaw)
            if len(found) == count:
                break
    return found


async def _plant(
    folder: Path, seed: int, half: Literal["first", "second"] | None
) -> AsyncGenerator[Flaw, None]:
    chance = random.Random(seed)
    files = sorted(code_files(folder, {"python"}, chance))
    functions = [function for path in files for function in documented_functions(path)]
    chance.shuffle(functions)
    used: Counter[str] = Counter()
    for function in functions:
        name = f"{function.file}:{function.name}"
        if half not in (None, half_of(name)):
            continue
        order = _in_turn(mutations(function.code, function.name), used, chance)
        if await failure_of(function.code, function.tests) is not None:
            continue
        for mutation in order[:_MOST_TRIES]:
            said = await failure_of(mutation.code, function.tests)
            if said is not None and not said.startswith(("TimeoutError", "SyntaxError")):
                used[mutation.operator] += 1
                code, kind = mutation.code, mutation.operator
                yield Flaw(name, code, function.name, function.tests, kind)
                break


def _in_turn(found: list[Mutation], used: Counter[str], chance: random.Random) -> list[Mutation]:
    """In random order, but one of each kind of bug first, and the rarer kinds before the others."""
    found = list(found)
    chance.shuffle(found)
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, int, Mutation]] = []
    for item in found:
        ranked.append((seen[item.operator], used[item.operator], len(ranked), item))
        seen[item.operator] += 1
    return [item for *_, item in sorted(ranked, key=lambda row: row[:3])]
