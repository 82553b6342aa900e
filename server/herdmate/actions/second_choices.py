"""Where the model hesitated while it repeated code, and what it nearly wrote there instead.

A model that overlooks a bug gives the code back as it was. Often it has seen the bug all the same:
its second choice at one place is nearly as probable as what stands there.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import accumulate

from herdmate.actions.question import Question, continued
from herdmate.context.line_kinds import line_kinds, without_strings
from herdmate.engine.host import EngineHost
from herdmate.generation import Piece

_MOST_PLACES = 6
_MOST_REPLIES = 4
_CHOICES = 3  # at one place, the model's first one included
_LONGEST_LINE = 64  # tokens
_DOCUMENTATION = re.compile(r"""^[ \t]*(\"{3}|'{3}).*""", re.MULTILINE)
_LEAST_GAIN = -6.0
"""Another line that is this much less probable than the model's own, as a logarithm, is noise."""
_SURE = -0.01
"""A piece with a higher logarithm of its probability leaves nothing to choose from."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A piece of the reply that starts at an offset; ``rest`` is the line's logprob from there."""

    start: int
    rest: float


@dataclass(frozen=True, slots=True)
class _Choice:
    """The reply up to the end of another line, and what follows it if only that line changes.

    ``gain`` is how much more probable the model finds this line than its own, as a logarithm.
    """

    gain: float
    text: str
    tail: str


async def second_choices(
    question: Question, said: Sequence[Piece], language: str, host: EngineHost,
    on_tokens: Callable[[int], None], seconds: float,
) -> AsyncGenerator[str, None]:  # fmt: skip
    """Replies with another line than the one that was ``said``, the likeliest first.

    Nothing more is begun after ``seconds`` but what completes the likeliest one. Yields nothing if
    no probabilities are known, or without a ``language``.
    """
    if not language:
        return
    reply, begun = "".join(piece.text for piece in said), time.monotonic()
    found: list[_Choice] = []
    # The last place first: what the model has read before a place stays in its cache.
    for place in sorted(_doubtful(said, reply, language), key=lambda item: -item.start):
        if time.monotonic() - begun < seconds:
            found += await _choices(question, reply, place, host, on_tokens)
    yielded: set[str] = set()
    for choice in sorted(found, key=lambda item: -item.gain):
        if choice.gain < _LEAST_GAIN:
            return
        tail = choice.tail
        if not tail and (not yielded or time.monotonic() - begun < seconds):
            tail = await _continued(question, choice.text, host, on_tokens)
        text = f"{choice.text}{tail}"
        if tail and text not in yielded and len(yielded) < _MOST_REPLIES:
            yielded.add(text)
            yield text


def _doubtful(said: Sequence[Piece], reply: str, language: str) -> list[_Place]:
    """The pieces of code that the model was least sure of, below the reply's first line."""
    code = _DOCUMENTATION.sub(lambda line: " " * len(line[0]), without_strings(reply, language))
    starts = list(accumulate((len(piece.text) for piece in said), initial=0))
    body, end = reply.find("\n") + 1, reply.find("\n```") % (len(reply) + 1)
    doubtful = [
        (piece.logprob, index)
        for index, piece in enumerate(said)
        if piece.logprob is not None
        and piece.logprob < _SURE
        and body <= starts[index] < end
        and code.startswith(piece.text, starts[index])
    ]
    kinds = line_kinds(reply, language).kinds
    places: list[_Place] = []
    for _, index in sorted(doubtful):
        start = starts[index]
        if len(places) < _MOST_PLACES and kinds[reply.count("\n", 0, start)] == "code":
            line_end = max(reply.find("\n", start), start + 1)
            last = bisect_left(starts, line_end, index)
            places.append(_Place(start, sum(item.logprob or 0.0 for item in said[index:last])))
    return places


async def _choices(
    question: Question,
    reply: str,
    place: _Place,
    host: EngineHost,
    on_tokens: Callable[[int], None],
) -> list[_Choice]:
    """What the model could write from a place to the end of the line, other than it did."""
    asked = await continued(question, reply[: place.start], host)
    request = replace(
        asked, alternatives=_CHOICES, stop=("\n",), max_tokens=_LONGEST_LINE, drafting=False
    )
    texts, logprobs = [""] * _CHOICES, [0.0] * _CHOICES
    async with aclosing(host.generate(request)) as events:
        async for event in events:
            if isinstance(event, Piece):
                on_tokens(event.tokens)
                texts[event.index] += event.text
                logprobs[event.index] += event.logprob or 0.0
    start, end = reply.rfind("\n", 0, place.start) + 1, reply.find("\n", place.start)
    before, old = reply[: place.start], reply[place.start : end]
    # Another beginning of a line may be an additional line: the model says what follows it.
    tail = reply[end:] if reply[start : place.start].strip() else ""
    return [
        _Choice(logprob - place.rest, before + text.rstrip() + ("" if tail else "\n"), tail)
        for text, logprob in zip(texts, logprobs, strict=True)
        if text.strip() and text.strip() != old.strip()
    ]


async def _continued(
    question: Question, text: str, host: EngineHost, on_tokens: Callable[[int], None]
) -> str:
    return await host.answer(
        await continued(question, text, host), on_piece=lambda piece: on_tokens(piece.tokens)
    )
