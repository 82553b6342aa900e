"""Places in files as people write them: ``FILE:LINE:COLUMN`` and ``FILE:START-END``."""

from __future__ import annotations

from pathlib import Path

from herdmate.context import syntax
from herdmate.context.grammars import language_of
from herdmate.errors import SelectionError
from herdmate.text import Cursor, Document, Selection, Span, path_of


def cursor_at(place: str) -> Cursor:
    """The cursor at ``FILE:LINE:COLUMN``; both count from 1, columns in characters."""
    head, _, column = place.rpartition(":")
    name, _, line = head.rpartition(":")
    if not (name and line.isdigit() and column.isdigit()):
        raise SelectionError(f"Write the position as FILE:LINE:COLUMN, not {place!r}.")
    document = read_document(Path(name))
    starts = _line_starts(document.text)
    if not 1 <= int(line) <= len(starts):
        raise SelectionError(f"{name} has {len(starts)} lines; there is no line {line}.")
    start = starts[int(line) - 1]
    end = _line_end(document.text, start)
    return Cursor(document, min(start + max(int(column) - 1, 0), end))


def selection_at(place: str) -> Selection:
    """The selection at ``FILE:START-END``, whole lines counted from 1, or all of ``FILE``."""
    path, lines = _parted(place)
    document = read_document(path)
    if not lines:
        return Selection(document, Span(0, len(document.text)))
    first, _, last = lines.partition("-")
    starts = _line_starts(document.text)
    start, end = int(first), int(last or first)
    if not 1 <= start <= end <= len(starts):
        raise SelectionError(f"{path} has {len(starts)} lines; there are no lines {lines}.")
    return Selection(document, Span(starts[start - 1], _line_end(document.text, starts[end - 1])))


def file_of(place: str) -> Path:
    """The file in ``FILE:START-END``, as written."""
    return _parted(place)[0]


def read_document(path: Path) -> Document:
    """A file as a document. Raises ``SelectionError`` if it cannot be read as UTF-8 text."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise SelectionError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SelectionError(f"{path} is not UTF-8 text; convert it first.") from error
    language = language_of(path)
    tree = syntax.parse(text, language)
    return Document(path.resolve().as_uri(), language, text, None, tree)


def path_of_document(document: Document) -> Path:
    """The file that ``read_document`` read."""
    path = path_of(document.uri)
    assert path is not None
    return path


def _parted(place: str) -> tuple[Path, str]:
    """The file and the lines, ``""`` if none are given."""
    name, _, lines = place.rpartition(":")
    first, dash, last = lines.partition("-")
    if not (name and first.isdigit() and (last.isdigit() or not dash)):
        return Path(place), ""
    return Path(name), lines


def _line_starts(text: str) -> list[int]:
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end - (text[end - 1 : end] == "\r")
