"""Queries on a syntax tree: what is at a place in the text, and what encloses it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from herdmate.context import lexical
from herdmate.context.ancestors import ancestors, child_at
from herdmate.context.definitions import is_definition, name_of, with_attributes
from herdmate.context.languages import COMMENTS, IMPORTS, INTERPOLATIONS, STRINGS, line_comment
from herdmate.context.line_kinds import kind_at
from herdmate.context.syntax import SyntaxTree
from herdmate.text import LINE_BREAK, Span, line_end, line_start, with_line_feeds


def first_error(tree: SyntaxTree, span: Span) -> int:
    """The offset of the first syntax error in a span; the span's start if there is none."""
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
    """The innermost function, method, class or similar that contains all of ``span``.

    Includes its decorators, attributes and ``export``. ``None`` at the top level.
    """
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    for node in ancestors(tree.tree.root_node, start, end):
        if is_definition(node, tree.language):
            whole = with_attributes(node)
            return Span(tree.source.to_offset(whole[0]), tree.source.to_offset(whole[1]))
    return None


def items_around(tree: SyntaxTree, text: str, offset: int) -> Span:
    """The top-level items on both sides of ``offset``, and their neighbours, in whole lines.

    The whole text if the tree cannot tell.
    """
    root = tree.tree.root_node
    left, right = text[:offset].rstrip(), text[offset:].lstrip()
    start, end = 0, len(text)
    if root.type == "ERROR":
        return Span(start, end)
    first = child_at(root, tree.source.to_byte(len(left) - 1)) if left else None
    last = child_at(root, tree.source.to_byte(len(text) - len(right))) if right else None
    if first is not None and (before := first.prev_sibling) is not None:
        start = line_start(text, tree.source.to_offset(before.start_byte))
    if last is not None and (behind := last.next_sibling) is not None:
        end = line_end(text, tree.source.to_offset(behind.end_byte))
    return _widened(text, Span(start, end))


_MOST_ROWS = 5_000

_BEGINS_ITEM = re.compile(r"^[^\s)\]}]", re.MULTILINE)


def _widened(text: str, span: Span) -> Span:
    """The span extended to unindented lines, since a syntax error makes items seem to end early."""
    start = span.start
    while start and text[start : start + 1] in " \t\r\n)]}":
        start = line_start(text, start - 1)
    found = _BEGINS_ITEM.search(text, span.end + 1)
    return Span(start, max(found.start() - 1 if found else len(text), span.end))


def definition_names(tree: SyntaxTree, text: str, span: Span | None = None) -> tuple[str, ...]:
    """The names defined in ``span``, by default everywhere, in text order."""
    start = tree.source.to_byte(span.start) if span else 0
    end = tree.source.to_byte(span.end) if span else tree.source.to_byte(len(text))
    source = tree.source.data
    nodes = between(tree.tree.root_node, start, end)
    names = (name_of(node) for node in nodes if is_definition(node, tree.language))
    return tuple(
        source[name.start_byte : name.end_byte].decode("utf-8", "replace")
        for name in names
        if name is not None and start <= name.start_byte and name.end_byte <= end
    )


