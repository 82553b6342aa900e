"""Typing at human speed: the next key does not wait, and cancels any pending request."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from herdmate.bench.conditions import Conditions, server
from herdmate.bench.figures import Spread, share, spread
from herdmate.bench.typist import Typist

PAUSE = 0.4
"""A gap after a key of at least this many seconds is a pause, in which the user looks up."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One keystroke: seconds until the next one, and until its answer if that came first."""

    gap: float
    seconds: float | None
    shown: bool


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Shares of keystrokes ``answered``, and ``shown`` a text, before the next one.

    ``seconds_after_pause`` covers answers to keys followed by a pause and includes the configured
    delay; ``missed_pauses`` counts such keys that got no answer in time.
    """

    keystrokes: int
    answered: float | None
    shown: float | None
    pauses: int
    missed_pauses: int
    seconds_after_pause: Spread | None
    beats: tuple[Beat, ...]


async def rhythm(given: Conditions) -> Rhythm:
    """Type all keys with the trace's gaps between them, and with the configured delay."""
    keys, beats = given.scene.keys, []
    async with server(given) as client:
        typist = Typist(client, given.scene)
        await typist.stroke("")
        for number, (key, gap) in enumerate(
            zip(keys, itertools.cycle(given.gaps), strict=False), 1
        ):
            given.tell(f"rhythm: key {number} of {len(keys)}")
            beats.append(await _beat(typist, key, gap))
    return rhythm_of(beats)


def rhythm_of(beats: Sequence[Beat]) -> Rhythm:
    """Sum up the keystrokes."""
    paused = [beat for beat in beats if beat.gap >= PAUSE]
    in_time = [beat.seconds for beat in paused if beat.seconds is not None]
    return Rhythm(
        keystrokes=len(beats),
        answered=share(sum(beat.seconds is not None for beat in beats), len(beats)),
        shown=share(sum(beat.shown for beat in beats), len(beats)),
        pauses=len(paused),
        missed_pauses=len(paused) - len(in_time),
        seconds_after_pause=spread(in_time),
        beats=tuple(beats),
    )


async def _beat(typist: Typist, key: str, gap: float) -> Beat:
    started = time.perf_counter()
    typist.press(key)
    answer = asyncio.ensure_future(typist.ghost_text())
    try:
        shown = await asyncio.wait_for(asyncio.shield(answer), gap)
    except asyncio.TimeoutError:
        return Beat(gap, None, False)
    finally:
        answer.cancel()  # no effect on one that has arrived
    seconds = time.perf_counter() - started
    await asyncio.sleep(max(gap - seconds, 0))
    return Beat(gap, seconds, shown is not None)
