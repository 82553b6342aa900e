"""Ten thousand requests, cancels and edits in a real engine process: none hangs, nothing leaks."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import psutil
import pytest

from herdmate.engine.client import EngineProcess
from herdmate.engine.start import LlamaStart
from herdmate.errors import ContextFullError, HerdmateError
from herdmate.generation import Finished, Priority, Prompt, Request, Sampling, Text
from herdmate.prompting.families import CONTROL_PIECES, Family, family_of, infill_prompt

REQUESTS = 100_000 if os.environ.get("HERDMATE_LONG") else 10_000
WARM = 5_000
"""Requests until every buffer and arena has its size: memory is flat from then on."""
AT_ONCE = 6
CODE = Path(__file__).read_text(encoding="utf-8")


@pytest.mark.timeout(6000 if REQUESTS > 10_000 else 1200)
async def test_ten_thousand_requests(tiny_model: Path) -> None:
    engine = EngineProcess(LlamaStart(str(tiny_model), 1024, 1, 0, CONTROL_PIECES))
    engine.start()
    dice = random.Random(7)
    outcomes: dict[str, int] = {}
    memory: dict[int, int] = {}
    try:
        family = family_of(await engine.ready())
        asked = 0
        while asked < REQUESTS:
            batch = [_ask(engine, _request(dice, family), dice.random()) for _ in range(AT_ONCE)]
            for outcome in await asyncio.wait_for(asyncio.gather(*batch), 60):
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
            asked += len(batch)
            if asked // 1000 > (asked - len(batch)) // 1000:
                assert engine.process_id is not None
                memory[asked // 1000] = psutil.Process(engine.process_id).memory_info().rss
    finally:
        await engine.stop()
    assert sum(outcomes.values()) == asked
    assert set(outcomes) == {"end", "stop", "length", "left", "too long"}, outcomes
    assert memory[REQUESTS // 1000] < memory[WARM // 1000] * 1.05, memory


async def _ask(engine: EngineProcess, request: Request, patience: float) -> str:
    """Ask, and lose patience after some pieces in three of ten cases; how it ended."""
    most = int(patience * 20) if patience < 0.3 else 1_000_000
    events = engine.generate(request)
    try:
        async for event in events:
            if isinstance(event, Finished):
                return event.reason
            if most == 0:
                return "left"
            most -= 1
    except ContextFullError:
        return "too long"
    except HerdmateError as error:
        return f"failed: {error}"
    finally:
        await events.aclose()
    return "no end"


def _request(dice: random.Random, family: Family) -> Request:
    """Typing in one of some documents, or a question, sometimes longer than the context."""
    start, length = dice.randint(0, 900), dice.choice((5, 60, 150, 400))
    before, after = CODE[start : start + length], CODE[start + length : start + length + 80]
    prompt: Prompt
    if dice.random() < 0.6:
        prompt = infill_prompt(family, before, after, dice.choice(("psm", "spm")))
    elif dice.random() < 0.03:
        prompt = Prompt((Text(CODE * 4),))
    else:
        prompt = Prompt((Text("Explain this: " + before),))
    return Request(
        prompt,
        lane=f"lane {dice.randint(0, 11)}",
        max_tokens=dice.choice((0, 1, 5, 12)),
        stop=dice.choice(((), ("\n",), ("e",))),
        sampling=Sampling(temperature=dice.choice((0.0, 0.8)), seed=dice.randint(0, 9)),
        priority=dice.choice(list(Priority)),
        alternatives=dice.choice((1, 1, 1, 3)),
        exact=dice.random() < 0.2,
        drafting=dice.random() < 0.2,
    )
