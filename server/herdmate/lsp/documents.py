"""The open documents, each with its lines and its syntax tree, kept up to date edit by edit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lsprotocol import types

from herdmate.context import syntax
from herdmate.errors import SelectionError
from herdmate.lsp.convert import UTF16, Encoding, Lines, lines_of
from herdmate.text import Document, Edit, Span


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """One version of a document as the editor has it."""

    document: Document
    lines: Lines


class Documents:
    """What is open. Every change makes a new ``OpenDocument``; of old ones only the text stays."""

    def __init__(self) -> None:
        self.encoding: Encoding = UTF16
        self._open: dict[str, OpenDocument] = {}

    def find(self, uri: str) -> OpenDocument | None:
        """The newest version, or ``None`` when the editor has not opened it."""
        return self._open.get(uri)

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
        tree = syntax.parse(document.text, document.language)
        lines = lines_of(document.text, self.encoding)
        return self._keep(OpenDocument(replace(document, tree=tree), lines))

    def change(self, params: types.DidChangeTextDocumentParams) -> OpenDocument | None:
        """A document was edited; ``None`` when it was never opened."""
        if (opened := self._open.get(params.text_document.uri)) is None:
            return None
        for change in params.content_changes:
            opened = self._apply(opened, change, params.text_document.version)
        return opened

    def uris(self) -> tuple[str, ...]:
        """All that is open."""
        return tuple(self._open)

    def close(self, uri: str) -> None:
        """A document was closed."""
        self._open.pop(uri, None)

    def _apply(
        self, opened: OpenDocument, change: types.TextDocumentContentChangeEvent, version: int
    ) -> OpenDocument:
        old = opened.document
        if isinstance(change, types.TextDocumentContentChangePartial):
            edit = Edit(opened.lines.span(change.range), change.text)
        else:
            edit = Edit(Span(0, len(old.text)), change.text)
        text = old.text[: edit.span.start] + edit.new_text + old.text[edit.span.end :]
        document = Document(old.uri, old.language, text, version, _tree(old, edit, text))
        return self._keep(OpenDocument(document, opened.lines.edited(edit, text)))

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


def _tree(old: Document, edit: Edit, text: str) -> syntax.SyntaxTree | None:
    if isinstance(old.tree, syntax.SyntaxTree):
        return syntax.edited(old.tree, old.text, (edit,), text)
    return syntax.parse(text, old.language)
