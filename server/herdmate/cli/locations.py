"""Places in files as people write them.

They are ``FILE``, ``FILE:START-END``, ``FILE:LINE``, ``FILE:LINE:COLUMN``, ``FILE:NAME`` of a
definition, or ``-``, which is standard input. Lines and columns count from 1, columns in
characters. An end after the last line means the last line; ``START-`` goes on to the end. The first
line of a definition alone means all of it.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from herdmate.cli.definition_names import is_symbol, names_of, spans_of
from herdmate.cli.parser import meant
from herdmate.cli.place_forms import no_part, refuse_part_alone
from herdmate.cli.text_files import MOST_BYTES, Coded, decoded, read_file
from herdmate.context import syntax, syntax_queries
from herdmate.context.definition_at import definition_at
from herdmate.context.grammars import language_of
from herdmate.context.language_ids import language_id
from herdmate.context.languages import LANGUAGES, language_name
from herdmate.errors import SelectionError, UsageError
from herdmate.printable import counted
from herdmate.text import (
    LINE_BREAK,
    Cursor,
    Document,
    Selection,
    Span,
    line_end,
    line_start,
    path_of,
)

INPUT = "-"
"""The name of standard input."""

_INPUT_URI = "untitled:input"
_PLACE = re.compile(r"(?P<name>.+?):(?P<first>\d+)(?:(?P<dash>-)(?P<last>\d*)|:(?P<column>\d+))?:?")
_LINES = re.compile(r"\d+(?:-\d*)?")
_MOST_DIGITS = 18
_LONGEST = 4096  # characters of a path
_MORE_LANGUAGES = ("plaintext", "diff")


@dataclass(frozen=True, slots=True)
class Place:
    """A file, or ``-``, and the part of it that is meant, as written.

    ``first`` is 0 for all of it; ``last`` is 0 for its end. ``clamps``: lines after the last one
    mean the last one. ``is_one``: one line was named, not a range of one. ``symbol`` is a
    definition whose lines are looked up when the file is opened.
    """

    name: str
    first: int = 0
    last: int = 0
    column: int = 0
    clamps: bool = False
    is_one: bool = False
    symbol: str = ""
    text: str = field(default="", compare=False)

    @property
    def path(self) -> Path | None:
        """The file; ``None`` for standard input."""
        return None if self.name == INPUT else Path(self.name)

    @property
    def lines(self) -> str:
        """The lines as written."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last or ''}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it was read, and the document that it is."""

    place: Place
    coded: Coded
    document: Document


def add_language_option(parser: argparse.ArgumentParser) -> None:
    """``--language``."""
    parser.add_argument(
        "--language", metavar="LANGUAGE", help="such as python; by default, the file's name says it"
    )


def add_places(parser: argparse.ArgumentParser) -> None:
    """``FILE[:START-END]...`` and ``--select``."""
    parser.add_argument(
        "places", nargs="*", metavar="FILE:START-END",
        help="lines of a file, FILE for all of them, FILE:NAME for a definition, or - for standard "
        "input; several are allowed",
    )  # fmt: skip
    parser.add_argument(
        "--select", action="append", default=[], metavar="FILE:START-END",
        help="lines, as above, or START-END of the only FILE; beyond the end means the last line",
    )  # fmt: skip
    add_language_option(parser)


def places_of(arguments: argparse.Namespace, such_as: str = "") -> list[Place]:
    """All places that are named, in order; a selected part of a file stands for that file.

    ``such_as``: a command line for the user who names none.
    """
    named = [place_of(text) for text in arguments.places]
    for word in arguments.places:
        refuse_part_alone(word, arguments.places)
    chosen = [replace(_selected(text, named), clamps=True) for text in arguments.select]
    parts = {place.name for place in chosen}
    found = [place for place in named if place.first or place.name not in parts] + chosen
    if not found:
        example = f", as in `{such_as}`" if such_as else ""
        arguments.parser.error(f"name a file, lines of one, or - for standard input{example}")
    if sum(place.name == INPUT for place in found) > 1:
        raise UsageError("Standard input can be read only once; name - once.")
    return found


def _selected(text: str, named: Sequence[Place]) -> Place:
    """A place after ``--select``; lines alone are those of the only file."""
    if _LINES.fullmatch(text) and len(named) == 1:
        return place_of(f"{named[0].name}:{text}")
    place = place_of(text)
    if not place.first:
        raise UsageError(f"Write --select FILE:START-END, not {text!r}.")
    return place


