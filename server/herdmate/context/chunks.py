"""Long code, cut along its syntax into parts that are complete in themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from herdmate.context.definitions import is_container, is_definition, with_attributes
from herdmate.context.languages import BODIES, COMMENTS
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span

Fits = Callable[[Span], bool]

_DEEPEST = 20
"""Levels of nested classes that are cut up."""


def parts(tree: SyntaxTree, span: Span, fits: Fits) -> tuple[Span, ...] | None:
    """The definitions and statements in a span, in order, as many in each part as fit.

    A class that does not fit is cut into its members, and its head is in no part. ``None`` if
    something that cannot be cut does not fit.
    """
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    root = tree.tree.root_node.descendant_for_byte_range(start, max(start, end - 1))
    groups: list[list[Span]] = [[]]
    for item in _items(root, tree, start, end, fits):
        if item is None:
            groups.append([])  # what follows is not contiguous with what came before
            continue
        if not fits(item):
            return None
        last = groups[-1]
        if last and fits(Span(last[-1].start, item.end)):
            last[-1] = Span(last[-1].start, item.end)
        else:
            last.append(item)
    return tuple(item for group in groups for item in group)


def _items(
    node: Any, tree: SyntaxTree, start: int, end: int, fits: Fits, depth: int = 0
) -> Iterator[Span | None]:
    """The spans of a node's items, with ``None`` for a class's head or end between two."""
    begun: int | None = None  # start of the comments that belong to the next item
    for child in node.named_children:
        if child.start_byte >= end or child.end_byte <= start:
            continue
        if child.type in COMMENTS:
            begun = child.start_byte if begun is None else begun
            continue
        first = child.start_byte if begun is None else begun
        item = Span(tree.source.to_offset(first), tree.source.to_offset(child.end_byte))
        begun = None
        inside = None if depth == _DEEPEST or fits(item) else _body(child, tree.language)
        if inside is None:
            yield item
        else:
            yield None
            yield from _items(inside, tree, start, end, fits, depth + 1)
            yield None


def _body(node: Any, language: str) -> Any | None:
    """The body of the class or other container in a node, whatever wraps it, or ``None``."""
    while node is not None and not is_definition(node, language):
        node = next((child for child in node.named_children if _holds(child, language)), None)
    if node is None or not is_container(node):
        return None
    found = node.child_by_field_name("body")
    return found or next((child for child in node.children if child.type in BODIES), None)


def _holds(node: Any, language: str) -> bool:
    return is_definition(node, language) and with_attributes(node)[1] == node.end_byte
