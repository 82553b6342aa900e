"""The open documents, each with its lines and its syntax tree, kept up to date edit by edit.

A client's messages are taken in the order in which they come, whatever their versions say: what a
client numbers wrongly it still has as its text. A document whose text cannot be known any more is
dropped until it is opened again: nothing is better than answers about other text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from lsprotocol import types

from herdmate.context import syntax
from herdmate.errors import SelectionError
from herdmate.lsp.convert import UTF16, edits_from_lsp
from herdmate.lsp.notebooks import Notebook, cell_of, changed_notebook, notebook_from
from herdmate.lsp.open_document import (
    OpenDocument,
    difference,
    edited,
    is_stale,
    opened_from,
    with_tree,
)
from herdmate.lsp.rope import Encoding
from herdmate.text import Document, Edit

_log = logging.getLogger(__name__)


class Documents:
    """What is open. Every change makes a new ``OpenDocument``; of old ones only the text stays."""

    def __init__(self) -> None:
        self.encoding: Encoding = UTF16
        self._open: dict[str, OpenDocument] = {}
        self._notebooks: dict[str, Notebook] = {}
        self._names: dict[str, str] = {}
        self._parsings: dict[_Key, _Parsing] = {}
        self._parse_again: set[_Key] = set()

    def find(self, uri: str) -> OpenDocument | None:
        """The newest version, or ``None`` when the editor has not opened it.

        A notebook's cell is a part of all its cells of the same language. A document is also found
        by another spelling of its URI.
        """
        if (opened := self._open.get(self._named(uri))) is not None:
            return opened
        cells = (cell_of(notebook, uri) for notebook in self._notebooks.values())
        return next((cell for cell in cells if cell is not None), None)

    def __contains__(self, uri: str) -> bool:
        """Has the editor opened it?"""
        cells = (uri in notebook.cells for notebook in self._notebooks.values())
        return self._named(uri) in self._open or any(cells)

    def get(self, uri: str) -> OpenDocument:
        """The newest version; raises ``SelectionError`` when the editor has not opened it."""
        if (opened := self.find(uri)) is None:
            raise SelectionError("Herdmate sees only files that are open in the editor; open it.")
        return opened

    def open(self, item: types.TextDocumentItem) -> OpenDocument:
        """A document was opened; one that was open already is replaced."""
        if item.uri in self._open:
            _log.warning("a document was opened that was open; what it was is forgotten")
        return self.start(Document(item.uri, item.language_id, item.text, item.version))

    def start(self, document: Document) -> OpenDocument:
        """Keep a document, which gets its lines, and its tree where that does not take long."""
        self._names[_plain(document.uri)] = document.uri
        self._open[document.uri] = opened_from(document, self.encoding)
        self._parse(("", document.uri))
        return self._open[document.uri]

    def change(self, params: types.DidChangeTextDocumentParams) -> OpenDocument | None:
        """A document was edited, however often; ``None`` when it was never opened."""
        uri, version = self._named(params.text_document.uri), params.text_document.version
        if (opened := self._open.get(uri)) is None:
            _log.warning("a document was changed that is not open")
            return None
        _note_version(opened.document.version, version)
        edits, lines = edits_from_lsp(params.content_changes, opened.lines)
        self._open[uri] = now = edited(opened, edits, lines, version)
        self._after_change(("", uri), opened.document, now.document)
        return self._open[uri]

    def drop_after(self, method: Any, params: Any) -> None:
        """Forget a document of which a message could not be read that may have changed it.

        Whatever came next would be put into a text that is not the client's.
        """
        name = _CHANGING.get(method) if isinstance(method, str) else None
        named = params.get(name) if name and isinstance(params, Mapping) else None
        uri = named.get("uri") if isinstance(named, Mapping) else None
        if not isinstance(uri, str) or not (
            uri in self._notebooks or self._named(uri) in self._open
        ):
            return
        _log.warning("a change could not be read: its document is left alone until it is reopened")
        if uri in self._notebooks:
            self.close_notebook(uri)
        else:
            self.close(uri)

    def refresh(self, uri: str) -> OpenDocument | None:
        """The newest version; what was typed in it since it was parsed last is parsed soon."""
        for key in self._keys_of(uri):
            if key in self._parsings:
                self._parse_again.add(key)
            else:
                self._parse_edits(key)
        return self.find(uri)

    def parse_on(self, uri: str = "") -> float | None:
        """Parse for some milliseconds, what was opened last first.

        With the URI of a document only that. Answers the seconds to leave to others before the next
        turn, or ``None`` where nothing is left to do.
        """
        keys = self._keys_of(uri) if uri else tuple(self._parsings)
        key = next((key for key in reversed(keys) if key in self._parsings), None)
        if key is None:
            return None
        rest = self._go_on(key)
        return rest if any(key in self._parsings for key in keys) else None

    def uris(self) -> tuple[str, ...]:
        """All that is open."""
        cells = (uri for notebook in self._notebooks.values() for uri in notebook.cells)
        return (*self._open, *cells)

    def close(self, uri: str) -> None:
        """A document was closed."""
        uri = self._named(uri)
        if self._open.pop(uri, None) is None:
            _log.warning("a document was closed that is not open")
        self._parsings.pop(("", uri), None)
        if self._names.get(_plain(uri)) == uri:
            del self._names[_plain(uri)]

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """A notebook was opened; one that was open already is replaced."""
        uri = params.notebook_document.uri
        if uri in self._notebooks:
            _log.warning("a notebook was opened that was open; what it was is forgotten")
            self.close_notebook(uri)
        cells, items = params.notebook_document.cells, params.cell_text_documents
        self._keep_notebook(uri, notebook_from(cells, items, self.encoding))

    def change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """Cells came, went or were edited, however many."""
        uri, changes = params.notebook_document.uri, params.change.cells
        if (notebook := self._notebooks.get(uri)) is None:
            _log.warning("a notebook was changed that is not open")
        elif changes is not None:
            self._keep_notebook(uri, changed_notebook(notebook, changes, self.encoding))

    def cells(self, uri: str) -> tuple[str, ...]:
        """The URIs of a notebook's cells; none where no such notebook is open."""
        notebook = self._notebooks.get(uri)
        return tuple(notebook.cells) if notebook is not None else ()

    def close_notebook(self, uri: str) -> None:
        """A notebook was closed."""
        if self._notebooks.pop(uri, None) is None:
            _log.warning("a notebook was closed that is not open")
        for key in [key for key in self._parsings if key[0] == uri]:
            del self._parsings[key]

    def _named(self, uri: str) -> str:
        """The name under which a document was opened; clients may spell a URI in several ways."""
        return uri if uri in self._open else self._names.get(_plain(uri), uri)

    def _keep_notebook(self, uri: str, notebook: Notebook) -> None:
        before = self._notebooks.get(uri)
        self._notebooks[uri] = notebook
        for language, document in notebook.joined.items():
            old = before.joined.get(language) if before is not None else None
            if document is not old:
                self._after_change((uri, language), old, document)

    def _after_change(self, key: _Key, before: Document | None, now: Document) -> None:
        """Parse what is new; a parse of edits to what has been edited again is of no use."""
        if isinstance(now.tree, syntax.SyntaxTree):
            self._parsings.pop(key, None)
        elif before is None or _is_all_new(before.text, now.text):
            self._parse(key)

    def _keys_of(self, uri: str) -> tuple[_Key, ...]:
        if (name := self._named(uri)) in self._open:
            return (("", name),)
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
        """Begin to parse a document; short ones are done at once."""
        document = self._document(key)
        assert document is not None
        old = document.tree if isinstance(document.tree, syntax.SyntaxTree) else None
        parsing = syntax.parse_slices(document.text, document.language, old)
        self._parse_again.discard(key)
        self._parsings.pop(key, None)  # the newest last
        self._parsings[key] = document.text, parsing
        self._go_on(key)

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
        """A document was parsed as it was; where that took too long it stays as it is."""
        document = self._document(key)
        if document is None or tree is None:
            return
        document = replace(document, tree=with_tree(document, text, tree))
        notebook, name = key
        if notebook:
            found = self._notebooks[notebook]
            joined = {**found.joined, name: document}
            self._notebooks[notebook] = replace(found, joined=joined)
        else:
            self._open[name] = replace(self._open[name], document=document)


