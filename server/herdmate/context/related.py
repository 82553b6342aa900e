"""Which definitions from other files help at a cursor, most helpful first, within a budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from herdmate.context.index import Defined, Index, module_name
from herdmate.context.outline import Head
from herdmate.text import Excerpt, shown_path

_REACH_BEFORE, _REACH_AFTER = 2000, 400
_WORD = re.compile(r"[^\W\d]\w{2,}")
_MOST_ALIKE = 8
_MOST_MEMBERS = 12


@dataclass(frozen=True, slots=True)
class Nearby:
    """Which files are open, and which were recently edited."""

    opened: frozenset[Path] = frozenset()
    edited: frozenset[Path] = frozenset()


def related(
    text: str, offset: int, path: Path, index: Index, nearby: Nearby
) -> tuple[Defined, ...]:
    """Definitions in other files that the code around ``offset`` mentions, most helpful first.

    A name counts more the closer it is to ``offset``. Files count more if this one imports them, if
    they are open or recently edited, or if they are in the same folder. A name that many files
    define counts only in imported ones.
    """
    return related_to(_names(text, offset), text, path, index, nearby)


def related_to(
    names: Mapping[str, float], text: str, path: Path, index: Index, nearby: Nearby
) -> tuple[Defined, ...]:
    """Definitions in other files of names with weights between 0 and 1, most helpful first.

    ``text`` is the content of the file at ``path``, in which the names occur.
    """
    imported = _imported_words(text)
    meant = {item for word in imported for item in index.modules(word)} - {path}
    scored: dict[Defined, float] = {}
    for name, nearness in names.items():
        files = index.named(name)
        many = len(files) - (path in files)
        # If many files define a name, checking each would take too long for a keystroke.
        where = files.keys() - {path} if many <= _MOST_ALIKE else meant & files.keys()
        known = [item for file in where for item in files[file]]
        many = max(many, len(known))
        for item in known:
            near = _nearness(item.path, path, imported, nearby)
            if many > 1 and not near:
                continue
            if many > _MOST_ALIKE and near < _IMPORTED:
                continue
            scored[item] = nearness + near - 0.1 * many
    return tuple(sorted(scored, key=lambda item: (-scored[item], str(item.path), item.head.text)))


def excerpts(
    found: Iterable[Defined], index: Index, folders: tuple[Path, ...], tokens: int,
    cost: Callable[[str], int],
) -> tuple[Excerpt, ...]:  # fmt: skip
    """As many of the definitions as fit, grouped by file, in a stable order.

    A class comes with the heads of its members, a member with that of its class.
    """
    chosen: dict[Path, set[Head]] = {}
    for item in found:
        together = [
            head for head in _with_kin(item, index) if head not in chosen.get(item.path, ())
        ]
        price = sum(cost(head.text) for head in together)
        price += 0 if item.path in chosen else cost(shown_path(item.path, folders) + "\n")
        if together and price <= tokens:
            tokens -= price
            chosen.setdefault(item.path, set()).update(together)
    return tuple(
        Excerpt(
            shown_path(path, folders),
            "".join(head.text for head in dict.fromkeys(index.of_file(path)) if head in of_it),
        )
        for path, of_it in sorted(chosen.items())
    )


def pieces(found: Iterable[Defined], index: Index, folders: tuple[Path, ...]) -> list[str]:
    """All texts whose cost ``excerpts`` can ask for."""
    return [
        text
        for item in found
        for text in (shown_path(item.path, folders) + "\n",
                     *(head.text for head in _with_kin(item, index)))
    ]  # fmt: skip


_IMPORTED, _EDITED, _OPENED, _BESIDE = 2.0, 0.8, 0.6, 0.4


def _names(text: str, offset: int) -> Mapping[str, float]:
    """The names around ``offset``, each with a nearness between 0 and 1."""
    start, end = max(offset - _REACH_BEFORE, 0), min(offset + _REACH_AFTER, len(text))
    found: dict[str, float] = {}
    for word in _WORD.finditer(text, start, end):
        reach = _REACH_BEFORE if word.end() <= offset else _REACH_AFTER
        nearness = 1 - min(abs(offset - word.end()) / reach, 1.0)
        found[word.group()] = max(found.get(word.group(), 0.0), nearness)
    return found


def _imported_words(text: str) -> frozenset[str]:
    """The words in lines that import other files."""
    lines = re.findall(
        r"^[ \t]*(?:from|import|use|using|require\w*|include|#include|mod|export)\b.*|"
        r"^[ \t]*(?:source|\.)[ \t]+[^=\s].*|"
        r"^.*\brequire\(.*",
        text[:20_000], re.MULTILINE,
    )  # fmt: skip
    return frozenset(word for line in lines for word in re.findall(r"\w+", line))


def _nearness(path: Path, own: Path, imported: frozenset[str], nearby: Nearby) -> float:
    return (
        _IMPORTED * (module_name(path) in imported)
        + _EDITED * (path in nearby.edited)
        + _OPENED * (path in nearby.opened)
        + _BESIDE * (path.parent == own.parent)
    )


def _with_kin(item: Defined, index: Index) -> list[Head]:
    """The heads of a definition, its container and its members."""
    of_file = index.of_file(item.path)
    holders = [head for head in of_file if item.head.holder and head.name == item.head.holder][:1]
    members = [head for head in of_file if head.holder == item.head.name][:_MOST_MEMBERS]
    return [*holders, item.head, *members]
