"""Code of other files that the model sees with a document's own.

What stands first in a prompt must not change while one types, or all of it is evaluated anew. So
what was chosen for a document stays until nobody types, and then as long as half of it is right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from herdmate.assist.tokens import TokenCounts
from herdmate.context.index import Defined, Index
from herdmate.context.related import Nearby, excerpts, pieces, related
from herdmate.text import Cursor, Excerpt, path_of

_MOST_CANDIDATES = 24


@dataclass(slots=True)
class Neighbours:
    """What is known of the other files; ``nearby`` and ``root`` are told by who knows editors."""

    index: Index = field(default_factory=Index)
    nearby: Nearby = field(default_factory=Nearby)
    root: Path | None = None
    _chosen: dict[str, tuple[Defined, ...]] = field(default_factory=dict)
    _excerpts: dict[str, tuple[Excerpt, ...]] = field(default_factory=dict)

    async def seen_with(
        self, cursor: Cursor, tokens: int, counts: TokenCounts, nobody_types: bool
    ) -> tuple[Excerpt, ...]:
        """What the model sees with the document at a cursor, within so many tokens."""
        uri = cursor.document.uri
        if uri in self._excerpts and not nobody_types:
            return self._excerpts[uri]
        path = path_of(uri)
        if path is None or not len(self.index) or tokens <= 0:
            return ()
        text = cursor.document.text
        found = related(text, cursor.offset, path, self.index, self.nearby)[:_MOST_CANDIDATES]
        if uri in self._chosen and _agree(self._chosen[uri], found):
            return self._excerpts[uri]
        await counts.learn(pieces(found, self.index, self.root))
        self._chosen[uri] = found
        self._excerpts[uri] = excerpts(found, self.index, self.root, tokens, counts.cost)
        return self._excerpts[uri]

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._chosen.pop(uri, None)
        self._excerpts.pop(uri, None)

    def shown_path(self, uri: str) -> str:
        """A document's path as people write it."""
        path = path_of(uri)
        if path is None:
            return uri.rpartition("/")[2]
        root = self.root
        return path.relative_to(root).as_posix() if root and root in path.parents else path.name


def _agree(old: tuple[Defined, ...], new: tuple[Defined, ...]) -> bool:
    """Is at least half of what would be chosen now in what was chosen before?"""
    best = new[: max(len(old), 1)]
    return 2 * sum(item in old for item in best) >= len(best)
