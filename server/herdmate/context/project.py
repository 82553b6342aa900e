"""Code from other files that the model sees along with a document.

The start of a prompt must not change while the user types, or the whole prompt is evaluated again.
So the excerpts chosen for a document stay until typing pauses, and even then if a new choice would
bring few others, unless it shows what follows in code almost the same as that before the cursor.
Code that has since been withheld, removed or changed is dropped at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from herdmate.context.declarations import Declarations, Declared, is_current
from herdmate.context.excerpts import Material, excerpts, texts
from herdmate.context.fragments import Files, of_cuts, query_at
from herdmate.context.index import Defined, Index, Stamp, kin_at
from herdmate.context.outline import Head
from herdmate.context.recent import Recent, cuts_elsewhere
from herdmate.context.related import Nearby, alike_in, related
from herdmate.context.resemblance import Wanted
from herdmate.context.unsaved import Unread, could_be_indexed, is_of_text, read_unsaved
from herdmate.context.withheld import Withheld, reason_to_withhold_file
from herdmate.text import Cursor, Document, Excerpt, path_of, shown_path
from herdmate.threads import DiskChecks
from herdmate.token_counts import TokenCounts

_MOST_CANDIDATES = 24
_MOST_FRAGMENTS = 8
_MOST_UNREAD = 8

_ALMOST_THE_SAME = 0.8
"""The likeness of code for which new excerpts are chosen, although the prompt is then read anew."""

_MOST_TRIES = 2
"""How often to choose excerpts if what may be seen keeps changing; after that, there are none."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What was chosen for a document, and everything that its files defined at that time."""

    material: Material
    excerpts: tuple[Excerpt, ...]
    defined: Mapping[Path, _Version]

    def stands(self, index: Index) -> bool:
        """Do the files still define exactly the same?"""
        return all(_version(path, index) == known for path, known in self.defined.items())


_Version = tuple[tuple[Head, ...], Stamp | None]


@dataclass(slots=True)
class Project:
    """A workspace's folders, the index of its files, and what the model must not see of it.

    ``nearby`` are the files that are open or were recently edited. ``withheld`` maps the URIs of
    open documents that the model must not see to the reasons. ``find_open`` finds the document that
    is open at a path; ``unread`` are the paths of those that were opened or changed since they were
    indexed.
    """

    index: Index = field(default_factory=Index)
    look_nearby: Callable[[], Nearby] = Nearby
    find_open: Callable[[Path], Document | None] = lambda _path: None
    unread: set[Path] = field(default_factory=set)
    recent: Recent = field(default_factory=Recent)
    declarations: Declarations = field(default_factory=Declarations)
    folders: tuple[Path, ...] = ()
    withheld: dict[str, Withheld] = field(default_factory=dict)
    _nearby: Nearby | None = None
    _chosen: dict[str, _Chosen] = field(default_factory=dict)
    _changes: int = 0  # of what may be seen
    _checks: DiskChecks = field(default_factory=DiskChecks)
    _files: Files = field(default_factory=Files)

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
        if path is not None and tokens > 0:
            await self.index_unsaved(path)
        is_alone = not len(self.index) and not self.declarations.of(uri)
        if path is None or is_alone or tokens <= 0:
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

    async def index_unsaved(self, own: Path) -> None:
        """Index what open documents define by now, except the one at ``own``.

        Those that take too long stay as they were indexed until they change again.
        """
        paths = [path for path in self.unread if path != own][:_MOST_UNREAD]
        self.unread.difference_update(paths)
        waiting = {
            path: Unread(document.text, self.index.stamp(path))
            for path in paths
            if could_be_indexed(path, self.folders) and (document := self.find_open(path))
        }
        if not waiting:
            return
        try:
            found = await self._checks.run(partial(read_unsaved, waiting, self.folders))
        except OSError:
            return
        except asyncio.CancelledError:
            self.unread.update(waiting)
            raise
        for path, (stamp, heads) in found.items():
            if self.find_open(path) is not None:
                self.index.take(path, stamp, heads)

    async def remember(self, path: Path) -> None:
        """Read an indexed file, to look for fragments in it later; nothing if the disk hangs."""
        if path in self.index and self._files.has_room:
            with suppress(OSError):
                opened = self._opened({path})
                await self._checks.run(partial(self._files.read, [path], self.folders, opened))

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
        self.declarations.forget(uri)
        self._nearby = None
        if (path := path_of(uri)) is None:
            return
        self.recent.forget(path)
        if is_of_text(self.index.stamp(path)):
            self.index.forget(path)

    def choose_anew(self) -> None:
        """Drop all choices, because other files may be seen now."""
        self._changes += 1
        self._chosen.clear()
        self._files = Files()

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
        weights = alike_in(cursor, path, self.index, self.nearby, found)
        paths = {item.path for item in found} | {*weights} | {*(known.defined if known else ())}
        kin = kin_at(path, cursor.document.language)
        wanted = Wanted(
            query_at(cursor.document.text, cursor.offset, kin),
            kin, path, weights, dict(self.recent.rows),
            cuts_elsewhere(self.recent.cuts, path, cursor.document.text),
        )  # fmt: skip
        opened = self._opened(paths | self.nearby.opened)
        declared = self._declared(cursor.document.uri)
        try:
            # Not every change of the rules is reported to us.
            withheld, material = await self._checks.run(
                partial(_look, paths, self.folders, self._files, found, wanted, opened, declared)
            )
        except OSError:
            return None  # it is unknown whether the model may see them
        for path in withheld:
            self.index.forget(path)
        material = _still(material, self.index)
        if known and not (known.stands(self.index) and _agree(known.material, material)):
            known = None
        if known and _show_what_follows(known.excerpts, material):
            return known
        await counts.learn(texts(material, self.index, self.folders))
        # Files can have gone while the tokens were being counted.
        material = _still(material, self.index)
        chosen = excerpts(material, self.index, self.folders, tokens, counts.cost)
        if known and known.stands(self.index) and not _show_what_follows(chosen, material):
            return known
        defined = {path: _version(path, self.index) for path in material.paths()}
        return _Chosen(material, chosen, defined)

    def _declared(self, uri: str) -> tuple[Declared, ...]:
        """The definitions behind a document's imports that the index does not have by now."""
        return tuple(item for item in self.declarations.of(uri) if item.path not in self.index)

    def _opened(self, paths: Collection[Path]) -> Mapping[Path, str]:
        """The texts of those that are open."""
        return {path: document.text for path in paths if (document := self.find_open(path))}

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


