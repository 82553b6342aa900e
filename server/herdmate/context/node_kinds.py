"""What kind of code is at a position, to decide which actions to offer there."""

from __future__ import annotations

from typing import Any

from herdmate.context.ancestors import ancestors
from herdmate.context.definitions import is_container, is_definition
from herdmate.context.languages import FUNCTION_VALUES, WITHOUT_FUNCTIONS
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span

_MOST_NODES = 5_000


def kinds_around(tree: SyntaxTree, span: Span) -> frozenset[str]:
    """Which of ``"definition"``, ``"function"`` and ``"loop"`` are in or around a span.

    A loop counts if it is inside the span, or around the span with no function in between.
    """
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    found: set[str] = set()
    around = ancestors(tree.tree.root_node, start, max(start, end - 1))
    for node in around:
        if "function" in found:
            break
        found |= _kinds(node, tree.language)
    waiting = around[:1]
    for _ in range(_MOST_NODES):
        if not waiting:
            break
        node = waiting.pop()
        if node.start_byte < end and node.end_byte > start:
            found |= _kinds(node, tree.language)
            waiting += reversed(node.named_children)
    return frozenset(found)


def symbol_at(tree: SyntaxTree, text: str, offset: int) -> str:
    """The name at ``offset`` or ending there; ``""`` if there is none."""
    at = tree.source.to_byte(offset)
    for place in (at, max(at - 1, 0)):
        node = tree.tree.root_node.descendant_for_byte_range(place, place)
        if node is not None and node.type.endswith("identifier") and not node.named_children:
            data = tree.source.data[node.start_byte : node.end_byte]
            return data.decode("utf-8", "replace")
    return ""


_LOOPS = frozenset(
    {"for_statement", "while_statement", "for_in_statement", "enhanced_for_statement"}
    | {"foreach_statement", "for_each_statement", "for_range_loop", "for_expression"}
    | {"while_expression", "loop_expression", "do_statement", "repeat_while_statement"}
)


def _kinds(node: Any, language: str) -> set[str]:
    if node.type in _LOOPS:
        return {"loop"}
    if is_definition(node, language):
        has_members = is_container(node) or language in WITHOUT_FUNCTIONS
        return {"definition"} if has_members else {"definition", "function"}
    return {"function"} if node.type in FUNCTION_VALUES and node.is_named else set()
