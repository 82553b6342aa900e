"""One version of an open document, and how edits make the next one of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from herdmate.context import syntax
from herdmate.lsp.convert import Lines, lines_of
from herdmate.lsp.rope import Encoding
from herdmate.text import Document, Edit, Span, narrowed

_AT_A_KEY = 0.03
"""Seconds that parsing may take at a key, in a file that is not long; in a long one none at all."""

_FEW = 16
"""Edits that the tree is told one by one; of more it is told one that covers them all."""


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """One version of a document as the editor has it."""

    document: Document
    lines: Lines


def opened_from(document: Document, encoding: Encoding) -> OpenDocument:
    """A document with its lines, which nobody has parsed yet."""
    lines = lines_of(document.text, encoding)
    return OpenDocument(replace(document, text=lines.rope.text, tree=syntax.NoTree()), lines)


def edited(
    opened: OpenDocument, edits: Sequence[Edit], lines: Lines, version: int | None
) -> OpenDocument:
    """The next version, parsed once. The tree of the old one is moved on: nobody may use it more.

    ``edits`` each refer to the text that those before them left, and ``lines`` are what all leave.
    """
    return OpenDocument(moved_on(opened.document, edits, lines.rope.text, version), lines)


def moved_on(old: Document, edits: Sequence[Edit], text: str, version: int | None) -> Document:
    """The next version of a document alone."""
    tree = _tree(old, edits, text) if text != old.text else old.tree
    return Document(old.uri, old.language, text, version, tree)


def difference(old_text: str, new_text: str) -> Edit:
    """The smallest edit that makes one text of another."""
    return narrowed(old_text, Edit(Span(0, len(old_text)), new_text))


def with_tree(
    document: Document, text: str, tree: syntax.SyntaxTree | None
) -> syntax.SyntaxTree | syntax.NoTree:
    """What a document carries once the text that it had was parsed; it may have moved on since."""
    if tree is not None and document.text != text:
        edit = difference(text, document.text)
        tree = syntax.edited(tree, text, (edit,), document.text, 0.0)
    return tree or syntax.NoTree()


def without_tree(opened: OpenDocument) -> OpenDocument:
    """The same where nobody knows the tree any more."""
    return replace(opened, document=replace(opened.document, tree=syntax.NoTree()))


def has_tree(document: Document) -> bool:
    """Was it parsed?"""
    return isinstance(document.tree, syntax.SyntaxTree)


def is_stale(document: Document) -> bool:
    """Were its last edits not parsed yet?"""
    return isinstance(document.tree, syntax.SyntaxTree) and document.tree.is_stale


def _tree(old: Document, edits: Sequence[Edit], text: str) -> syntax.SyntaxTree | syntax.NoTree:
    """A document that took too long is not parsed until it is opened again, or all is replaced."""
    if not isinstance(old.tree, syntax.SyntaxTree):
        return syntax.NoTree()
    if len(edits) > _FEW or any(_is_long(edit) for edit in edits):
        edits = (difference(old.text, text),)
    seconds = _AT_A_KEY if len(text) <= syntax.LONG_TEXT else 0.0
    return syntax.edited(old.tree, old.text, tuple(edits), text, seconds) or syntax.NoTree()


def _is_long(edit: Edit) -> bool:
    """Is so much put in the place of so much that most of it may be the same?

    So do clients that send the whole text at each key.
    """
    return edit.span.end - edit.span.start > 1_000 < len(edit.new_text)
