"""One version of an open document, and how an edit makes the next one of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from herdmate.context import syntax
from herdmate.lsp.convert import Encoding, Lines, lines_of
from herdmate.text import Document, Edit


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """One version of a document as the editor has it."""

    document: Document
    lines: Lines


def opened_from(document: Document, encoding: Encoding) -> OpenDocument:
    """A document with its tree and its lines."""
    tree = syntax.tree_for(document.text, document.language)
    return OpenDocument(replace(document, tree=tree), lines_of(document.text, encoding))


def edited(opened: OpenDocument, edit: Edit, version: int | None) -> OpenDocument:
    """The next version. The tree of the old one is moved on and must not be used any more."""
    old = opened.document
    text = old.text[: edit.span.start] + edit.new_text + old.text[edit.span.end :]
    document = Document(old.uri, old.language, text, version, _tree(old, edit, text))
    return OpenDocument(document, opened.lines.edited(edit, text))


def _tree(old: Document, edit: Edit, text: str) -> syntax.SyntaxTree | syntax.NoTree:
    """A document that took too long is not parsed until it is opened again, or all is replaced."""
    if isinstance(old.tree, syntax.SyntaxTree):
        return syntax.edited(old.tree, old.text, (edit,), text) or syntax.NoTree()
    is_new = edit.span.end - edit.span.start == len(old.text)
    return syntax.tree_for(text, old.language) if is_new else syntax.NoTree()
