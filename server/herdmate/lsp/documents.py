"""The open documents, each with its lines and its syntax tree, kept up to date edit by edit."""

from __future__ import annotations

from lsprotocol import types

from herdmate.errors import SelectionError
from herdmate.lsp.convert import UTF16, Encoding, edit_from_lsp
from herdmate.lsp.notebooks import (
    Notebook,
    cell_of,
    notebook_from,
    rearranged,
    with_edited_cell,
    with_fresh_trees,
)
from herdmate.lsp.opened import OpenDocument, edited, opened_from, refreshed
from herdmate.text import Document, Edit


class Documents:
    """What is open. Every change makes a new ``OpenDocument``; of old ones only the text stays."""

    def __init__(self) -> None:
        self.encoding: Encoding = UTF16
        self._open: dict[str, OpenDocument] = {}
        self._notebooks: dict[str, Notebook] = {}

    def find(self, uri: str) -> OpenDocument | None:
        """The newest version, or ``None`` when the editor has not opened it.

        A notebook's cell is a part of all its cells of the same language.
        """
        if (opened := self._open.get(uri)) is not None:
            return opened
        cells = (cell_of(notebook, uri) for notebook in self._notebooks.values())
        return next((cell for cell in cells if cell is not None), None)

    def get(self, uri: str) -> OpenDocument:
        """The newest version; raises ``SelectionError`` when the editor has not opened it."""
        if (opened := self.find(uri)) is None:
            raise SelectionError("Herdmate sees only files that are open in the editor; open it.")
        return opened

    def open(self, item: types.TextDocumentItem) -> OpenDocument:
        """A document was opened."""
        return self.start(Document(item.uri, item.language_id, item.text, item.version))

    def start(self, document: Document) -> OpenDocument:
        """Keep a document, which gets its tree and its lines."""
        return self._keep(opened_from(document, self.encoding))

    def change(self, params: types.DidChangeTextDocumentParams) -> OpenDocument | None:
        """A document was edited; ``None`` when it was never opened."""
        if (opened := self._open.get(params.text_document.uri)) is None:
            return None
        for change in params.content_changes:
            edit = edit_from_lsp(change, opened.lines)
            opened = self._keep(edited(opened, edit, params.text_document.version))
        return opened

    def refresh(self, uri: str) -> OpenDocument | None:
        """The newest version, with what was typed since a long file was parsed last."""
        if (opened := self._open.get(uri)) is not None:
            return self._keep(refreshed(opened))
        for name, notebook in self._notebooks.items():
            if any(cell.uri == uri for cell in notebook.cells):
                self._notebooks[name] = with_fresh_trees(notebook)
        return self.find(uri)

    def uris(self) -> tuple[str, ...]:
        """All that is open."""
        cells = (cell.uri for notebook in self._notebooks.values() for cell in notebook.cells)
        return (*self._open, *cells)

    def close(self, uri: str) -> None:
        """A document was closed."""
        self._open.pop(uri, None)

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """A notebook was opened."""
        cells, items = params.notebook_document.cells, params.cell_text_documents
        self._notebooks[params.notebook_document.uri] = notebook_from(cells, items, self.encoding)

    def change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """Cells came, went or were edited."""
        uri, cells = params.notebook_document.uri, params.change.cells
        if cells is None or (notebook := self._notebooks.get(uri)) is None:
            return
        if cells.structure is not None:
            notebook = rearranged(notebook, cells.structure, self.encoding)
        for content in cells.text_content or ():
            notebook = with_edited_cell(notebook, content)
        self._notebooks[uri] = notebook

    def cells(self, uri: str) -> tuple[str, ...]:
        """The URIs of a notebook's cells; none where no such notebook is open."""
        notebook = self._notebooks.get(uri)
        return tuple(cell.uri for cell in notebook.cells) if notebook is not None else ()

    def close_notebook(self, uri: str) -> None:
        """A notebook was closed."""
        self._notebooks.pop(uri, None)

    def _keep(self, opened: OpenDocument) -> OpenDocument:
        self._open[opened.document.uri] = opened
        return opened


def change_to_lsp(
    opened: OpenDocument, edit: Edit, version: int
) -> types.DidChangeTextDocumentParams:
    """An edit as an editor tells it."""
    part = types.TextDocumentContentChangePartial(opened.lines.range(edit.span), edit.new_text)
    name = types.VersionedTextDocumentIdentifier(version, opened.document.uri)
    return types.DidChangeTextDocumentParams(name, [part])
