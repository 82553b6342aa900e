"""Reuse is right: after any edits the answer is the one that an empty cache gives.

llama.cpp's own results differ a little with how a prompt is cut into batches: logits of the
quantised starter by 0.3, those of the tiny model with whole weights by 0.02, so that a near tie may
fall the other way. Where the answers part, the two must be such a near tie in an empty cache.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from herdmate.engine.backend import Slot
from herdmate.engine.scheduler import Scheduler
from herdmate.engine.start import LlamaStart
from herdmate.engine.tuned_loading import load
from herdmate.generation import Finished, Piece, Priority, Request
from herdmate.prompting.families import CONTROL_PIECES, Order, family_of, infill_prompt
from tests.engine.random_edits import edited

CODE = Path(__file__).read_text(encoding="utf-8")


class _Asker:
    """A scheduler on real weights, in this process."""

    def __init__(self, path: Path) -> None:
        threads = 1 if "tiny" in path.name else 0
        self.backend = load(LlamaStart(str(path), 2048, threads, 0, CONTROL_PIECES), _ignore)
        self.scheduler = Scheduler(self.backend)
        self.count = 0
        self.near_tie = 0.05 if "tiny" in path.name else 0.7

    def ask(self, request: Request) -> tuple[str, Finished]:
        said: list[object] = []
        self.count += 1
        self.scheduler.submit(self.count, request, said.append)
        while self.scheduler.wait(0):
            self.scheduler.step()
        end = said[-1]
        assert isinstance(end, Finished), end
        return "".join(event.text for event in said if isinstance(event, Piece)), end

    def forget_all(self) -> None:
        """An empty cache."""
        for sequence in range(2 * self.backend.lanes):
            self.backend.forget(sequence, 0)
        self.scheduler = Scheduler(self.backend)

    def gap(self, one: Sequence[int], other: Sequence[int]) -> float:
        """How far apart, in an empty cache, the first tokens are in which two lanes differ."""
        same = next(at for at, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1)
        for start in range(0, same, 128):
            part = one[start : min(start + 128, same)]
            slots = [
                Slot(15, start + at, token, at == len(part) - 1) for at, token in enumerate(part)
            ]
            assert self.backend.evaluate(slots)
        size = self.backend.info.vocabulary_size
        pointer = llama_cpp.llama_get_logits_ith(self.backend._context, len(part) - 1)
        logits = np.ctypeslib.as_array(pointer, (size,))
        self.backend.forget(15, 0)
        return float(abs(logits[one[same]] - logits[other[same]]))


def _ignore(_fraction: float) -> None:
    pass


@pytest.fixture(scope="module", params=["tiny", pytest.param("starter", marks=pytest.mark.model)])
def askers(request: pytest.FixtureRequest) -> tuple[_Asker, _Asker]:
    """The same weights twice: one keeps its cache, the other begins with an empty one."""
    path = request.getfixturevalue(f"{request.param}_model")
    return _Asker(path), _Asker(path)


@pytest.mark.parametrize("seed", range(2))
def test_after_edits_the_answer_is_that_of_an_empty_cache(
    askers: tuple[_Asker, _Asker], seed: int
) -> None:
    """Typing, deleting, jumping, other documents between; healed, in the order of the family."""
    asker, empty = askers
    dice = random.Random(seed)
    family = family_of(asker.backend.info)
    order: Order = "psm" if seed % 2 else "spm" if family.name == "CodeLlama" else "psm"
    start = dice.randint(0, 1500)
    text, cursor = CODE[start : start + 900], 450
    for _step in range(8):
        kind = dice.choice(("type", "type", "type", "delete", "jump", "other"))
        text, cursor = edited(kind, text, cursor, CODE, dice)
        lane = "other" if kind == "other" else "doc"
        prompt = infill_prompt(family, text[:cursor], text[cursor : cursor + 300], order)
        approximate = Request(prompt, lane, 2, priority=Priority.TYPING)
        if dice.random() < 0.3:
            asker.ask(approximate)  # what it moves must not show in exact answers
        _, end = asker.ask(Request(prompt, lane, 10, priority=Priority.TYPING, exact=True))
        empty.forget_all()
        _, cold_end = empty.ask(Request(prompt, lane, 10))
        assert cold_end.usage.reused_tokens == 0
        assert end.usage.reused_tokens + end.usage.evaluated_tokens == end.usage.prompt_tokens
        warm, cold = asker.scheduler.lanes[lane], empty.scheduler.lanes[lane]
        if warm != cold:
            empty.forget_all()
            assert empty.gap(warm, cold) < empty.near_tie