def _look(
    paths: Collection[Path], folders: tuple[Path, ...], files: Files,
    found: tuple[Defined, ...], wanted: Wanted, opened: Mapping[Path, str],
    declared: tuple[Declared, ...],
) -> tuple[list[Path], Material]:  # fmt: skip
    """The files that the model must not see, and useful material from the others; reads disks."""
    withheld = _withheld(paths, folders)
    files.forget(withheld)
    others = [path for path in files.paths() if path not in paths]
    files.read([*others, *(path for path in paths if path not in withheld)], folders, opened)
    seen = tuple(item for item in found if item.path not in withheld)
    bodies = {item: body for item in seen if (body := files.whole(item))}
    parts = (*of_cuts(wanted), *files.alike(wanted, _MOST_FRAGMENTS))
    if more := {part.path for part in parts}.difference(paths):
        withheld += _withheld(more, folders)
        files.forget(withheld)
        parts = tuple(part for part in parts if part.path not in withheld)
    current = tuple(item for item in declared if is_current(item, folders))
    return withheld, Material(seen, bodies, parts, current)


def _still(material: Material, index: Index) -> Material:
    """What is left of the material now that files may have changed or gone."""
    return replace(
        material,
        found=tuple(item for item in material.found if item.head in index.of_file(item.path)),
        fragments=tuple(part for part in material.fragments if part.path in index),
    )


def _version(path: Path, index: Index) -> _Version:
    return index.of_file(path), index.stamp(path)


def _agree(old: Material, new: Material) -> bool:
    """Are there at most half as many new items as there were items in the old material?

    Definitions behind imports change rarely, and then they must be the same.
    """
    if old.declared != new.declared:
        return False
    unknown = sum(item not in old.found for item in new.found)
    unknown += sum(not any(map(part.overlaps, old.fragments)) for part in new.fragments)
    return 2 * unknown <= len(old.found) + len(old.fragments)


def _show_what_follows(shown: Collection[Excerpt], material: Material) -> bool:
    """Do excerpts show what follows in code that is almost the same as that before the cursor?

    True if there is no such code.
    """
    same = [part.coming for part in material.fragments if part.likeness >= _ALMOST_THE_SAME]
    return not same or any(coming in excerpt.code for coming in same for excerpt in shown)