def place_of(text: str) -> Place:
    """Read a place; a file whose whole name looks like one is that file.

    Raises ``SelectionError`` for what cannot be one.
    """
    if os.path.lexists(text):
        return Place(text)
    match = _PLACE.fullmatch(text)
    if match is None:
        return _named_place(text)
    if not os.path.lexists(match["name"]):
        _named_place(text)  # refuses what is in a file but no place
    first, column = _number(match["first"]), _number(match["column"] or "0")
    for number, what in ((first, "line"), (column if match["column"] else 1, "column")):
        if not number:
            raise SelectionError(f"{match['name']} has no {what} 0; {what}s count from 1.")
    last = _number(match["last"] or "0") if match["dash"] else first
    return Place(match["name"], first, last, column, is_one=not match["dash"], text=text)


def _number(digits: str) -> int:
    """What no file has so much of may be any large number; Python refuses thousands of digits."""
    return int(digits[:_MOST_DIGITS])


def _named_place(text: str) -> Place:
    """A definition in a file that exists, or else a file."""
    for colon in re.finditer(":", text[:_LONGEST]):
        name, said = text[: colon.start()], text[colon.end() :]
        if not _is_file(name):
            continue
        if is_symbol(said):
            return Place(name, symbol=said, text=text)
        raise no_part(name, said)
    return Place(text)


def _is_file(name: str) -> bool:
    try:
        return os.path.isfile(name)
    except ValueError:  # a zero byte
        return False


def opened(place: Place, language: str | None = None) -> Opened:
    """Read a file or standard input. Raises ``SelectionError``."""
    chosen = language_named(language) if language else ""
    if (path := place.path) is None:
        data = _input()
        coded = decoded(data, "Standard input")
        uri = _INPUT_URI
    else:
        coded, chosen = read_file(path), chosen or language_of(path)
        uri = Path(os.path.realpath(path)).as_uri()
    if not language and chosen in ("", "plaintext"):
        chosen = "diff" if _DIFF.match(coded.text) else "plaintext"
    tree = syntax.parse(coded.text, chosen)
    document = Document(uri, chosen, coded.text, None, tree)
    return Opened(_looked_up(place, document) if place.symbol else place, coded, document)


def _looked_up(place: Place, document: Document) -> Place:
    """The lines of a place's definition. Raises ``SelectionError`` if there is not exactly one."""
    text, tree = document.text, syntax.tree_of(document)
    if tree is None:
        raise SelectionError(
            f"Herdmate finds no definitions in {language_name(document.language)}; write "
            f"{place.name}:START-END."
        )
    known = syntax_queries.named_definitions(tree, Span(0, len(text)))
    found = list(dict.fromkeys(spans_of(known, place.symbol)))
    if not found:
        is_dotted = "." in place.symbol
        names = names_of(known, is_dotted) if is_dotted else [name for name, _ in known]
        near = meant(place.symbol, names)
        hint = f"did you mean {place.name}:{near}?" if near else f"write {place.name}:START-END."
        raise SelectionError(f"{place.name} defines no {place.symbol}; {hint}")
    spans = [definition_at(tree, text, Span(span.start, span.start)) or span for span in found]
    lines = [(_line_of(text, span.start), _line_of(text, span.end)) for span in spans]
    if len(lines) > 1:
        at = " or ".join(f"{place.name}:{first}" for first, _ in lines)
        raise SelectionError(f"{place.name} defines {place.symbol} {len(lines)} times; write {at}.")
    return replace(place, first=lines[0][0], last=lines[0][1], symbol="")


def _line_of(text: str, at: int) -> int:
    return sum(1 for _ in LINE_BREAK.finditer(text, 0, at)) + 1


def selected(file: Opened) -> Selection:
    """The lines of a place, or its position. Raises ``SelectionError`` if they do not exist."""
    place, text = file.place, file.document.text
    if not place.first and not place.last:
        return Selection(file.document, Span(0, len(text)))
    starts = _starts(file, place)
    if place.clamps:
        place = replace(place, first=min(place.first, len(starts)))
    if place.column:
        at = _offset(text, starts[place.first - 1], place)
        return Selection(file.document, Span(at, at))
    start = starts[place.first - 1]
    if place.is_one and (whole := _begun_at(file.document, start)) is not None:
        return Selection(file.document, whole)
    last = min(place.last or len(starts), len(starts))
    return Selection(file.document, Span(start, line_end(text, starts[last - 1])))


