"""Typing in which each key waits for its answer: what a keystroke costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from herdmate.bench.conditions import AT_ONCE, Conditions, server
from herdmate.bench.figures import Spread, median, share, spread
from herdmate.bench.typist import Stroke, Typist


@dataclass(frozen=True, slots=True)
class Paced:
    """Seconds to the answer, over all keystrokes and over those that asked the model.

    ``prompt_tokens`` and ``evaluated_prompt`` cover those that asked, ``reuse`` is reused tokens
    divided by prompt tokens, ``from_cache`` and ``silent`` are shares of all. ``strokes`` holds
    each keystroke.
    """

    seconds: Spread | None
    seconds_asked: Spread | None
    prompt_tokens: float | None
    evaluated_prompt: Spread | None
    evaluated_prompt_of_all: Spread | None
    reuse: float | None
    from_cache: float | None
    silent: float | None
    strokes: tuple[Stroke, ...]


async def paced(given: Conditions) -> Paced:
    """Type all keys, with no delay before the model is asked; the first answer is not counted."""
    multiline = {"multiline": "never"} if given.one_line else {}
    return paced_of(await _strokes(given, "typing", **AT_ONCE, **multiline))


async def first_tokens(given: Conditions) -> Paced:
    """The same with one-token answers, so seconds are those to the first token.

    No time box: an answer that was shown early would go on in the background, into the next key.
    """
    return paced_of(await _strokes(given, "first tokens", **AT_ONCE, maxTokens=1, timeBox=0))


def paced_of(strokes: Sequence[Stroke]) -> Paced:
    """Sum up the keystrokes."""
    asked = [stroke for stroke in strokes if stroke.is_asked]
    cached = sum(stroke.shown and not stroke.is_asked for stroke in strokes)
    silent = sum(not stroke.shown and not stroke.is_asked for stroke in strokes)
    prompts = [stroke.prompt_tokens for stroke in asked]
    return Paced(
        seconds=spread([stroke.seconds for stroke in strokes]),
        seconds_asked=spread([stroke.seconds for stroke in asked]),
        prompt_tokens=median(prompts) if prompts else None,
        evaluated_prompt=spread([stroke.evaluated_prompt for stroke in asked]),
        evaluated_prompt_of_all=spread([stroke.evaluated_prompt for stroke in strokes]),
        reuse=share(sum(stroke.reused_tokens for stroke in asked), sum(prompts)),
        from_cache=share(cached, len(strokes)),
        silent=share(silent, len(strokes)),
        strokes=tuple(strokes),
    )


async def _strokes(given: Conditions, name: str, **completion: object) -> list[Stroke]:
    keys = given.scene.keys
    async with server(given, **completion) as client:
        typist = Typist(client, given.scene)
        await typist.stroke("")
        strokes = []
        for number, key in enumerate(keys, start=1):
            given.tell(f"{name}: key {number} of {len(keys)}")
            strokes.append(await typist.stroke(key))
        return strokes
