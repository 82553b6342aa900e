"""What a place in a tree lies in.

Nodes of tree-sitter do not know what holds them: ``node.parent`` looks for it from the root. All
the way up that takes minutes in a sum of 100,000 terms, so the way is noted going down.
"""

from __future__ import annotations

from typing import Any

_MOST_STEPS = 200  # where the way down is not found


def ancestors(root: Any, start: int, end: int) -> list[Any]:
    """The innermost node that holds the bytes ``start:end``, what holds that, and so on."""
    node = root.descendant_for_byte_range(start, end)
    if node is None:
        return []
    way = [root]
    cursor = root.walk()
    while way[-1].id != node.id:
        cursor.goto_first_child_for_byte(node.start_byte)  # what it returns differs by version
        inner = cursor.node
        if inner.id == way[-1].id:
            return _upwards(node)
        way.append(inner)
    way.reverse()
    return way


def _upwards(node: Any) -> list[Any]:
    """Of a node without text, beside which others begin."""
    way: list[Any] = []
    while node is not None and len(way) < _MOST_STEPS:
        way.append(node)
        node = node.parent
    return way