def named_definitions(tree: SyntaxTree, span: Span) -> tuple[tuple[str, Span], ...]:
    """The definitions that overlap ``span``, each with its name, in text order."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    found = []
    for node in between(tree.tree.root_node, start, end):
        if is_definition(node, tree.language) and (name := name_of(node)) is not None:
            said = tree.source.text_of(name)
            first, last = (
                tree.source.to_offset(node.start_byte),
                tree.source.to_offset(node.end_byte),
            )
            found.append((said, Span(first, last)))
    return tuple(found)


def imports(tree: SyntaxTree, text: str) -> tuple[Span, ...]:
    """The top-level statements that bring in names: imports, includes, uses, the package."""
    return tuple(
        Span(tree.source.to_offset(node.start_byte), tree.source.to_offset(node.end_byte))
        for node in tree.tree.root_node.children
        if node.type in IMPORTS
    )


def is_in_string_or_comment(tree: SyntaxTree, text: str, offset: int) -> str | None:
    """``"string"`` or ``"comment"`` if a character typed at ``offset`` would be part of one.

    ``None`` for code, even if it is interpolated into a string. A string that is not closed yet is
    recognised by its quote.
    """
    at = tree.source.to_byte(offset)
    left = max(at - 1, 0)
    root = tree.tree.root_node
    around = ancestors(root, left, at)
    for node in around:
        ends = node.type.startswith("interpolated")  # its brackets belong to the string
        if node.type in INTERPOLATIONS and node.start_byte < at < node.end_byte + ends:
            return None
        if node.type == "raw_text" and node.start_byte <= at <= node.end_byte:
            return _in_script(node, text[tree.source.to_offset(node.start_byte) : offset])
        is_string = node.type in STRINGS and not _is_lost(node, around)
        if is_string and node.start_byte < at < node.end_byte:
            return _in_string(tree, text[tree.source.to_offset(node.start_byte) : offset])
    source = tree.source.data
    broken = tree.is_stale
    # A line comment ends right at the cursor, so its nodes are those on the left.
    for node in around:
        if node.type in COMMENTS and _reaches(source, node, at, tree.language):
            return "comment"
        broken = broken or (node.has_error and node.id != root.id)
    return (
        "string"
        if broken and lexical.is_quote_open(text[line_start(text, offset) : offset])
        else None
    )


def _in_script(node: Any, begun: str) -> str | None:
    """What the script or style of a page is in at the end of what has begun."""
    return _inner_kind(begun, "css" if node.parent.type == "style_element" else "typescript")


def _in_string(tree: SyntaxTree, begun: str) -> str | None:
    """What a string that has begun holds: text, or the code that SQL writes between dollars."""
    if tree.language != "sql" or (opened := _DOLLARS.match(begun)) is None:
        return "string"
    return _inner_kind(begun[opened.end() :], tree.language)


def _inner_kind(begun: str, language: str) -> str | None:
    """What code within other code is in at its end; a long one is judged by its last lines."""
    start = begun.rfind("\n", 0, max(len(begun) - _REACH, 0)) + 1
    kind = kind_at(with_line_feeds(begun[start:]), language)
    return None if kind == "code" else kind


_REACH = 4000
"""Characters of code within other code that are read at each key."""


def _is_lost(node: Any, around: Iterable[Any]) -> bool:
    """Has a grammar that cannot read the code taken what is between two strings for one?"""
    is_broken = node.has_error or any(outer.type == "ERROR" for outer in around)
    return is_broken and node.end_point[0] - node.start_point[0] > _MOST_ROWS_IF_BROKEN


_MOST_ROWS_IF_BROKEN = 20

_DOLLARS = re.compile(r"\$\w*\$")


def rows_in_strings(tree: SyntaxTree, text: str, span: Span) -> frozenset[int]:
    """The rows of a span, from 0, that begin inside a string literal; of a long one, the first."""
    rows: set[int] = set()
    breaks = LINE_BREAK.finditer(text, span.start, span.end)
    for row, line_break in enumerate(islice(breaks, _MOST_ROWS), start=1):
        if is_in_string_or_comment(tree, text, line_break.end()) == "string":
            rows.add(row)
    return frozenset(rows)


def is_broken_at(tree: SyntaxTree, offset: int) -> bool:
    """Does the top-level item on either side of ``offset`` have a syntax error?"""
    at = tree.source.to_byte(offset)
    around = (child_at(tree.tree.root_node, max(at - 1, 0)), child_at(tree.tree.root_node, at))
    return any(node is not None and node.has_error for node in around)


def has_error_outside(tree: SyntaxTree, span: Span) -> bool:
    """Does an item of the top level that is not in ``span`` have a syntax error?"""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    return any(
        node.has_error and (node.end_byte <= start or node.start_byte >= end)
        for node in tree.tree.root_node.children
    )


def opens_block(tree: SyntaxTree | None, text: str, offset: int, language: str) -> bool:
    """Does the code just before ``offset`` begin a block (``{``, Python's ``:``, ``then``, ...)?

    Ignores spaces and line endings in between. Without a tree, strings are taken for code.
    """
    end = len(text[max(offset - 2000, 0) : offset].rstrip()) + max(offset - 2000, 0)
    if tree is not None and is_in_string_or_comment(tree, text, end):
        return False
    return lexical.opens_block(text[line_start(text, end) : end], language)


def between(root: Any, start: int, end: int) -> Iterator[Any]:
    """All nodes that overlap the bytes ``start:end``, parents first."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.start_byte < end and node.end_byte > start:
            yield node
            waiting.extend(reversed(node.named_children))


_LONE_RETURN = re.compile(rb"\r(?!\n)")
_BLOCKS = (b"/*", b"<!--", b"{-", b"(*", b"--[", b"#=", b"=begin", b"<#")
"""What begins a comment that can span several lines."""


def _reaches(source: bytes, node: Any, at: int, language: str) -> bool:
    """Is ``at`` inside a comment, or at the end of one that only a line ending closes?

    Grammars end a line comment only at a line feed; our lines also end at a carriage return.
    """
    begun = source[node.start_byte : at]
    if _LONE_RETURN.search(begun) and not begun.startswith(_BLOCKS):
        line = begun.decode("utf-8", "replace").rpartition("\r")[2]
        mark = line_comment(language) or "\r"
        return (
            line.lstrip().startswith(mark) or lexical.trailing_comment(line, language) is not None
        )
    if node.start_byte < at < node.end_byte:
        return True
    comment = source[node.start_byte : node.end_byte]
    closed = comment.endswith((b"*/", b"-->", b"]]", b"\n"))
    return at == node.end_byte and not closed
