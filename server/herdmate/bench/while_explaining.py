"""Ghost text while an explanation streams, compared with ghost text alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from herdmate.bench.conditions import AT_ONCE, Conditions, server
from herdmate.bench.explaining import explained
from herdmate.bench.figures import median
from herdmate.bench.scene import Scene, excerpt, renamed
from herdmate.bench.typist import Stroke, Typist
from herdmate.lsp.client import Client
from herdmate.text import Document

_MOST_PARTS = 300
_MOST_TOKENS = 8
"""Tokens per answer. Short answers are soon used up, so the model is asked more often."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Median seconds of the same keystrokes alone and beside, if the model was asked both times.

    ``same_text``: was the explanation the same as alone? ``characters`` were compared (from the
    first 300 parts), and the first ``same_characters`` of them agree.
    """

    keystrokes: int
    alone: float | None
    beside: float | None
    ratio: float | None
    same_text: bool
    characters: int
    same_characters: int


async def beside(given: Conditions) -> Beside:
    """Type the same keys in two documents, the second while an explanation streams."""
    document, keys = excerpt(given.scene), given.scene.keys
    async with server(given, **AT_ONCE, maxTokens=_MOST_TOKENS) as client:
        client.open(document)
        given.tell("beside: an explanation alone")
        await _first_part(client, document)  # so both runs find the same in the cache
        text_alone = await _Explanation(client, document).whole
        given.tell("beside: ghost text alone")
        typist = await _typist(client, renamed(given.scene, "alone"))
        alone = [await typist.stroke(key) for key in keys]
        typist = await _typist(client, renamed(given.scene, "beside"))
        given.tell("beside: both")
        explanation = _Explanation(client, document)
        await explanation.begun.wait()
        try:
            both = await _while_it_streams(explanation, typist, keys)
            return beside_of(alone, both, text_alone, await explanation.whole)
        finally:
            explanation.whole.cancel()


def beside_of(
    alone: Sequence[Stroke], both: Sequence[Stroke], text_alone: str, text: str
) -> Beside:
    """Compare keystrokes alone and beside an explanation, and the explanation's two texts."""
    pairs = [
        (one.seconds, other.seconds)
        for one, other in zip(alone, both, strict=False)
        if one.is_asked and other.is_asked
    ]
    shorter = min(len(text_alone), len(text))
    middle = [median(column) for column in zip(*pairs, strict=True)] if pairs else [None, None]
    ratio = middle[1] / middle[0] if middle[0] and middle[1] else None
    chars = enumerate(zip(text_alone, text, strict=False))
    same = next((at for at, (one, other) in chars if one != other), shorter)
    is_same = same == shorter > 0
    return Beside(len(pairs), middle[0], middle[1], ratio, is_same, shorter, same)


class _Explanation:
    """An explanation being read: ``begun`` is set by its first part, ``whole`` is its text."""

    def __init__(self, client: Client, document: Document) -> None:
        self.begun = asyncio.Event()
        self.whole = asyncio.ensure_future(self._read(client, document))

    async def _read(self, client: Client, document: Document) -> str:
        texts: list[str] = []
        try:
            async with aclosing(explained(client, document)) as parts:
                async for text in parts:
                    texts.append(text)
                    self.begun.set()
                    if len(texts) == _MOST_PARTS:
                        break
        finally:
            self.begun.set()
        return "".join(texts)


async def _while_it_streams(
    explanation: _Explanation, typist: Typist, keys: Sequence[str]
) -> list[Stroke]:
    strokes: list[Stroke] = []
    for key in keys:
        stroke = await typist.stroke(key)
        if explanation.whole.done():
            break
        strokes.append(stroke)
    return strokes


async def _first_part(client: Client, document: Document) -> None:
    async with aclosing(explained(client, document)) as parts:
        async for _ in parts:
            return


async def _typist(client: Client, scene: Scene) -> Typist:
    """A typist who has already received the first answer."""
    typist = Typist(client, scene)
    await typist.stroke("")
    return typist
