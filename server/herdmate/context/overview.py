"""The start of a prompt for a long file: imports, and the definitions above the window.

It is made anew only when the text above the window changes, not as the user types below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from herdmate.context import outline, syntax
from herdmate.redaction.redact import redacted
from herdmate.text import Document
from herdmate.token_counts import TokenCounts

_MOST = 50

_REACH = 3_000
"""Characters below the overview; the definitions they name come whole where there is room."""


@dataclass(slots=True)
class Overviews:
    """The newest overview of each document."""

    _made: dict[str, tuple[str, tuple[outline.Line, ...]]] = field(default_factory=dict)

    def forget(self, uri: str) -> None:
        """Drop a closed document."""
        self._made.pop(uri, None)

    async def above(self, document: Document, start: int, tokens: int, counts: TokenCounts) -> str:
        """What matters in the text above ``start``, within ``tokens``."""
        text = document.text[:start]
        known = self._made.get(document.uri)
        if known is None or known[0] != text:
            # The supposed edit is at the cursor, so it is below the window's start.
            real = document.supposed[0] if document.supposed is not None else document
            tree = syntax.fresh_tree_of(real)
            if tree is not None or known is None:
                known = text, _above(tree, real, start)
            # Else the user is typing in a long file: the old overview will do.
            self._made.pop(document.uri, None)
            self._made[document.uri] = known
            if len(self._made) > _MOST:
                del self._made[next(iter(self._made))]
        await counts.learn(outline.texts(known[1]))
        return outline.pack(known[1], tokens, counts.cost)[0]


def _above(
    tree: syntax.SyntaxTree | None, document: Document, start: int
) -> tuple[outline.Line, ...]:
    """The lines of the overview, redacted.

    A redacted document carries the tree of the original text.
    """
    if tree is None:
        return ()
    used = frozenset(re.findall(r"\w+", document.text[start : start + _REACH]))
    lines = outline.above(tree, document.text, start, used)
    return tuple(
        replace(line, text=redacted(line.text), whole=redacted(line.whole)) for line in lines
    )
