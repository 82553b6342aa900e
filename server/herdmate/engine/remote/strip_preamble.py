"""The answer of a server whose API cannot prescribe how the answer begins.

If an answer has to begin with a fence, such a server may put a sentence before it.
"""

from __future__ import annotations

import re

_PATIENCE = 400
"""After this many characters without a fence, none is expected."""

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n", re.M)


class PreambleStripper:
    """The text after an answer's first fence line, as it arrives; all of it if there is none."""

    def __init__(self, reply_start: str) -> None:
        self._waits = "```" in reply_start or "~~~" in reply_start
        self._held = ""

    def push(self, text: str) -> str:
        """The next part, as much as is certain to belong to the answer."""
        if not self._waits:
            return text
        self._held += text
        if (fence := _FENCE.search(self._held)) is not None:
            return self.finish()[fence.end() :]
        return self.finish() if len(self._held) > _PATIENCE else ""

    def finish(self) -> str:
        """The text that was held back, at the end or once no fence is expected."""
        self._waits, text, self._held = False, self._held, ""
        return text
