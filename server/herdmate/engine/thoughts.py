"""What a model thinks aloud before it answers: hidden, and counted as progress."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from herdmate.errors import EngineError
from herdmate.generation import Finished, Piece

_SOLID = re.compile(r"\S|\Z")
_MOST_BLANKS = 64
"""Characters of white space before a thought."""


class Thought:
    """One answer without the thought that it may begin with, part by part.

    ``tags`` are pairs of what begins and what ends a thought. Later in an answer they are text.
    """

    def __init__(self, tags: tuple[tuple[str, str], ...]) -> None:
        self._tags = tags
        self._held, self._end = "", ""
        self._is_over = self._has_thought = False

    @property
    def is_thinking(self) -> bool:
        """Has a thought begun that has not ended?"""
        return bool(self._end)

    def push(self, text: str) -> str:
        """The next part; what can be shown of it."""
        if self._is_over:
            return text
        self._held += text
        self._drop_thoughts()
        if self._end:
            return ""
        begun = self._held.lstrip()
        can_begin = any(start.startswith(begun) for start, _ in self._tags)
        return "" if can_begin and len(self._held) <= _MOST_BLANKS else self.finish()

    def finish(self) -> str:
        """What was held back, since nothing that follows makes it a thought."""
        if self._end:
            return ""
        self._is_over, text, self._held = True, self._held, ""
        return text.lstrip("\n") if self._has_thought else text

    def _drop_thoughts(self) -> None:
        """Remove all thoughts from the start of what is held; one may follow the other."""
        text, at = self._held, 0
        while True:
            if self._end:
                ends = text.find(self._end, at)
                if ends < 0:
                    self._held = text[max(len(text) - len(self._end), at) :]
                    return
                at, self._end, self._has_thought = ends + len(self._end), "", True
            begins = next(found.start() for found in _SOLID.finditer(text, at))
            tag = next((tag for tag in self._tags if text.startswith(tag[0], begins)), None)
            if tag is None:
                self._held = text[at:]
                return
            at, self._end = begins + len(tag[0]), tag[1]


async def without_thoughts(
    events: AsyncGenerator[Piece | Finished, None], tags: tuple[tuple[str, str], ...]
) -> AsyncGenerator[Piece | Finished, None]:
    """An answer's events without thoughts; an empty piece tells that one goes on.

    Closing this closes ``events``. Raises ``EngineError`` if the answer was nothing but a thought.
    """
    thoughts: dict[int, Thought] = {}
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Piece):
                thought = thoughts.setdefault(event.index, Thought(tags))
                text = thought.push(event.text)
                if event.logprob is not None and text != event.text:
                    event = replace(event, logprob=0.0)
                yield replace(event, text=text)
                continue
            for index, thought in thoughts.items():
                if text := thought.finish():
                    yield Piece(text, index, 0.0)
            is_whole = event.reason != "cancelled"
            if is_whole and thoughts and all(map(_is_thinking, thoughts.values())):
                raise only_thought()
            yield event


def only_thought() -> EngineError:
    """The error for an answer that was nothing but a thought."""
    return EngineError(
        "The model only thought aloud and did not answer; ask again about less code, or choose a "
        "model that answers at once."
    )


def _is_thinking(thought: Thought) -> bool:
    return thought.is_thinking
