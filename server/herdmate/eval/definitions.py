"""Functions in the user's code, and where they can be cut: in their head or just after it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from herdmate.context.definitions import head_end, is_container, is_definition, name_of
from herdmate.context.syntax import SyntaxTree

_FEWEST_LINES, _MOST_LINES = 3, 25
_MOST_NODES = 50_000


def cut_definition(text: str, tree: SyntaxTree, chance: random.Random) -> tuple[int, int] | None:
    """Where a definition, chosen at random, is cut, and where it ends; ``None`` without one.

    It is a function of 3 to 25 lines, cut after the opening bracket of its parameters, after the
    head, or after what opens the body (``:``, ``{``).
    """
    places = [place for node in _nodes(tree) if (place := _cuts(node, text, tree)) is not None]
    if not places:
        return None
    cuts, end = chance.choice(places)
    return chance.choice(cuts), end


def _nodes(tree: SyntaxTree) -> Iterator[Any]:
    """The functions and methods of a file; a huge file's first ones."""
    waiting = [tree.tree.root_node]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if is_definition(node, tree.language) and not is_container(node):
            yield node
        waiting += reversed(node.named_children)


def _cuts(node: Any, text: str, tree: SyntaxTree) -> tuple[tuple[int, ...], int] | None:
    """Where a function can be cut, and where it ends; ``None`` if it is an unusual one."""
    name, body = name_of(node), head_end(node)
    if name is None or body is None:
        return None
    places = (node.start_byte, name.end_byte, body, node.end_byte)
    start, named, opened, end = (tree.source.to_offset(place) for place in places)
    end = start + len(text[start:end].rstrip())
    if not _FEWEST_LINES <= text[start:end].count("\n") + 1 <= _MOST_LINES:
        return None
    head = start + len(text[start:opened].rstrip())
    if text[opened : opened + 1] == "{":
        behind = opened + 1
    elif text[head - 1 : head] == ":":
        head, behind = head - 1, head
    else:
        return None
    bracket = text.find("(", named, head)
    return None if bracket < 0 else ((bracket + 1, head, behind), end)
