"""One run: the requested measurements, one after the other, and their comparison."""

from __future__ import annotations

import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from herdmate.bench.cancelling import cancels
from herdmate.bench.conditions import Conditions
from herdmate.bench.figures import between, median
from herdmate.bench.first_answer import first_answer
from herdmate.bench.keystroke import keystroke
from herdmate.bench.looking_up import looking_up
from herdmate.bench.memory import memory
from herdmate.bench.paced import Paced, first_tokens, paced
from herdmate.bench.rhythm import rhythm
from herdmate.bench.rivals import Measured, Reply, measured, questions_of
from herdmate.bench.speed import Floor, floor, speed
from herdmate.bench.typist import Stroke
from herdmate.bench.while_explaining import beside
from herdmate.version import VERSION

MEASURES: Mapping[str, Callable[[Conditions], Awaitable[Any]]] = {
    "first": first_answer,
    "typing": paced,
    "token": first_tokens,
    "rhythm": rhythm,
    "looks": looking_up,
    "speed": speed,
    "cancel": cancels,
    "beside": beside,
    "memory": memory,
    "keystroke": keystroke,
}
"""The independent measurements by name, in order."""

NAMES = (*MEASURES, "floor")
"""All measurements; ``floor`` is the least time this machine needs for what was typed."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Herdmate's median seconds divided by a rival's.

    ``ratio`` is over the keystrokes that both answered, ``ratio_asked`` over those of them for
    which Herdmate's model was asked.
    """

    keystrokes: int
    ratio: float | None
    ratio_asked: float | None


async def run(
    given: Conditions, names: Sequence[str], rivals: Sequence[str] = ()
) -> dict[str, Any]:
    """All figures by measurement name, ready for JSON. Raises ``HerdmateError``."""
    found: dict[str, Any] = {}
    for name in MEASURES:
        if name in names:
            found[name] = await MEASURES[name](given)
    typed = found.get("typing")
    if rivals and typed is not None:
        found["rivals"] = await _rivals(given, typed, rivals)
    asked = [
        (name, found[name])
        for name in ("typing", "token")
        if name in found and found[name].seconds_asked is not None
    ]
    if "floor" in names:
        depth = int(asked[0][1].prompt_tokens) if asked else given.prefix_tokens
        found["floor"] = await floor(given, depth)
        for name, figures in asked:
            found[f"{name}_by_floor"] = by_floor(figures, found["floor"], name == "token")
    return {"conditions": described(given)} | {name: plain(value) for name, value in found.items()}


def by_floor(typed: Paced, least: Floor, one_batch: bool) -> float:
    """Median ratio of a keystroke's seconds to the least its tokens can cost on this machine.

    The least is one evaluation of the prompt's new tokens, plus one for each further token. With
    ``one_batch`` all evaluated tokens count as a single evaluation, as for a first token.
    """
    ratios = []
    for stroke in typed.strokes:
        if not stroke.is_asked:
            continue
        first = stroke.evaluated_tokens if one_batch else stroke.evaluated_prompt
        further = 0 if one_batch else max(stroke.evaluated_tokens - first, 0)
        seconds = between(least.step_seconds, first) + further * least.step_seconds[1]
        ratios.append(stroke.seconds / seconds)
    return median(ratios)


def compared(typed: Paced, rival: Measured) -> Compared:
    """Compare Herdmate with a rival that was asked whenever Herdmate was not silent."""
    strokes = [stroke for stroke in typed.strokes if stroke.shown or stroke.is_asked]
    pairs = list(zip(strokes, rival.replies, strict=True))
    asked = [(stroke, reply) for stroke, reply in pairs if stroke.is_asked]
    return Compared(len(pairs), _ratio(pairs), _ratio(asked))


def described(given: Conditions) -> dict[str, Any]:
    """The conditions of a run, ready for JSON."""
    return {
        "herdmate": VERSION,
        "model": given.model.name,
        "file": given.scene.document.uri.rpartition("/")[2],
        "lines": given.scene.document.text.count("\n"),
        "keystrokes": len(given.scene.keys),
        "threads": given.threads,
        "processors": os.cpu_count(),
        "machine": platform.platform(),
        "python": platform.python_version(),
        "context_tokens": given.context_tokens,
        "prefix_tokens": given.prefix_tokens,
        "suffix_tokens": given.suffix_tokens,
        "max_tokens": given.max_tokens,
        "one_line": given.one_line,
        "seed": given.seed,
    }


def plain(value: Any) -> Any:
    """A dataclass, or a mapping of dataclasses, as plain values for JSON."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def _ratio(pairs: Sequence[tuple[Stroke, Reply]]) -> float | None:
    if not pairs:
        return None
    own = median([stroke.seconds for stroke, _ in pairs])
    return own / median([reply.seconds for _, reply in pairs])


async def _rivals(
    given: Conditions, typed: Paced, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    first, *others = await questions_of(given)
    asked = [
        question
        for question, stroke in zip(others, typed.strokes, strict=True)
        if stroke.shown or stroke.is_asked
    ]
    found = {}
    for name in names:
        rival = await measured(name, given, first, asked)
        found[name] = {"figures": rival, "compared": compared(typed, rival)}
    return found
