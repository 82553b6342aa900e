"""One version of an open document, and how an edit makes the next one of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from herdmate.context import syntax
from herdmate.lsp.convert import Encoding, Lines, lines_of
from herdmate.text import Document, Edit

_AT_A_KEY = 0.03
"""Seconds that parsing may take at a key, in a file that is not long; in a long one none at all."""

_IN_A_PAUSE = 0.25


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


def refreshed(opened: OpenDocument) -> OpenDocument:
    """The same version, its last edits parsed too, unless even that takes long."""
    tree = opened.document.tree
    if not isinstance(tree, syntax.SyntaxTree) or not tree.is_stale:
        return opened
    document = replace(opened.document, tree=syntax.refreshed(tree, _IN_A_PAUSE))
    return replace(opened, document=document)


def _tree(old: Document, edit: Edit, text: str) -> syntax.SyntaxTree | syntax.NoTree:
    """A document that took too long is not parsed until it is opened again, or all is replaced."""
    if edit.span.end - edit.span.start == len(old.text):
        return syntax.tree_for(text, old.language)
    if isinstance(old.tree, syntax.SyntaxTree):
        seconds = _AT_A_KEY if len(text) <= syntax.LONG_TEXT else 0.0
        return syntax.edited(old.tree, old.text, (edit,), text, seconds) or syntax.NoTree()
    return syntax.NoTree()
