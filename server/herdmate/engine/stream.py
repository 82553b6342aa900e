"""Token bytes to text that can be shown: whole characters, no part of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class TextStream:
    """The growing text of one generation.

    ``push`` returns the text that is certain; text that could still become a stop string is held
    back. After a stop string nothing more comes and ``stopped`` is true.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(text for text in stop if text)
        self._held = ""
        self.stopped = False

    def push(self, data: bytes) -> str:
        """Take the next token's bytes; return what can be shown now."""
        return self._advance(self._decoder.decode(data))

    def finish(self) -> str:
        """Return the text that was held back; nothing follows."""
        self._decoder.reset()  # the limit may have cut the last character in two
        rest = self._held
        self._held = ""
        return rest

    def clone(self) -> TextStream:
        """A second stream in the same state."""
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
    """Length of the longest suffix of ``text`` that is a proper prefix of ``stop``."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if stop.startswith(text[len(text) - length :]):
            return length
    return 0
