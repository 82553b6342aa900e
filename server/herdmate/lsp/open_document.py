"""One version of an open document, and how edits turn it into the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lsprotocol import types

from herdmate.context import syntax
from herdmate.context.language_ids import language_id
from herdmate.lsp.convert import Lines, lines_of
from herdmate.lsp.rope import Encoding
from herdmate.text import Document, Edit, Span, narrowed

_AT_A_KEY = 0.03
"""Seconds that parsing may take per keystroke; a long file is not parsed on a keystroke at all."""

_FEW = 16
"""Edits applied to the tree one by one; if there are more, they are merged into one."""


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """One version of a document as the editor has it.

    ``before``: amid a long message, the document before it.
    """

    document: Document
    lines: Lines
    before: Document | None = None


def document_from_lsp(item: types.TextDocumentItem) -> Document:
    """A document, in the language that the editor or the file name indicates."""
    language = language_id(item.language_id, item.uri)
    said = item.language_id if item.language_id != language else ""
    return Document(item.uri, language, item.text, item.version, said=said)


def opened_from(document: Document, encoding: Encoding) -> OpenDocument:
    """A document with its lines, not parsed yet."""
    lines = lines_of(document.text, encoding)
    return OpenDocument(replace(document, text=lines.rope.text, tree=syntax.NoTree()), lines)


def edited(
    opened: OpenDocument, edits: Sequence[Edit], lines: Lines, version: int | None
) -> OpenDocument:
    """The next version, parsed once. The old version's tree is moved on: do not use it any more.

    Each of ``edits`` refers to the text that those before it left; ``lines`` are those of the
    result.
    """
    old = before_message(opened)
    if old is not opened.document:
        edits = (difference(old.text, lines.rope.text),)
    return OpenDocument(moved_on(old, edits, lines.rope.text, version), lines)


def in_between(opened: OpenDocument, lines: Lines, version: int | None) -> OpenDocument:
    """The document amid a long message, without a tree; the old tree waits for the last part."""
    old, text = opened.document, lines.rope.text
    document = replace(old, text=text, version=version, tree=syntax.NoTree())
    return OpenDocument(document, lines, before_message(opened))


def before_message(opened: OpenDocument) -> Document:
    """The document as it was before the parts of a long message that have been applied so far."""
    document = opened.document
    return document if opened.before is None or has_tree(document) else opened.before


def moved_on(old: Document, edits: Sequence[Edit], text: str, version: int | None) -> Document:
    """The next version of a document, without its lines."""
    tree = _tree(old, edits, text) if text != old.text else old.tree
    return replace(old, text=text, version=version, tree=tree)


def difference(old_text: str, new_text: str) -> Edit:
    """The smallest edit that turns one text into another."""
    return narrowed(old_text, Edit(Span(0, len(old_text)), new_text))


def is_all_new(old_text: str, new_text: str) -> bool:
    """Was most of the text replaced, so that another attempt at parsing is worthwhile?"""
    span = difference(old_text, new_text).span
    return 2 * (span.end - span.start) > len(old_text)


def with_tree(
    document: Document, text: str, tree: syntax.SyntaxTree | None
) -> syntax.SyntaxTree | syntax.NoTree:
    """A document's tree, made from that of ``text``, which may have been edited since."""
    if tree is not None and document.text != text:
        edit = difference(text, document.text)
        tree = syntax.edited(tree, text, (edit,), document.text, 0.0)
    return tree or syntax.NoTree()


def without_tree(opened: OpenDocument) -> OpenDocument:
    """The same document without its tree."""
    return replace(opened, document=replace(opened.document, tree=syntax.NoTree()))


def has_tree(document: Document) -> bool:
    """Has it been parsed?"""
    return isinstance(document.tree, syntax.SyntaxTree)


def is_stale(document: Document) -> bool:
    """Does its tree lack the latest edits?"""
    return isinstance(document.tree, syntax.SyntaxTree) and document.tree.is_stale


def change_to_lsp(
    opened: OpenDocument, edit: Edit, version: int
) -> types.DidChangeTextDocumentParams:
    """The notification that an editor would send for an edit."""
    part = types.TextDocumentContentChangePartial(opened.lines.range(edit.span), edit.new_text)
    name = types.VersionedTextDocumentIdentifier(version, opened.document.uri)
    return types.DidChangeTextDocumentParams(name, [part])


def _tree(old: Document, edits: Sequence[Edit], text: str) -> syntax.SyntaxTree | syntax.NoTree:
    """The tree after edits.

    A document that took too long to parse has none until it is reopened or mostly replaced.
    """
    if not isinstance(old.tree, syntax.SyntaxTree):
        return syntax.NoTree()
    if len(edits) > _FEW or any(_is_long(edit) for edit in edits):
        edits = (difference(old.text, text),)
    seconds = _AT_A_KEY if len(text) <= syntax.LONG_TEXT else 0.0
    return syntax.edited(old.tree, old.text, tuple(edits), text, seconds) or syntax.NoTree()


def _is_long(edit: Edit) -> bool:
    """Is an edit so long, before and after, that most of it may be unchanged?

    Clients that send the whole text on each keystroke make such edits.
    """
    return edit.span.end - edit.span.start > 1_000 < len(edit.new_text)
