"""Syntax trees of documents: parse, follow edits, and ask what stands where."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from herdmate.context import lexical
from herdmate.context.definitions import is_definition, name_of, with_attributes
from herdmate.context.grammars import LONGEST_PARSE, parse_bytes, parse_in_slices
from herdmate.context.languages import COMMENTS, IMPORTS, INTERPOLATIONS, STRINGS
from herdmate.context.source import Source, source_of, utf_8
from herdmate.text import Document, Edit, Span, line_end, line_start

LONG_TEXT = 120_000
"""Characters. In longer text an edit takes tens of milliseconds to parse, and where a bracket is
open it takes a second."""

LARGEST_TEXT = 2_000_000
"""Characters. A first parse takes a quarter to a whole second for a million; all else waits."""


@dataclass(frozen=True, slots=True, eq=False)
class SyntaxTree:
    """The syntax of one text. What it holds is for this module only.

    ``is_stale``: the last edits were not parsed yet; what stood there before only moved to its
    place.
    """

    language: str
    tree: Any
    source: Source
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class NoTree:
    """What a document carries that cannot be parsed in good time: nobody tries that again."""


Parsing = Generator[None, None, SyntaxTree | None]
"""A parse in slices of some milliseconds, between which it yields."""


def parse(text: str, language: str) -> SyntaxTree | None:
    """The syntax tree of a text, or ``None``.

    ``None`` where no grammar for the LSP language id is installed, where the text has more than
    ``LARGEST_TEXT`` characters, and where it was not parsed within a second.
    """
    if len(text) > LARGEST_TEXT:
        return None
    source = source_of(text)
    tree = parse_bytes(language, source.data)
    return None if tree is None else SyntaxTree(language, tree, source)


def parsing(
    text: str, language: str, old: SyntaxTree | None = None, seconds: float = LONGEST_PARSE
) -> Parsing:
    """The same as ``parse``, in slices; with a stale tree of the text only its edits are parsed."""
    if len(text) > LARGEST_TEXT:
        return None
    source = source_of(text) if old is None else old.source
    tree = yield from parse_in_slices(language, source.data, old and old.tree, seconds)
    return None if tree is None else SyntaxTree(language, tree, source)


def tree_of(document: Document) -> SyntaxTree | None:
    """The tree that a document carries; a fresh parse where it was never parsed."""
    if isinstance(document.tree, SyntaxTree):
        return document.tree
    return None if isinstance(document.tree, NoTree) else parse(document.text, document.language)


def fresh_tree_of(document: Document) -> SyntaxTree | None:
    """The tree that a document carries if no edit has moved that on, else a fresh parse.

    ``None`` also where that would take long.
    """
    tree = document.tree
    if isinstance(tree, SyntaxTree) and not tree.tree.root_node.has_changes:
        return tree
    if isinstance(tree, NoTree) or (tree is not None and len(document.text) > LONG_TEXT):
        return None
    return parse(document.text, document.language)


def edited(
    tree: SyntaxTree,
    old_text: str,
    edits: tuple[Edit, ...],
    new_text: str,
    seconds: float = LONGEST_PARSE,
) -> SyntaxTree | None:
    """The tree of ``new_text``, parsed anew only where ``old_text`` was edited.

    ``edits`` come in the order of LSP's ``didChange``: each refers to the text that those before it
    left. ``tree`` is moved on and must not be used any more. Where parsing takes longer than
    ``seconds`` the answer is stale, with 0 at once. Where the edits do not lead from ``old_text``
    to ``new_text`` the answer is a fresh parse; ``None`` as with ``parse``.
    """
    source = tree.source
    for edit in edits:
        after = source.edited(edit)
        _tell(tree.tree, source, edit, after)
        source = after
    if len(new_text) > LARGEST_TEXT:
        return None
    if tree.source.text != old_text or source.text != new_text:
        return parse(new_text, tree.language)
    return refreshed(SyntaxTree(tree.language, tree.tree, source, is_stale=True), seconds)


def refreshed(tree: SyntaxTree, seconds: float = LONGEST_PARSE) -> SyntaxTree:
    """The tree with its last edits parsed; as it is where that takes longer."""
    if not tree.is_stale or not seconds:
        return tree
    parsed = parse_bytes(tree.language, tree.source.data, tree.tree, seconds)
    return tree if parsed is None else SyntaxTree(tree.language, parsed, tree.source)


def error_count(tree: SyntaxTree) -> int:
    """How many places could not be parsed, and how many tokens had to be supposed."""
    count = 0
    waiting = [tree.tree.root_node]
    while waiting:
        node = waiting.pop()
        count += node.type == "ERROR" or node.is_missing
        if node.has_error:
            waiting.extend(node.children)
    return count


def first_error(tree: SyntaxTree, span: Span) -> int:
    """Where the first thing in a span stands that was not parsed; its start where all was."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    waiting = [tree.tree.root_node]
    while waiting:
        node = waiting.pop()
        if (node.type == "ERROR" or node.is_missing) and start <= node.start_byte <= end:
            return tree.source.to_offset(node.start_byte)
        if node.has_error:
            waiting.extend(reversed(node.children))
    return span.start


