"""Notebooks: the cells of one language form one document, and each cell is a part of it.

A completion in a cell thus sees what the cells above it define, and everything else that works in
a document works in a cell. A blank line separates two cells.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lsprotocol import types

from herdmate.context import syntax
from herdmate.context.language_ids import language_id
from herdmate.lsp.convert import Lines, edits_from_lsp, lines_of
from herdmate.lsp.open_document import OpenDocument, difference, moved_on
from herdmate.lsp.rope import Encoding
from herdmate.text import Document

_log = logging.getLogger(__name__)

_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the client knows it."""

    language: str
    version: int
    lines: Lines


@dataclass(frozen=True, slots=True)
class Notebook:
    """All cells in order, and for each language the document that they form.

    ``order`` has every cell that the client counts, ``cells`` only those whose text it has sent.
    """

    order: tuple[str, ...]
    cells: Mapping[str, Cell]
    joined: Mapping[str, Document]


def notebook_from(
    cells: Sequence[types.NotebookCell], items: Iterable[types.TextDocumentItem], encoding: Encoding
) -> Notebook:
    """A newly opened notebook."""
    order = tuple(cell.document for cell in cells)
    return _joined(order, {item.uri: _cell(item, encoding) for item in items}, {})


def cell_of(notebook: Notebook, uri: str) -> OpenDocument | None:
    """The document that a cell is part of, with the cell's own URI and version."""
    if (cell := notebook.cells.get(uri)) is None:
        return None
    base = 0
    for name, other in notebook.cells.items():
        if name == uri:
            break
        base += (other.lines.rope.size + len(_BETWEEN)) * (other.language == cell.language)
    document = replace(notebook.joined[cell.language], uri=uri, version=cell.version)
    return OpenDocument(document, replace(cell.lines, base=base))


def changed_notebook(
    notebook: Notebook, changes: types.NotebookDocumentCellChanges, encoding: Encoding
) -> Notebook:
    """The notebook after all changes of a notification; each language is parsed only once."""
    order, cells = list(notebook.order), dict(notebook.cells)
    if (structure := changes.structure) is not None:
        cells |= {item.uri: _cell(item, encoding) for item in structure.did_open or ()}
        array = structure.array
        new = [cell.document for cell in array.cells or ()]
        order[array.start : array.start + array.delete_count] = new
    for content in changes.text_content or ():
        uri, version = content.document.uri, content.document.version
        if (cell := cells.get(uri)) is None:
            _log.warning("a cell that is not open was changed")
            continue
        _, lines = edits_from_lsp(content.changes, cell.lines)
        cells[uri] = replace(cell, version=version, lines=lines)
    return _joined(tuple(order), cells, notebook.joined)


def _cell(item: types.TextDocumentItem, encoding: Encoding) -> Cell:
    return Cell(language_id(item.language_id), item.version, lines_of(item.text, encoding))


def _joined(
    order: tuple[str, ...], known: Mapping[str, Cell], before: Mapping[str, Document]
) -> Notebook:
    """The notebook with cells in the given order; cells that are not in it are dropped."""
    cells = {uri: known[uri] for uri in order if uri in known}
    texts: dict[str, list[str]] = {}
    for cell in cells.values():
        texts.setdefault(cell.language, []).append(cell.lines.rope.text)
    joined = {
        language: _document(language, _BETWEEN.join(parts), before.get(language))
        for language, parts in texts.items()
    }
    return Notebook(order, cells, joined)


def _document(language: str, text: str, before: Document | None) -> Document:
    if before is None:
        return Document("", language, text, None, syntax.NoTree())
    return moved_on(before, (difference(before.text, text),), text, None)
