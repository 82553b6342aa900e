"""The first answer in a file that the model has not seen."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.bench.conditions import Conditions, server
from herdmate.bench.figures import Spread, median, spread
from herdmate.bench.scene import variant
from herdmate.bench.typist import Typist

_TIMES = 3


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """Seconds from opening a file to its first ghost text, and prompt tokens evaluated (median)."""

    seconds: Spread | None
    evaluated_prompt: float


async def first_answer(given: Conditions) -> FirstAnswer:
    """Open files that begin differently, and ask for ghost text in each at once."""
    strokes = []
    async with server(given, prefill=False) as client:
        for number in range(_TIMES):
            given.tell(f"first answer: {number + 1} of {_TIMES}")
            typist = Typist(client, variant(given.scene, number, 2 * given.prefix_tokens))
            strokes.append(await typist.stroke(""))
            typist.leave()
    seconds = spread([stroke.seconds for stroke in strokes])
    return FirstAnswer(seconds, median([stroke.evaluated_prompt for stroke in strokes]))
