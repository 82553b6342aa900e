"""The answer of a server that cannot be told how its answer begins.

Where an answer has to begin with a fence, the server's own may begin with a sentence and a fence.
"""

from __future__ import annotations

import re

_PATIENCE = 400
"""Characters without a fence, behind which there will be none."""

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n", re.M)


class BehindFence:
    """Text as it comes, from behind its first fence; all of it where there is none."""

    def __init__(self, reply_start: str) -> None:
        self._waits = "```" in reply_start or "~~~" in reply_start
        self._held = ""

    def push(self, text: str) -> str:
        """The next part, as far as it is known to be wanted."""
        if not self._waits:
            return text
        self._held += text
        if (fence := _FENCE.search(self._held)) is not None:
            return self.finish()[fence.end() :]
        return self.finish() if len(self._held) > _PATIENCE else ""

    def finish(self) -> str:
        """Nothing more comes, or no fence: what was held back."""
        self._waits, text, self._held = False, self._held, ""
        return text
