"""The ancestors of a position in a syntax tree.

tree-sitter nodes do not know their parents: ``node.parent`` searches from the root. Walking all the
way up like that takes minutes in a sum of 100,000 terms, so we record the path on the way down.
"""

from __future__ import annotations

from typing import Any

_MOST_EMPTY = 8


def ancestors(root: Any, start: int, end: int) -> list[Any]:
    """The innermost node that contains the bytes ``start:end``, then its parent, and so on."""
    node, empty = root.descendant_for_byte_range(start, end), list[Any]()
    # The way down misses empty nodes, because other nodes begin at the same position.
    while node is not None and node.start_byte == node.end_byte and len(empty) < _MOST_EMPTY:
        empty.append(node)
        node = node.parent
    return empty if node is None else [*empty, *_way_up(root, node)]


DEEPEST_TREE = 5_000
"""Levels of nested nodes, as in a sum of that many terms; walking up takes time for each one."""

_BETWEEN_PROBES = 1_000  # bytes
_MOST_PROBES = 500
_MOST_STEPS = 40_000
"""In all probes together; a long hand-written file takes 10,000."""


def child_at(root: Any, at: int) -> Any | None:
    """The root's child at a byte; ``None`` between two of them."""
    node = root.descendant_for_byte_range(at, at)
    if node is not None and node.start_byte == node.end_byte:
        return next(iter(ancestors(root, at, at)[-2:-1]), None)
    return None if node is None else next(iter(_way_down(root, node, 2)[1:]), None)


def is_too_deep(root: Any) -> bool:
    """Does a tree nest more deeply than ``DEEPEST_TREE``, give or take a thousand?

    Looks only at some places: anything nested that deeply is long.
    """
    step, steps = max(_BETWEEN_PROBES, root.end_byte // _MOST_PROBES), 0
    places = range(root.start_byte, root.end_byte, step)
    for at in (*places, max(root.end_byte - 1, 0)):
        depth = _depth(root, at)
        steps += depth
        if depth > DEEPEST_TREE or steps > _MOST_STEPS:
            return True
    return False


def _depth(root: Any, at: int) -> int:
    """How many nodes contain a byte; not counted beyond ``DEEPEST_TREE``."""
    return len(_way_down(root, root.descendant_for_byte_range(at, at + 1), DEEPEST_TREE + 1))


def _way_up(root: Any, node: Any) -> list[Any]:
    """A node and its ancestors; without the nearest ones if the way down ends before it."""
    way = _way_down(root, node)
    if way[-1].id == node.id:
        return way[::-1]
    start, end = node.start_byte, node.end_byte
    return [node, *(one for one in way[::-1] if one.start_byte <= start and end <= one.end_byte)]


def _way_down(root: Any, node: Any, most: int | None = None) -> list[Any]:
    """The nodes from the root to ``node``, or to where the way ends or misses it."""
    way, cursor = [root], root.walk()
    while way[-1].id != node.id and len(way) != most:
        if cursor.goto_first_child_for_byte(node.start_byte) is False:
            # Version 0.21 returns this for the first child, and the cursor still shows the parent.
            cursor.goto_parent()
            cursor.goto_first_child()
        while cursor.node.end_byte <= node.start_byte and cursor.goto_next_sibling():
            pass  # version 0.21 stops at a child that ends there
        inner = cursor.node
        if inner.id == way[-1].id:
            break
        way.append(inner)
    return way
