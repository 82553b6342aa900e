"""The ancestors of a position in a syntax tree.

tree-sitter nodes do not know their parents: ``node.parent`` searches from the root. Walking all the
way up like that takes minutes in a sum of 100,000 terms, so we record the path on the way down.
"""

from __future__ import annotations

from typing import Any

_MOST_STEPS = 200  # if the path down is not found


def ancestors(root: Any, start: int, end: int) -> list[Any]:
    """The innermost node that contains the bytes ``start:end``, then its parent, and so on."""
    node = root.descendant_for_byte_range(start, end)
    if node is None:
        return []
    way = [root]
    cursor = root.walk()
    while way[-1].id != node.id:
        cursor.goto_first_child_for_byte(node.start_byte)  # the return value differs by version
        inner = cursor.node
        if inner.id == way[-1].id:
            return _upwards(node)
        way.append(inner)
    way.reverse()
    return way


def _upwards(node: Any) -> list[Any]:
    """The ancestors of an empty node, at whose position other nodes begin too."""
    way: list[Any] = []
    while node is not None and len(way) < _MOST_STEPS:
        way.append(node)
        node = node.parent
    return way
