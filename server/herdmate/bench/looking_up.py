"""Typing in eleven languages: how long new ghost text takes to appear after a keystroke."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from herdmate.bench.conditions import Conditions, server
from herdmate.bench.figures import Spread, share, spread
from herdmate.bench.scripts import LOOK, SCRIPTS, Script
from herdmate.lsp.client import Client
from herdmate.lsp.typist import Typist, keystrokes
from herdmate.text import Document

_GAPS = (0.08, 0.2)
"""Seconds between two keys: the least and the most."""

_DEBOUNCE = 0.05
"""Seconds for which VS Code waits before it asks."""

_PATIENCE = 10.0
"""Seconds after which someone who has looked up goes back to typing."""

_POLL = 0.02
_STILL = 1.0
"""Seconds without growth after which ghost text counts as whole."""


@dataclass(frozen=True, slots=True)
class Look:
    """Seconds from a key to new ghost text, ``None`` if none came, and until it was ``whole``."""

    language: str
    seconds: float | None
    whole: float | None
    steps: int
    text: str


@dataclass(frozen=True, slots=True)
class LookingUp:
    """What was seen in those looks before which no ghost text was on the screen.

    ``shown`` is the share of them with new ghost text, ``steps`` how often it grew in total.
    """

    seconds: Spread | None
    whole: Spread | None
    shown: float | None
    steps: int
    looks: tuple[Look, ...]


async def looking_up(given: Conditions) -> LookingUp:
    """Type each script in a file of its own, requesting ghost text as VS Code does."""
    dice, looks = random.Random(given.seed), list[Look]()
    async with server(replace(given, grows=True)) as client:
        for script in SCRIPTS:
            given.tell(f"looking up: {script.language}")
            looks += await _typed(client, script, dice)
    return looking_up_of(looks)


def looking_up_of(looks: Sequence[Look]) -> LookingUp:
    """Sum up the looks."""
    seen = [look for look in looks if look.seconds is not None]
    return LookingUp(
        seconds=spread([look.seconds for look in seen if look.seconds is not None]),
        whole=spread([look.whole for look in seen if look.whole is not None]),
        shown=share(len(seen), len(looks)),
        steps=sum(look.steps for look in looks),
        looks=tuple(looks),
    )


async def _typed(client: Client, script: Script, dice: random.Random) -> list[Look]:
    uri = f"file:///bench/script.{script.ending}"
    document = Document(uri, script.language, script.before + script.after)
    typist, looks = Typist(client, document, len(script.before)), list[Look]()
    asking, shown, is_new = None, "", True
    for key in keystrokes(script.typed):
        if asking is not None and asking.done():
            shown = asking.result().text
        if key == LOOK:
            if asking is not None and is_new:
                looks.append(await _look(typist, asking, script.language))
                shown = looks[-1].text
            continue
        if asking is not None:
            asking.cancel()  # no effect on one that has arrived
        shown = shown[len(key) :] if shown.startswith(key) else ""
        is_new = not shown
        typist.press(key)
        asking = asyncio.ensure_future(_asked(typist, time.perf_counter()))
        await asyncio.sleep(dice.uniform(*_GAPS))
    typist.leave()
    return looks


@dataclass(frozen=True, slots=True)
class _Answer:
    """Ghost text, when its key was pressed and when it came."""

    text: str
    pressed: float
    came: float


async def _asked(typist: Typist, pressed: float) -> _Answer:
    await asyncio.sleep(_DEBOUNCE)
    text = await typist.ghost_text()
    return _Answer(text or "", pressed, time.perf_counter())


async def _look(typist: Typist, asking: asyncio.Task[_Answer], language: str) -> Look:
    """Wait for ghost text, and for as long as it grows."""
    await asyncio.wait({asking}, timeout=_PATIENCE)
    if not asking.done() or not (answer := asking.result()).text:
        return Look(language, None, None, 0, "")
    text, seconds = answer.text, answer.came - answer.pressed
    whole, steps = seconds, 0
    last = time.perf_counter()
    while time.perf_counter() - last < _STILL:
        await asyncio.sleep(_POLL)
        if typist.has_grown():
            text = await typist.ghost_text() or text
            last, steps = time.perf_counter(), steps + 1
            whole = last - answer.pressed
    return Look(language, seconds, whole, steps, text)
