"""A file's import statements as text, and where the names stand that they bring in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from herdmate.context.imported_names import SCRIPTS, imports_in
from herdmate.context.imports import statements_in

_MOST_STATEMENTS = 100
_MOST_NAMES = 200
_OF_MODULES = frozenset({"go", "c", "cpp", "objective-c"})
"""Languages whose imports name files and packages, which are no definitions."""


@dataclass(frozen=True, slots=True)
class ImportBlock:
    """The statements that import names, and the offset in the file of each of these."""

    text: str = ""
    names: tuple[tuple[str, int], ...] = ()


def import_block(text: str, language: str) -> ImportBlock:
    """The imports of a text, each name once, in file order, without those that mean a module."""
    if language in _OF_MODULES:
        return ImportBlock()
    spans = list(islice(statements_in(text), _MOST_STATEMENTS))
    found: dict[str, int] = {}
    naming = []
    for start, end in spans:
        names = tuple(islice(_names(text[start:end], language), _MOST_NAMES))
        for name, at in names:
            found.setdefault(name, start + at)
        if names:
            naming.append(text[start:end])
    return ImportBlock("\n".join(naming), tuple(islice(found.items(), _MOST_NAMES)))


def _names(statement: str, language: str) -> Iterator[tuple[str, int]]:
    """The names in one statement, and their offsets in it."""
    bare = statement.lstrip()
    if language == "python" and not bare.startswith("from"):
        return
    for item in imports_in(bare, language):
        word = rf"(?<![\w$]){re.escape(item.name)}(?![\w$])"
        if item.name and (places := [found.start() for found in re.finditer(word, bare)]):
            # The module, which can have the same name, comes last in scripts, else first.
            at = places[0] if language in SCRIPTS else places[-1]
            yield item.name, len(statement) - len(bare) + at