def enclosing_definition(tree: SyntaxTree, text: str, span: Span) -> Span | None:
    """The innermost function, method, class or the like that holds all of ``span``.

    Its decorators, attributes and ``export`` are part of it. ``None`` at the top level.
    """
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    for node in _upwards(tree.tree.root_node.descendant_for_byte_range(start, end)):
        if is_definition(node, tree.language):
            whole = with_attributes(node)
            return Span(tree.source.to_offset(whole[0]), tree.source.to_offset(whole[1]))
    return None


def items_around(tree: SyntaxTree, text: str, offset: int) -> Span:
    """The top-level items on both sides of ``offset``, and the ones beside those, in whole lines.

    All of the text where the tree does not tell.
    """
    root = tree.tree.root_node
    left, right = text[:offset].rstrip(), text[offset:].lstrip()
    start, end = 0, len(text)
    if root.type == "ERROR":
        return Span(start, end)
    first = _item(root, tree.source.to_byte(len(left) - 1)) if left else None
    last = _item(root, tree.source.to_byte(len(text) - len(right))) if right else None
    if first is not None and (before := first.prev_sibling) is not None:
        start = line_start(text, tree.source.to_offset(before.start_byte))
    if last is not None and (behind := last.next_sibling) is not None:
        end = line_end(text, tree.source.to_offset(behind.end_byte))
    return _widened(text, Span(start, end))


_BEGINS_ITEM = re.compile(r"^[^\s)\]}]", re.MULTILINE)


def _widened(text: str, span: Span) -> Span:
    """The span up to lines that stand at the margin: what is broken seems to end its item early."""
    start = span.start
    while start and text[start : start + 1] in " \t\r\n)]}":
        start = line_start(text, start - 1)
    found = _BEGINS_ITEM.search(text, span.end + 1)
    return Span(start, max(found.start() - 1 if found else len(text), span.end))


def definition_names(tree: SyntaxTree, text: str, span: Span | None = None) -> tuple[str, ...]:
    """Names of what is defined in ``span`` (everywhere without it), in the order of the text."""
    start = tree.source.to_byte(span.start) if span else 0
    end = tree.source.to_byte(span.end) if span else tree.source.to_byte(len(text))
    source = tree.source.data
    nodes = _between(tree.tree.root_node, start, end)
    names = (name_of(node) for node in nodes if is_definition(node, tree.language))
    return tuple(
        source[name.start_byte : name.end_byte].decode("utf-8", "replace")
        for name in names
        if name is not None and start <= name.start_byte and name.end_byte <= end
    )


