"""Notebooks: their cells of one language are one document, of which each cell is a part.

So a cell is completed with what the cells above it define, and all else that is done with a
document is done with a cell. Between two cells there is a blank line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lsprotocol import types

from herdmate.lsp.convert import Encoding, edit_from_lsp, lines_of, part_of
from herdmate.lsp.opened import OpenDocument, edited, opened_from, refreshed
from herdmate.text import Document


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, ``rows`` of the lines of its language's document."""

    uri: str
    language: str
    version: int
    rows: int


@dataclass(frozen=True, slots=True)
class Notebook:
    """All cells in their order, and by language the document that they make."""

    cells: tuple[Cell, ...]
    joined: Mapping[str, OpenDocument]


def notebook_from(
    cells: Sequence[types.NotebookCell], items: Iterable[types.TextDocumentItem], encoding: Encoding
) -> Notebook:
    """A notebook that was opened."""
    by_uri = {item.uri: item for item in items}
    return _joined([by_uri[cell.document] for cell in cells if cell.document in by_uri], encoding)


def cell_of(notebook: Notebook, uri: str) -> OpenDocument | None:
    """The document that a cell is a part of, under the cell's own name and version."""
    first = dict.fromkeys(notebook.joined, 0)
    for cell in notebook.cells:
        if cell.uri == uri:
            joined = notebook.joined[cell.language]
            document = replace(joined.document, uri=uri, version=cell.version)
            return OpenDocument(document, part_of(joined.lines, first[cell.language], cell.rows))
        first[cell.language] += cell.rows + 1
    return None


def with_edited_cell(
    notebook: Notebook, content: types.NotebookDocumentCellContentChanges
) -> Notebook:
    """The notebook after one cell was edited; as it was where it has no such cell."""
    uri, version = content.document.uri, content.document.version
    for change in content.changes:
        if (part := cell_of(notebook, uri)) is None:
            return notebook
        joined = notebook.joined[part.document.language]
        after = edited(joined, edit_from_lsp(change, part.lines), version)
        more = after.lines.count - joined.lines.count
        cells = (
            replace(cell, version=version, rows=cell.rows + more) if cell.uri == uri else cell
            for cell in notebook.cells
        )
        language = part.document.language
        notebook = Notebook(tuple(cells), {**notebook.joined, language: after})
    return notebook


def with_fresh_trees(notebook: Notebook) -> Notebook:
    """The notebook with what was typed since it was parsed last."""
    joined = {language: refreshed(opened) for language, opened in notebook.joined.items()}
    return replace(notebook, joined=joined)


def rearranged(
    notebook: Notebook, structure: types.NotebookDocumentCellChangeStructure, encoding: Encoding
) -> Notebook:
    """The notebook after cells came, went or changed places."""
    items = {cell.uri: _item(notebook, cell) for cell in notebook.cells}
    items |= {item.uri: item for item in structure.did_open or ()}
    order = [cell.uri for cell in notebook.cells]
    array = structure.array
    new = [cell.document for cell in array.cells or ()]
    order[array.start : array.start + array.delete_count] = new
    return _joined([items[uri] for uri in order if uri in items], encoding)


def _item(notebook: Notebook, cell: Cell) -> types.TextDocumentItem:
    part = cell_of(notebook, cell.uri)
    assert part is not None
    span = part.lines.whole
    text = part.document.text[span.start : span.end]
    return types.TextDocumentItem(cell.uri, cell.language, cell.version, text)


def _joined(items: Sequence[types.TextDocumentItem], encoding: Encoding) -> Notebook:
    texts: dict[str, list[str]] = {}
    for item in items:
        texts.setdefault(item.language_id, []).append(item.text)
    joined = {
        language: opened_from(Document("", language, "\n\n".join(parts)), encoding)
        for language, parts in texts.items()
    }
    cells = (
        Cell(item.uri, item.language_id, item.version, lines_of(item.text, encoding).count)
        for item in items
    )
    return Notebook(tuple(cells), joined)
