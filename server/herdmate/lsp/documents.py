"""The open documents, each with its lines and syntax tree, updated edit by edit.

Messages apply in the order they arrive, whatever their versions say: a client that misnumbers its
changes has made them nonetheless. A document whose text is no longer known is dropped until it is
reopened: no answer is better than one about the wrong text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from lsprotocol import types

from herdmate.context import syntax
from herdmate.errors import SelectionError
from herdmate.lsp.convert import UTF16, edits_from_lsp
from herdmate.lsp.notebooks import Notebook, cell_of, changed_notebook, notebook_from
from herdmate.lsp.open_document import (
    OpenDocument,
    before_message,
    document_from_lsp,
    edited,
    in_between,
    is_all_new,
    is_stale,
    opened_from,
    with_tree,
)
from herdmate.lsp.rope import Encoding
from herdmate.lsp.uri_spelling import plain_uri
from herdmate.text import Document

_log = logging.getLogger(__name__)


class Documents:
    """All documents that are open in the editor.

    Every change makes a new ``OpenDocument``; of an old one, only the text remains valid. URIs are
    expected in the spelling that ``named`` returns.
    """

    def __init__(self, on_close: Callable[[str], None] = lambda _uri: None) -> None:
        """``on_close`` receives the URI of each document and cell that is no longer open."""
        self._on_close = on_close
        self.encoding: Encoding = UTF16
        self._open: dict[str, OpenDocument] = {}
        self._notebooks: dict[str, Notebook] = {}
        self._names: dict[str, list[str]] = {}  # all that are open, by their plain spelling
        self._parsings: dict[_Key, _Parsing] = {}
        self._parse_again: set[_Key] = set()

    def find(self, uri: str) -> OpenDocument | None:
        """The latest version, or ``None`` if the document is not open.

        A notebook's cell comes as part of the document that joins all cells of its language.
        """
        if (opened := self._open.get(uri)) is not None:
            return opened
        cells = (cell_of(notebook, uri) for notebook in self._notebooks.values())
        return next((cell for cell in cells if cell is not None), None)

    def named(self, uri: str) -> str:
        """The spelling with which a document, notebook or cell was opened; others are left alone.

        A client can open two spellings, which are then two documents.
        """
        known = self._names.get(plain_uri(uri))
        return uri if known is None or uri in known else known[-1]

    def __contains__(self, uri: str) -> bool:
        """Is the document or cell open?"""
        cells = (uri in notebook.cells for notebook in self._notebooks.values())
        return uri in self._open or any(cells)

    def get(self, uri: str) -> OpenDocument:
        """The latest version; raises ``SelectionError`` if the document is not open."""
        if (opened := self.find(uri)) is None:
            raise SelectionError(
                "Herdmate sees only files that are open in the editor; open the file first."
            )
        return opened

    def open(self, item: types.TextDocumentItem) -> OpenDocument:
        """Keep a newly opened document, replacing one that is already open."""
        if item.uri in self._open:
            _log.warning("an open document was opened again; its old text is discarded")
        with self._dropped_on_error(item.uri):
            return self.start(document_from_lsp(item))

    def start(self, document: Document) -> OpenDocument:
        """Keep a document with its lines, and begin to parse it."""
        self._note_name(document.uri)
        self._open[document.uri] = opened_from(document, self.encoding)
        self._parse(("", document.uri))
        return self._open[document.uri]

    def change(
        self, params: types.DidChangeTextDocumentParams, goes_on: bool = False
    ) -> OpenDocument | None:
        """Apply all edits of a notification; ``None`` if the document is not open.

        ``goes_on``: more edits of the same message follow; only after the last is the text parsed.
        """
        uri, version = params.text_document.uri, params.text_document.version
        if (opened := self._open.get(uri)) is None:
            _log.warning("a document that is not open was changed")
            return None
        _note_version(opened.document.version, version)
        with self._dropped_on_error(uri):
            edits, lines = edits_from_lsp(params.content_changes, opened.lines)
            if goes_on:
                self._open[uri] = in_between(opened, lines, version)
                return self._open[uri]
            self._open[uri] = now = edited(opened, edits, lines, version)
            self._after_change(("", uri), before_message(opened), now.document)
            return self._open[uri]

    def drop_after(self, method: Any, params: Any) -> None:
        """Drop the document that an unreadable message may have changed.

        Later edits would apply to a text that is not the client's.
        """
        name = _CHANGING.get(method) if isinstance(method, str) else None
        named = params.get(name) if name and isinstance(params, Mapping) else None
        uri = named.get("uri") if isinstance(named, Mapping) else None
        if isinstance(uri, str):
            self._drop(uri)

    def refresh(self, uri: str) -> None:
        """Begin to parse what was typed since the last parse; ``find`` has the latest version."""
        for key in self._keys_of(uri):
            if key in self._parsings:
                self._parse_again.add(key)
            else:
                self._parse_edits(key)

    def refresh_all(self) -> None:
        """Let ``parse_on`` parse what was typed in any document since its last parse."""
        notebooks = ((uri, name) for uri, book in self._notebooks.items() for name in book.joined)
        for key in (*(("", uri) for uri in self._open), *notebooks):
            document = self._document(key)
            if document is None or not is_stale(document):
                continue
            if key in self._parsings:
                self._parse_again.add(key)
            else:
                self._queue(key, document)

    def parse_on(self, uri: str = "") -> float | None:
        """Parse for a few milliseconds, the latest document first, or only the one at ``uri``.

        Returns how many seconds to yield to others before the next call, or ``None`` if nothing is
        left to parse.
        """
        keys = self._keys_of(uri) if uri else tuple(self._parsings)
        key = next((key for key in reversed(keys) if key in self._parsings), None)
        if key is None:
            return None
        rest = self._go_on(key)
        return rest if any(key in self._parsings for key in keys) else None

    def uris(self) -> tuple[str, ...]:
        """The URIs of all open documents and cells."""
        return (*self._open, *(uri for book in self._notebooks.values() for uri in book.cells))

    def close(self, uri: str) -> None:
        """Forget a closed document."""
        if self._open.pop(uri, None) is None:
            _log.warning("a document that is not open was closed")
        self._parsings.pop(("", uri), None)
        self._parse_again.discard(("", uri))
        self._drop_name(uri)
        self._on_close(uri)

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """Keep a newly opened notebook, replacing one that is already open."""
        uri = params.notebook_document.uri
        if uri in self._notebooks:
            _log.warning("an open notebook was opened again; its old cells are discarded")
            self.close_notebook(uri)
        cells, items = params.notebook_document.cells, params.cell_text_documents
        with self._dropped_on_error(uri):
            self._keep_notebook(uri, notebook_from(cells, items, self.encoding))

    def change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """Apply all changes of a notification: cells added, removed or edited."""
        uri, changes = params.notebook_document.uri, params.change.cells
        if (notebook := self._notebooks.get(uri)) is None:
            _log.warning("a notebook that is not open was changed")
        elif changes is not None:
            with self._dropped_on_error(uri):
                self._keep_notebook(uri, changed_notebook(notebook, changes, self.encoding))

    def cells(self, uri: str) -> tuple[str, ...]:
        """The URIs of a notebook's cells; empty if the notebook is not open."""
        notebook = self._notebooks.get(uri)
        return tuple(notebook.cells) if notebook is not None else ()

    def close_notebook(self, uri: str) -> None:
        """Forget a closed notebook."""
        if (notebook := self._notebooks.pop(uri, None)) is None:
            _log.warning("a notebook that is not open was closed")
        for key in [key for key in self._parsings if key[0] == uri]:
            del self._parsings[key]
            self._parse_again.discard(key)
        self._drop_name(uri)
        for cell in notebook.cells if notebook is not None else ():
            self._drop_name(cell)
            self._on_close(cell)

    def _note_name(self, uri: str) -> None:
        known = self._names.setdefault(plain_uri(uri), [])
        if uri not in known:
            known.append(uri)

    def _drop_name(self, uri: str) -> None:
        """Forget a spelling, unless something is still open under it."""
        known = self._names.get(plain_uri(uri), [])
        if uri in known and uri not in self and uri not in self._notebooks:
            known.remove(uri)
        if not known:
            self._names.pop(plain_uri(uri), None)

    @contextmanager
    def _dropped_on_error(self, uri: str) -> Iterator[None]:
        """After an internal error nobody knows how much of a change was made: drop the document."""
        try:
            yield
        except Exception:
            self._drop(uri)
            raise

    def _drop(self, uri: str) -> None:
        """Forget a document or notebook whose text is no longer known, if it is open."""
        uri = self.named(uri)
        if uri not in self._notebooks and uri not in self._open:
            return
        _log.warning("a change was not made: its document is left alone until it is reopened")
        if uri in self._notebooks:
            self.close_notebook(uri)
        else:
            self.close(uri)

    def _keep_notebook(self, uri: str, notebook: Notebook) -> None:
        before = self._notebooks.get(uri)
        self._notebooks[uri] = notebook
        known = set(before.cells) if before is not None else set()
        for name in {uri, *notebook.cells} - known:
            self._note_name(name)
        for name in known - set(notebook.cells):
            self._drop_name(name)
            self._on_close(name)
        for language, document in notebook.joined.items():
            old = before.joined.get(language) if before is not None else None
            if document is not old:
                self._after_change((uri, language), old, document)

    def _after_change(self, key: _Key, before: Document | None, now: Document) -> None:
        """Parse a text that is all new; drop a running parse that the edit made obsolete."""
        if isinstance(now.tree, syntax.SyntaxTree):
            self._parsings.pop(key, None)
        elif before is None or is_all_new(before.text, now.text):
            self._parse(key)

    def _keys_of(self, uri: str) -> tuple[_Key, ...]:
        if uri in self._open:
            return (("", uri),)
        return tuple(
            (name, notebook.cells[uri].language)
            for name, notebook in self._notebooks.items()
            if uri in notebook.cells
        )

    def _document(self, key: _Key) -> Document | None:
        notebook, name = key
        if notebook:
            found = self._notebooks.get(notebook)
            return found.joined.get(name) if found is not None else None
        opened = self._open.get(name)
        return opened.document if opened is not None else None

    def _parse(self, key: _Key) -> None:
        """Begin to parse a document; ``parse_on`` goes on with it."""
        document = self._document(key)
        assert document is not None
        self._queue(key, document)
        self._go_on(key)

    def _queue(self, key: _Key, document: Document) -> None:
        old = document.tree if isinstance(document.tree, syntax.SyntaxTree) else None
        parsing = syntax.parse_slices(document.text, document.language, old)
        self._parse_again.discard(key)
        self._parsings.pop(key, None)  # the newest last
        self._parsings[key] = document.text, parsing

    def _go_on(self, key: _Key) -> float:
        text, parsing = self._parsings[key]
        try:
            return next(parsing)
        except StopIteration as end:
            del self._parsings[key]
            self._adopt(key, text, end.value)
            if key in self._parse_again:
                self._parse_again.discard(key)
                self._parse_edits(key)
        return 0.0

    def _parse_edits(self, key: _Key) -> None:
        if (document := self._document(key)) is not None and is_stale(document):
            self._parse(key)

    def _adopt(self, key: _Key, text: str, tree: syntax.SyntaxTree | None) -> None:
        """Give a document the tree of its earlier ``text``; without a tree it stays as it is."""
        document = self._document(key)
        if document is None or tree is None:
            return
        document = replace(document, tree=with_tree(document, text, tree))
        notebook, name = key
        if notebook:
            found = self._notebooks[notebook]
            self._notebooks[notebook] = replace(found, joined={**found.joined, name: document})
        else:
            self._open[name] = replace(self._open[name], document=document)


_CHANGING = {
    types.TEXT_DOCUMENT_DID_OPEN: "textDocument",
    types.TEXT_DOCUMENT_DID_CHANGE: "textDocument",
    types.NOTEBOOK_DOCUMENT_DID_OPEN: "notebookDocument",
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: "notebookDocument",
}
"""The parameter that names the document, for each message that changes one."""


def _note_version(before: int | None, now: int) -> None:
    if before is not None and now < before:  # it stays in the parts of a long message
        _log.warning("a document's version went from %d to %d", before, now)


_Key = tuple[str, str]
"""The URI of a notebook and a language of its cells, or ``""`` and the URI of a document."""

_Parsing = tuple[str, syntax.ParseSlices]
"""A text and the parse in progress."""