def _begun_at(document: Document, start: int) -> Span | None:
    """The definition whose first line this is: its head alone is hardly ever meant."""
    text, tree = document.text, syntax.tree_of(document)
    if tree is None:
        return None
    at = start + len(text[start:]) - len(text[start:].lstrip(" \t"))
    definition = definition_at(tree, text, Span(at, at))
    return definition if definition and line_start(text, definition.start) == start else None


def cursor_of(file: Opened) -> Cursor:
    """The cursor at ``FILE:LINE:COLUMN`` or at the end of ``FILE:LINE``.

    It is at the end of standard input if no place is given.
    """
    place, text = file.place, file.document.text
    if place == Place(INPUT):
        return Cursor(file.document, len(text))
    refuse_lines(place)
    start = _starts(file, place, beyond=1)[place.first - 1]
    at = _offset(text, start, place) if place.column else line_end(text, start)
    return Cursor(file.document, at)


def refuse_lines(place: Place) -> None:
    """Raise ``UsageError`` for what is not one line or column."""
    if not place.is_one:
        name, said = place.name, place.text or place.name
        raise UsageError(
            f"{said!r} is not one place; write {name}:LINE:COLUMN, or {name}:LINE for its end."
        )


def language_named(word: str) -> str:
    """The language id for a name, an id, a file ending or an editor's word.

    Raises ``UsageError``.
    """
    low = word.lower().lstrip(".")
    ids = [*LANGUAGES, *_MORE_LANGUAGES]
    known = {language_name(item).lower(): item for item in ids} | {item: item for item in ids}
    endings = {
        name.lower().lstrip("."): item for item in LANGUAGES for name in LANGUAGES[item].files
    }
    found = known.get(low) or endings.get(low) or language_id(low)
    if found in ids:
        return found
    near = meant(low, known)
    hint = f"did you mean {near}?" if near else f"choose from {', '.join(sorted(ids))}."
    raise UsageError(f"Herdmate does not know the language {word!r}; {hint}")


def path_of_document(document: Document) -> Path | None:
    """The file that was read; ``None`` for standard input."""
    return path_of(document.uri)


def read_document(path: Path) -> Document:
    """A file as a document. Raises ``SelectionError`` if it cannot be read as text."""
    return opened(Place(str(path))).document


_DIFF = re.compile(
    r"diff --git |diff -.+\n--- |Index: |--- \S.*\n\+\+\+ |commit [0-9a-f]{7,64}\b"
    r"|From [0-9a-f]{40,64} |tag .+\nTagger: "
)
"""How a diff begins, alone or after the message of a commit or a tag."""


def _input() -> bytes:
    raw = getattr(sys.stdin, "buffer", None)
    if raw is None:  # tests, or a closed input
        return sys.stdin.read(MOST_BYTES + 1).encode("utf-8", "surrogateescape")
    data: bytes = raw.read(MOST_BYTES + 1)
    return data


def _starts(file: Opened, place: Place, beyond: int = 0) -> list[int]:
    """Where lines start; checks that the first one of a place exists.

    ``beyond``: the empty line after a final line break counts too.
    """
    text = file.document.text
    starts = [0, *(match.end() for match in LINE_BREAK.finditer(text))]
    if len(starts) > 1 and starts[-1] == len(text) and not beyond:
        starts.pop()
    if place.last and place.last < place.first:
        raise UsageError(f"{place.name}:{place.lines} ends before it starts; swap the lines.")
    if place.first > len(starts) and not place.clamps:
        count = len(starts) - (beyond and starts[-1] == len(text) and len(starts) > 1)
        lines = counted(count, "line")
        raise SelectionError(f"{place.name} has {lines}; there is no line {place.first}.")
    return starts


def _offset(text: str, start: int, place: Place) -> int:
    end = line_end(text, start)
    if place.column > end - start + 1 and not place.clamps:
        raise SelectionError(
            f"Line {place.first} of {place.name} ends at column {end - start + 1}; there is no "
            f"column {place.column}."
        )
    return min(start + max(place.column - 1, 0), end)