def imports(tree: SyntaxTree, text: str) -> tuple[Span, ...]:
    """What stands at the top level and brings in names: imports, includes, uses, the package."""
    return tuple(
        Span(tree.source.to_offset(node.start_byte), tree.source.to_offset(node.end_byte))
        for node in tree.tree.root_node.children
        if node.type in IMPORTS
    )


def is_in_string_or_comment(tree: SyntaxTree, text: str, offset: int) -> str | None:
    """``"string"`` or ``"comment"`` where a character typed at ``offset`` would be part of one.

    Code interpolated into a string is code: ``None``. A string that is not closed yet is told by
    its quote.
    """
    at = tree.source.to_byte(offset)
    left = max(at - 1, 0)
    find = tree.tree.root_node.descendant_for_byte_range
    for node in _upwards(find(left, at)):
        if node.type in INTERPOLATIONS and node.start_byte < at < node.end_byte:
            return None
        if node.type in STRINGS and node.start_byte < at < node.end_byte:
            return "string"
    source = tree.source.data
    broken = tree.is_stale
    # A line comment ends where the cursor stands, so it is looked for on the left.
    for node in _upwards(find(left, left)):
        if node.type in COMMENTS and _reaches(source, node, at):
            return "comment"
        broken = broken or (node.has_error and node.parent is not None)
    return "string" if broken and _open_quote(text[line_start(text, offset) : offset]) else None


def opens_block(tree: SyntaxTree | None, text: str, offset: int, language: str) -> bool:
    """Does the code just before ``offset`` begin a block (``{``, Python's ``:``, ``then``, ...)?

    Spaces and line ends between the two do not count. Without a tree, strings are taken for code.
    """
    end = len(text[max(offset - 2000, 0) : offset].rstrip()) + max(offset - 2000, 0)
    if tree is not None and is_in_string_or_comment(tree, text, end):
        return False
    return lexical.opens_block(text[line_start(text, end) : end], language)


def _tell(tree: Any, before: Source, edit: Edit, after: Source) -> None:
    start, row, column = edit.span.start, *before.point(edit.span.start)
    end, new_end = edit.span.end, start + len(edit.new_text)
    tree.edit(
        start_byte=before.to_byte(start),
        old_end_byte=before.to_byte(end),
        new_end_byte=after.to_byte(new_end),
        start_point=(row, column),
        old_end_point=_further((row, column), before.text[start:end]),
        new_end_point=_further((row, column), edit.new_text),
    )


def _further(point: tuple[int, int], text: str) -> tuple[int, int]:
    """The point behind a text that begins at a point."""
    rows, last = text.count("\n"), len(utf_8(text[text.rfind("\n") + 1 :]))
    return (point[0] + rows, last) if rows else (point[0], point[1] + last)


def _item(root: Any, at: int) -> Any | None:
    """The child of the root at a byte."""
    node = root.descendant_for_byte_range(at, at)
    while node is not None and node.parent is not None and node.parent.parent is not None:
        node = node.parent
    return node if node is not None and node.parent is not None else None


def _upwards(node: Any) -> Iterator[Any]:
    while node is not None:
        yield node
        node = node.parent


def _between(root: Any, start: int, end: int) -> Iterator[Any]:
    """All nodes that touch the bytes ``start:end``, parents first."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.start_byte < end and node.end_byte > start:
            yield node
            waiting.extend(reversed(node.named_children))


def _reaches(source: bytes, node: Any, at: int) -> bool:
    """Is ``at`` inside the comment, or at the open end of one that a line end closes?"""
    if node.start_byte < at < node.end_byte:
        return True
    comment = source[node.start_byte : node.end_byte]
    closed = comment.endswith((b"*/", b"-->", b"]]", b"\n"))
    return at == node.end_byte and not closed


def _open_quote(line: str) -> bool:
    """Does a quote stand open at the end of the line?"""
    quote = ""
    escaped = False
    for char in line:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'`":
            quote = char
    return bool(quote)
