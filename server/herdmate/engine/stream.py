"""Bytes of tokens to text that may be shown: whole characters, nothing of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextStream:
    """Text of one generation as it grows.

    ``push`` answers the text that is certain so far; what could still become a stop string is held
    back until it is certain. After a stop string nothing more comes and ``stopped`` is true.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(text for text in stop if text)
        self._held = ""
        self.stopped = False

    def push(self, data: bytes) -> str:
        """Take the next token's bytes; answer what can be shown now."""
        return self._advance(self._decoder.decode(data))

    def finish(self) -> str:
        """Nothing more comes: answer what was held back."""
        self._decoder.reset()  # the limit may have cut the last character in two
        rest = self._held
        self._held = ""
        return rest

    def clone(self) -> TextStream:
        """Another stream that has taken the same."""
        other = TextStream(self._stop)
        other._decoder.setstate(self._decoder.getstate())
        other._held, other.stopped = self._held, self.stopped
        return other

    def _advance(self, text: str) -> str:
        if self.stopped:
            return ""
        text = self._held + text
        ends = [at for at in (text.find(stop) for stop in self._stop) if at >= 0]
        if ends:
            self.stopped, self._held = True, ""
            return text[: min(ends)]
        keep = max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of ``text`` that is a beginning of ``stop``."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if stop.startswith(text[len(text) - length :]):
            return length
    return 0
