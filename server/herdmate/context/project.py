"""Code from other files that the model sees along with a document.

The start of a prompt must not change while the user types, or the whole prompt is evaluated again.
So the excerpts chosen for a document stay until typing pauses, and even then if a new choice would
bring few others. Code that has since been withheld, removed or changed is dropped at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from herdmate.context.index import Defined, Index
from herdmate.context.outline import Head
from herdmate.context.related import Nearby, excerpts, pieces, related
from herdmate.context.withheld import Withheld, reason_to_withhold_file
from herdmate.text import Cursor, Excerpt, path_of, shown_path
from herdmate.threads import DiskChecks
from herdmate.token_counts import TokenCounts

_MOST_CANDIDATES = 24

_MOST_TRIES = 2
"""How often to choose excerpts if what may be seen keeps changing; after that, there are none."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What was chosen for a document, and everything that its files defined at that time."""

    found: tuple[Defined, ...]
    excerpts: tuple[Excerpt, ...]
    defined: Mapping[Path, tuple[Head, ...]]

    def stands(self, index: Index) -> bool:
        """Do the files still define exactly the same?"""
        return all(index.of_file(path) == heads for path, heads in self.defined.items())


@dataclass(slots=True)
class Project:
    """A workspace's folders, the index of its files, and what the model must not see of it.

    ``nearby`` are the files that are open or were recently edited. ``withheld`` maps the URIs of
    open documents that the model must not see to the reasons.
    """

    index: Index = field(default_factory=Index)
    look_nearby: Callable[[], Nearby] = Nearby
    folders: tuple[Path, ...] = ()
    withheld: dict[str, Withheld] = field(default_factory=dict)
    _nearby: Nearby | None = None
    _chosen: dict[str, _Chosen] = field(default_factory=dict)
    _changes: int = 0  # of what may be seen
    _checks: DiskChecks = field(default_factory=DiskChecks)

    @property
    def nearby(self) -> Nearby:
        """The files that are open or were recently edited, computed on demand."""
        if self._nearby is None:
            self._nearby = self.look_nearby()
        return self._nearby

    def look_again(self, look_nearby: Callable[[], Nearby]) -> None:
        """Replace the source of ``nearby``."""
        self.look_nearby, self._nearby = look_nearby, None

    async def excerpts_for(
        self, cursor: Cursor, tokens: int, counts: TokenCounts, nobody_types: bool
    ) -> tuple[Excerpt, ...]:
        """The excerpts that the model sees along with the document, within ``tokens``.

        There are none if the disk does not answer in time whether the model may see them.
        """
        uri = cursor.document.uri
        path = path_of(uri)
        if path is None or not len(self.index) or tokens <= 0:
            self._chosen.pop(uri, None)
            return ()
        for _ in range(_MOST_TRIES):
            known, changes = self._chosen.get(uri), self._changes
            if known is not None and known.stands(self.index) and not nobody_types:
                return known.excerpts
            chosen = await self._choose(cursor, path, known, tokens, counts)
            if changes == self._changes:
                return self._kept(uri, chosen)
        return ()

    async def reason_by_now(self, uri: str) -> Withheld | None:
        """Why the model must not see a document's file; the document may be closed by now.

        Raises ``OSError`` if the disk does not answer in time.
        """
        if (path := path_of(uri.partition("#")[0])) is None:
            return None
        return await self._checks.run(partial(reason_to_withhold_file, path, self.folders))

    def forget(self, uri: str) -> None:
        """Drop a closed document."""
        self._changes += 1
        self._chosen.pop(uri, None)
        self.withheld.pop(uri, None)
        self._nearby = None

    def choose_anew(self) -> None:
        """Drop all choices, because other files may be seen now."""
        self._changes += 1
        self._chosen.clear()

    def shown_path(self, uri: str) -> str:
        """A document's path, to show."""
        path = path_of(uri)
        if path is None:
            return uri.rpartition("/")[2]
        return shown_path(path, self.folders)

    async def _choose(
        self, cursor: Cursor, path: Path, known: _Chosen | None, tokens: int, counts: TokenCounts
    ) -> _Chosen | None:
        """A new choice, or ``known`` if that is about as good; ``None`` if the disk hangs.

        What this returns may be out of date if ``_changes`` has changed in the meantime.
        """
        found = related(cursor, path, self.index, self.nearby)[:_MOST_CANDIDATES]
        paths = {item.path for item in found} | set(known.defined if known else ())
        try:
            # Not every change of the rules is reported to us.
            withheld = await self._checks.run(partial(_withheld, paths, self.folders))
        except OSError:
            return None  # it is unknown whether the model may see them
        for path in withheld:
            self.index.forget(path)
        found = tuple(item for item in found if item.path in self.index)
        if known is not None and known.stands(self.index) and _agree(known.found, found):
            return known
        await counts.learn(pieces(found, self.index, self.folders))
        # Files can have gone while the tokens were being counted.
        found = tuple(item for item in found if item.head in self.index.of_file(item.path))
        chosen = excerpts(found, self.index, self.folders, tokens, counts.cost)
        return _Chosen(found, chosen, {item.path: self.index.of_file(item.path) for item in found})

    def _kept(self, uri: str, chosen: _Chosen | None) -> tuple[Excerpt, ...]:
        """The excerpts of a choice, which is kept for later keystrokes."""
        if chosen is None:
            self._chosen.pop(uri, None)
            return ()
        self._chosen[uri] = chosen
        return chosen.excerpts


def _withheld(paths: Collection[Path], folders: tuple[Path, ...]) -> list[Path]:
    """The files among these that the model must not see; reads the disk."""
    return [path for path in paths if reason_to_withhold_file(path, folders) is not None]


def _agree(old: tuple[Defined, ...], new: tuple[Defined, ...]) -> bool:
    """Are the additions in the new choice at most half as many as there were in the old one?"""
    return 2 * sum(item not in old for item in new) <= len(old)