_CHANGING = {
    types.TEXT_DOCUMENT_DID_OPEN: "textDocument",
    types.TEXT_DOCUMENT_DID_CHANGE: "textDocument",
    types.NOTEBOOK_DOCUMENT_DID_OPEN: "notebookDocument",
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: "notebookDocument",
}
"""What a message that changes a document calls it."""


def _is_all_new(old_text: str, new_text: str) -> bool:
    """Was most of a text replaced, so that it may be parsed in good time now?"""
    span = difference(old_text, new_text).span
    return 2 * (span.end - span.start) > len(old_text)


def _note_version(before: int | None, now: int) -> None:
    if before is not None and now <= before:
        _log.warning("a document's version went from %d to %d", before, now)


_SPELLED_OTHERWISE = re.compile(r"(?:%(?!2F|3F|23|25)[0-9A-F]{2})+", re.IGNORECASE)


def _plain(uri: str) -> str:
    """A URI without its escapes, as far as they do not change what it means."""
    plain = _SPELLED_OTHERWISE.sub(lambda run: unquote(run[0], errors="surrogateescape"), uri)
    return _DRIVE.sub(lambda drive: drive[0].lower(), plain)


_DRIVE = re.compile(r"^file:///[a-z]:", re.IGNORECASE)

_Key = tuple[str, str]
"""A notebook and the language of its cells, or nothing and a document."""

_Parsing = tuple[str, syntax.ParseSlices]
"""A text, and what is going on to parse it."""


def change_to_lsp(
    opened: OpenDocument, edit: Edit, version: int
) -> types.DidChangeTextDocumentParams:
    """An edit as an editor tells it."""
    part = types.TextDocumentContentChangePartial(opened.lines.range(edit.span), edit.new_text)
    name = types.VersionedTextDocumentIdentifier(version, opened.document.uri)
    return types.DidChangeTextDocumentParams(name, [part])
