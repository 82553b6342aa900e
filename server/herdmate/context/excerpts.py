"""What is shown of other files: definitions and fragments, as many as fit, grouped by file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from herdmate.context.declarations import Declared
from herdmate.context.fragments import Fragment
from herdmate.context.index import Defined, Index
from herdmate.context.outline import Head
from herdmate.text import Excerpt, shown_path

_MOST_MEMBERS = 12
_MAKERS = ("__init__", "__new__", "constructor", "init", "initialize", "new", "__construct")
_OF_LIBRARIES = frozenset({"node_modules", "site-packages", "dist-packages"})
_OF_FRAGMENTS = 0.5  # the share of the room that definitions leave at first


@dataclass(frozen=True, slots=True)
class Material:
    """Definitions and fragments, each most helpful first.

    ``bodies`` has the code of those definitions that are short enough to be shown whole.
    ``declared`` are definitions that are not in the index.
    """

    found: tuple[Defined, ...] = ()
    bodies: Mapping[Defined, str] = field(default_factory=dict)
    fragments: tuple[Fragment, ...] = ()
    declared: tuple[Declared, ...] = ()

    def paths(self) -> frozenset[Path]:
        """The indexed files that it comes from."""
        return frozenset(item.path for item in self.found) | {part.path for part in self.fragments}


@dataclass(frozen=True, slots=True)
class _Piece:
    """Code shown from a file, from byte ``start``; it represents everything up to byte ``end``."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class _Room:
    """What was chosen so far, and how many tokens are left."""

    folders: tuple[Path, ...]
    cost: Callable[[str], int]
    tokens: int
    chosen: dict[Path, list[_Piece]] = field(default_factory=dict)

    def take(self, path: Path, pieces: Iterable[_Piece], kept_free: int = 0) -> None:
        """Choose pieces of a file that are not shown yet, all or none."""
        known = self.chosen.get(path, [])
        new = [piece for piece in pieces if piece not in known and not _is_shown(piece, known)]
        price = sum(self.cost(piece.text) for piece in new)
        price += 0 if known else self.cost(_heading(path, self.folders))
        if new and price <= self.tokens - kept_free:
            self.tokens -= price
            self.chosen[path] = [*known, *new]


def excerpts(
    material: Material, index: Index, folders: tuple[Path, ...], tokens: int,
    cost: Callable[[str], int],
) -> tuple[Excerpt, ...]:  # fmt: skip
    """As much of the material as fits, grouped by file, in a stable order.

    Definitions get half of the room, the workspace's own first, fragments the rest, and definitions
    whatever remains. A class comes with the heads of its members, a member with that of its class;
    at first, all classes but the most helpful one come with what makes an object of them.
    """
    room = _Room(folders, cost, tokens)
    of_fragments = int(tokens * _OF_FRAGMENTS) if material.fragments else 0
    for kept_free, is_brief in ((of_fragments, True), (0, False)):
        for at, item in enumerate(material.found):
            makers_only = is_brief and at > 0
            pieces = _of_definition(item, material.bodies, index, makers_only)
            room.take(item.path, pieces, kept_free)
        for other in material.declared:
            room.take(other.path, [_Piece(other.row, other.row, other.code)], kept_free)
        for part in material.fragments:
            room.take(part.path, [_Piece(part.start, part.end, part.text)])
    return tuple(
        Excerpt(_name(path, folders), _in_order(pieces))
        for path, pieces in sorted(room.chosen.items())
    )


def texts(material: Material, index: Index, folders: tuple[Path, ...]) -> list[str]:
    """All texts whose cost ``excerpts`` can ask for."""
    parts = (
        piece.text
        for item in material.found
        for piece in _of_definition(item, material.bodies, index)
    )
    outside = {item.path for item in material.declared}
    names = (_heading(path, folders) for path in material.paths() | outside)
    codes = (item.code for item in material.declared)
    return [*names, *parts, *(part.text for part in material.fragments), *codes]


def _heading(path: Path, folders: tuple[Path, ...]) -> str:
    return _name(path, folders) + "\n"


def _name(path: Path, folders: tuple[Path, ...]) -> str:
    """A file's path to show; that of a library's file begins with the library's name."""
    at = next((up for up in path.parents if up.name in _OF_LIBRARIES), None)
    return shown_path(path, folders if at is None else (at,))


def _of_definition(
    item: Defined, bodies: Mapping[Defined, str], index: Index, makers_only: bool = False
) -> tuple[_Piece, ...]:
    """A definition, whole or with the heads of its members, and the head of its container.

    ``makers_only`` leaves out the members that do not make an object.
    """
    of_file = index.of_file(item.path)
    holders = [head for head in of_file if item.head.holder and head.name == item.head.holder][:1]
    if body := bodies.get(item):
        return (*map(_stub, holders), _Piece(item.head.start, item.head.end, body))
    members = [head for head in of_file if head.holder == item.head.name]
    if makers_only:
        members = [head for head in members if head.name in (*_MAKERS, item.head.name)]
    members = members[:_MOST_MEMBERS]
    return tuple(map(_stub, (*holders, item.head, *members)))


def _stub(head: Head) -> _Piece:
    return _Piece(head.start, head.start, head.text)


def _is_shown(piece: _Piece, known: Iterable[_Piece]) -> bool:
    return any(other.start <= piece.start < other.end and piece.end <= other.end for other in known)


def _in_order(pieces: list[_Piece]) -> str:
    shown = (
        piece
        for piece in pieces
        if not _is_shown(piece, (other for other in pieces if other is not piece))
    )
    return "".join(piece.text for piece in sorted(shown, key=lambda piece: piece.start))
