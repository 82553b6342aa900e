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
    # The way down does not lead to empty nodes, at whose position other nodes begin too.
    while node is not None and node.start_byte == node.end_byte and len(empty) < _MOST_EMPTY:
        empty.append(node)
        node = node.parent
    return empty if node is None else [*empty, *_way_up(root, node)]


def _way_up(root: Any, node: Any) -> list[Any]:
    """A node and its ancestors; just the node and the root if the way down misses it."""
    way, cursor = [root], root.walk()
    while way[-1].id != node.id:
        if cursor.goto_first_child_for_byte(node.start_byte) is False:
            # Version 0.21 answers so for the first child, and goes on showing the parent.
            cursor.goto_parent()
            cursor.goto_first_child()
        while cursor.node.end_byte <= node.start_byte and cursor.goto_next_sibling():
            pass  # version 0.21 stops at a child that ends there
        inner = cursor.node
        if inner.id == way[-1].id:
            return [node, root]
        way.append(inner)
    way.reverse()
    return way
