"""Definitions behind imports that the client's other language servers find outside the index.

What a client answers is not trusted: only suitable files are read, and little of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from herdmate.bounded_read import read_text
from herdmate.context.grammars import language_of
from herdmate.context.index import Stamp, heads_in, is_indexed, kin_at, stamp_of_file
from herdmate.context.outline import Head
from herdmate.context.withheld import reason_to_withhold_declaration
from herdmate.redaction.redact import redacted
from herdmate.text import with_line_feeds
from herdmate.threads import DiskChecks

MOST_BYTES = 8_000
"""Of code kept for a document."""

_LARGEST = 1_000_000  # bytes of a file; a library's declarations are often one large file
_MOST_PARSED = 8_000  # characters, from the row of a definition on
_LONGEST_WHOLE = 400  # bytes of a definition that is shown with its body
_MOST_MEMBERS = 12
_DECLARING = (".d.ts", ".d.mts", ".d.cts")
"""Files without bodies, in which a type says nothing without its members."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A definition in a file that the index does not have: its row, its code, the file's stamp."""

    path: Path
    row: int
    code: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Known:
    """What was found for the import statements ``block`` of a document."""

    block: str
    declared: tuple[Declared, ...] = ()


@dataclass(slots=True)
class Declarations:
    """What is known about open documents, by URI, and the thread that reads definitions.

    ``then`` is what to do once definitions are found, as last asked for.
    """

    known: dict[str, Known] = field(default_factory=dict)
    then: dict[str, Callable[[], None]] = field(default_factory=dict)
    checks: DiskChecks = field(default_factory=DiskChecks)

    def of(self, uri: str) -> tuple[Declared, ...]:
        """The definitions behind a document's imports, in the order of these."""
        known = self.known.get(uri)
        return known.declared if known is not None else ()

    def forget(self, uri: str) -> None:
        """Drop a closed document."""
        self.known.pop(uri, None)
        self.then.pop(uri, None)


@dataclass(frozen=True, slots=True)
class DeclaringFile:
    """A file that the model may see and that defines something; its text is ``code``."""

    path: Path
    code: str
    stamp: Stamp


def read_declaring(path: Path, kin: str, folders: tuple[Path, ...]) -> DeclaringFile | None:
    """A file that code of one kin imports; ``None`` if it is unsuitable or must not be seen.

    ``folders`` are the workspace's. Reads disks.
    """
    if not is_indexed(path) or kin_at(path, "") != kin:
        return None
    if reason_to_withhold_declaration(path, folders) is not None:
        return None
    stamp = stamp_of_file(path)
    try:
        code = read_text(path, _LARGEST, errors="strict")
    except (OSError, UnicodeDecodeError):
        return None
    return DeclaringFile(path, with_line_feeds(code), stamp) if stamp is not None else None


def declared_at(file: DeclaringFile, row: int, name: str) -> Declared | None:
    """The definition in a row of a file that is imported as ``name``; ``None`` if there is none.

    Waits for the parser process.
    """
    code = _code_at(file.code.split("\n"), row, name, file.path)
    return Declared(file.path, row, code, file.stamp) if code else None


def is_current(item: Declared, folders: tuple[Path, ...]) -> bool:
    """May the model still see a definition, and has its file not changed? Reads disks."""
    is_seen = reason_to_withhold_declaration(item.path, folders) is None
    return is_seen and stamp_of_file(item.path) == item.stamp


def within_bounds(found: Iterable[Declared]) -> tuple[Declared, ...]:
    """As many definitions as may be kept for a document, each once; the first ones win."""
    left, kept = MOST_BYTES, []
    for item in dict.fromkeys(found):
        if (size := _size(item.code)) <= left:
            left -= size
            kept.append(item)
    return tuple(kept)


def _code_at(rows: list[str], row: int, name: str, path: Path) -> str:
    """What is defined in a row: all of it if that is short, or else its head and its members'."""
    if not 0 <= row < len(rows):
        return ""
    line = rows[row].lstrip()
    indent, is_named = rows[row][: -len(line) or None], _mentions(line, name)
    if not is_named and row == 0:
        return ""  # a whole module is said to begin in its first row
    following = islice(rows, row, row + _MOST_PARSED)
    code = "\n".join(item.removeprefix(indent) for item in following)[:_MOST_PARSED]
    code = redacted(code)
    heads = heads_in(code, language_of(path))
    found = next((head for head in heads if head.start < _size(line)), None)
    if found is not None and not found.holder:
        return _shown(code, found, heads, path)
    return _statement(code) if is_named else ""


def _shown(code: str, head: Head, heads: tuple[Head, ...], path: Path) -> str:
    data = code.encode("utf-8", "replace")
    whole = data[: head.end].decode("utf-8", "replace").rstrip() + "\n"
    if _size(whole) <= _LONGEST_WHOLE:
        return whole
    if path.name.endswith(_DECLARING):
        return _first_lines(whole)
    members = [item for item in heads if item.holder == head.name and item.start < head.end]
    return "".join(item.text for item in (head, *members[:_MOST_MEMBERS]))


def _statement(code: str) -> str:
    """The statement at the start of code, as far as brackets and line ends tell."""
    depth = 0
    for at, char in enumerate(code[:_LONGEST_WHOLE]):
        depth += (char in "([{") - (char in ")]}")
        if depth <= 0 and char in ";\n":
            return code[: at + 1].rstrip() + "\n"
    return _first_lines(code)


def _first_lines(code: str) -> str:
    """As many whole lines as are shown of what is long."""
    cut = code.encode("utf-8", "replace")[:_LONGEST_WHOLE].decode("utf-8", "ignore")
    return cut[: cut.rfind("\n") + 1] if _size(code) > _LONGEST_WHOLE else code.rstrip() + "\n"


def _mentions(line: str, name: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", line) is not None


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
