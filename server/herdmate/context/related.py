"""Which definitions from other files help at a cursor, and which files may have code like it."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from herdmate.context.imports import Imports, imports_of
from herdmate.context.index import Defined, Index, kin_at
from herdmate.text import Cursor, Document

_REACH_BEFORE, _REACH_AFTER = 2000, 400
_WORD = re.compile(r"[^\W\d]\w{2,}")
_MOST_ALIKE = 8
_MOST_FILES = 16


@dataclass(frozen=True, slots=True)
class Nearby:
    """Which files are open, and which were recently edited."""

    opened: frozenset[Path] = frozenset()
    edited: frozenset[Path] = frozenset()


def related(cursor: Cursor, path: Path, index: Index, nearby: Nearby) -> tuple[Defined, ...]:
    """Definitions in other files that the code around a cursor mentions, most helpful first.

    A name counts more the closer it is to the cursor; one that is imported and not used yet counts
    as much as one at the cursor. Where members are always reached through something, they count
    only there: a variable ``line`` does not mean ``Segment.line``. Files count more if this one
    imports them, if they are open or recently edited, or if they are in the same folder. A name
    that many files define counts only in imported ones, and one in an unrelated language never
    does.
    """
    document = cursor.document
    kin = kin_at(path, document.language)
    imports = imports_of(document.text, path, kin, index)
    names = dict.fromkeys(imports.words, _ONCE_IMPORTED)
    names |= dict.fromkeys(imports.new, _YET_UNUSED)
    near, members = _names(document.text, cursor.offset, kin)
    for name, nearness in near.items():
        names[name] = max(nearness, names.get(name, 0.0))
    return _known(names, members, imports, path, kin, index, nearby)


def related_to(
    names: Mapping[str, float], document: Document, path: Path, index: Index, nearby: Nearby
) -> tuple[Defined, ...]:
    """Definitions of weighted names (0 to 1) in other files, most helpful first.

    The names occur in ``document``, the file at ``path``.
    """
    kin = kin_at(path, document.language)
    imports = imports_of(document.text, path, kin, index)
    return _known(names, names, imports, path, kin, index, nearby)


def _known(
    names: Mapping[str, float], members: Mapping[str, float], imports: Imports, path: Path,
    kin: str, index: Index, nearby: Nearby,
) -> tuple[Defined, ...]:  # fmt: skip
    """See ``related``; ``members`` says how near a name is where it can be that of a member."""
    scored: dict[Defined, float] = {}
    for name in names:
        files = index.named(name, kin)
        many = len(files) - (path in files)
        # If many files define a name, checking each would take too long for a keystroke.
        where = files.keys() - {path} if many <= _MOST_ALIKE else imports.files & files.keys()
        known = [item for file in where for item in files[file]]
        many = max(many, len(known))
        for item in known:
            near = _nearness(item.path, path, imports, nearby)
            if many > 1 and not near:
                continue
            if many > _MOST_ALIKE and near < _IMPORTED:
                continue
            price = 0.0 if _can_be_meant(item, names, imports, kin) else _NOT_IMPORTED
            nearness = (members if item.head.holder else names).get(name, 0.0)
            if nearness > price:
                scored[item] = nearness + near - 0.1 * many - price
    return tuple(sorted(scored, key=lambda item: (-scored[item], str(item.path), item.head.text)))


def _can_be_meant(item: Defined, names: Mapping[str, float], imports: Imports, kin: str) -> bool:
    """Can code that mentions an item's name mean it, as far as its imports tell?

    Where every name has to be imported, a function of another file that is not was mentioned by
    chance; the same goes for a method whose class is not mentioned.
    """
    if item.path in imports.files or kin not in _IMPORTING:
        return True
    return (item.head.holder or item.head.name) in imports.words or item.head.holder in names


def alike_in(
    cursor: Cursor, path: Path, index: Index, nearby: Nearby, found: Iterable[Defined]
) -> Mapping[Path, float]:
    """The files to search for code like that at a cursor, and the weight of each.

    These are files that are imported, open, recently edited or in the same folder, and those that
    contain the definitions ``found``, at most ``_MOST_FILES``, in related languages.
    """
    kin = kin_at(path, cursor.document.language)
    imports = imports_of(cursor.document.text, path, kin, index)
    beside = heapq.nsmallest(_MOST_FILES, index.beside(path))
    defining = islice(dict.fromkeys(item.path for item in found), _MOST_FILES)
    where = {*imports.files, *nearby.opened, *nearby.edited, *beside, *defining} - {path}
    weights = {
        file: 1 + _OF_NEARNESS * _nearness(file, path, imports, nearby)
        for file in where
        if file in index and kin_at(file, "") == kin
    }
    best = heapq.nsmallest(_MOST_FILES, weights, key=lambda file: (-weights[file], str(file)))
    return {file: weights[file] for file in best}


_IMPORTED, _EDITED, _OPENED, _BESIDE = 2.0, 0.8, 0.6, 0.4
_OF_NEARNESS = 0.15
"""How much a file's nearness adds to the weight of its fragments, measured on calls: with more,
the file that defines what is called displaces those that call it in the same way."""

_NOT_IMPORTED = 0.4  # what that costs, measured on calls
_IMPORTING = frozenset({"python", "javascript"})
_YET_UNUSED, _ONCE_IMPORTED = 1.0, 0.2
_REACHED = _IMPORTING | {"go", "rust", "php", "lua"}  # their members, by an object or a type
_ACCESS = (".", "->", "::")


def _names(text: str, offset: int, kin: str) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The names around ``offset``, each with a nearness between 0 and 1; and those of them that can
    be a member's."""
    start, end = max(offset - _REACH_BEFORE, 0), min(offset + _REACH_AFTER, len(text))
    found: dict[str, float] = {}
    members: dict[str, float] = {}
    for word in _WORD.finditer(text, start, end):
        reach = _REACH_BEFORE if word.end() <= offset else _REACH_AFTER
        nearness = 1 - min(abs(offset - word.end()) / reach, 1.0)
        name = word.group()
        found[name] = max(found.get(name, 0.0), nearness)
        if text[max(word.start() - 2, 0) : word.start()].endswith(_ACCESS):
            members[name] = max(members.get(name, 0.0), nearness)
    return found, (members if kin in _REACHED else found)


def _nearness(path: Path, own: Path, imports: Imports, nearby: Nearby) -> float:
    imported = path in imports.files or path.parent in imports.folders
    return (
        _IMPORTED * imported
        + _EDITED * (path in nearby.edited)
        + _OPENED * (path in nearby.opened)
        + _BESIDE * (path.parent == own.parent)
    )
