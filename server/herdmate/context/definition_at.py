"""Which definition a person means by a place in a file: the innermost one whose lines it is on.

A syntax tree knows where a definition begins and ends to the byte; people put the cursor on a
decorator, before ``def``, after the closing brace or on the comment above.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from herdmate.context.ancestors import ancestors
from herdmate.context.definitions import is_container, is_definition, with_attributes
from herdmate.context.languages import (
    ASSIGNMENTS,
    ATTRIBUTES,
    COMMENTS,
    FUNCTION_VALUES,
    WRAPPERS,
)
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span, line_end, line_start

_MOST_ABOVE = 50
"""Comments and attributes above one definition; each is searched for from the root."""

_MOST_BLANK = 20
"""Blank lines between a member of a class and a cursor that still means it."""

_DEEPEST_FIRST = 3
"""Nodes that may begin where their first definition does, as a block does."""

_MOST_WRAPPED = 3
"""Calls around a function, as in ``memo(forwardRef((props, ref) => ...))``."""

_NAMED_VALUES = frozenset(
    {"field_definition", "public_field_definition", "pair", "assignment_expression"}
)
"""Nodes of JavaScript that name a function if their value is one of ``FUNCTION_VALUES``."""

_CLOSING_LINE = re.compile(r"\s*(?:[)\]}]|end\b|End\b|fi\b|done\b|esac\b)")


@dataclass(frozen=True, slots=True)
class Found:
    """A definition with its decorators; ``lines`` are whole, and include the comment above it."""

    span: Span
    lines: Span
    is_container: bool


def definition_at(tree: SyntaxTree, text: str, span: Span) -> Span | None:
    """The innermost definition whose lines hold those of ``span``; ``None`` if there is none.

    Its lines are also those of its decorators, its attributes and the comment directly above it;
    the result begins at the decorators. Between two members of a class it is the one above.
    """
    found = found_at(tree, text, span)
    return None if found is None else found.span


def found_at(tree: SyntaxTree, text: str, span: Span) -> Found | None:
    """The same with its lines."""
    first, last = _visible(text, span)
    if first == last:
        return _at_blank_line(tree, text, span.start)
    if span.is_empty:
        return _at_cursor(tree, text, first, min(max(span.start, first), last - 1))
    return _around(tree, text, first, last)


def untorn(tree: SyntaxTree, text: str, span: Span) -> Span:
    """A span, widened to hold the definitions of which it has the head or the closing line only.

    A head selected without any of its body is left alone, and so is a class less than half of
    which is selected.
    """
    return widened(text, span, lambda at: _innermost(tree, text, at))


def widened(text: str, span: Span, innermost: Callable[[int], Found | None]) -> Span:
    """``untorn``, given how to find the innermost definition at an offset."""
    first, last = _visible(text, span)
    if first == last:
        return span
    start, end = line_start(text, first), line_end(text, last)
    for found in (innermost(first), innermost(last - 1)):
        if found is None:
            continue
        closing = text[line_start(text, found.span.end - 1) : found.span.end]
        if not _is_meant(found, text, start, end):
            continue
        if start <= found.span.start < end < found.lines.end:
            span = Span(span.start, max(span.end, found.span.end))
        elif found.lines.start < start < found.lines.end <= end and _CLOSING_LINE.match(closing):
            span = Span(min(span.start, found.span.start), span.end)
    return span


def _is_meant(found: Found, text: str, start: int, end: int) -> bool:
    """Are enough lines of a definition between two offsets that all of it is meant?"""
    part = text[max(start, found.span.start) : min(end, found.span.end)].strip()
    count, of = part.count("\n"), text[found.span.start : found.span.end].count("\n")
    return count > 0 and (not found.is_container or 2 * count >= of)


def _at_blank_line(tree: SyntaxTree, text: str, offset: int) -> Found | None:
    around = _enclosing(tree, text, offset, offset)
    if around is None or not around.is_container:
        return around
    above = text[:offset].rstrip()
    if text.count("\n", len(above), offset) > _MOST_BLANK:
        return around
    found = _innermost(tree, text, len(above) - 1)
    return found if found and found.span.end >= len(above) else around


def _at_cursor(tree: SyntaxTree, text: str, first: int, offset: int) -> Found | None:
    """At a visible character; ``first`` is the first one on its line."""
    found, other = _innermost(tree, text, offset), _innermost(tree, text, first)
    if found is None or other is None:
        return found or other
    is_inside = found.lines.start <= other.lines.start and other.lines.end <= found.lines.end
    return other if is_inside else found


def _around(tree: SyntaxTree, text: str, first: int, last: int) -> Found | None:
    found = (_innermost(tree, text, at) for at in (first, last - 1))
    whole = [
        item for item in found if item and item.lines.start <= first and last <= item.lines.end
    ]
    whole += filter(None, [_enclosing(tree, text, first, last)])
    return min(whole, key=lambda item: item.span.end - item.span.start, default=None)


def _visible(text: str, span: Span) -> tuple[int, int]:
    """The offsets of the first, and just after the last, non-blank character on a span's lines."""
    start, end = line_start(text, span.start), span.end
    if span.is_empty or line_start(text, end) != end:
        end = line_end(text, end)
    lines = text[start:end]
    return start + len(lines) - len(lines.lstrip()), start + len(lines.rstrip())


def _innermost(tree: SyntaxTree, text: str, offset: int) -> Found | None:
    """The definition whose code, decorators or leading comment has the character at ``offset``."""
    start, end = tree.source.to_byte(offset), tree.source.to_byte(offset + 1)
    for node in ancestors(tree.tree.root_node, start, end):
        if node.type in COMMENTS or node.type in ATTRIBUTES:
            node = _below(node, tree.language) or node
        elif node.type in WRAPPERS:
            node = _first_definition(node, tree.language) or node
        if _defines(node, tree.language):
            return place_of(tree, text, node)
    return None


def _enclosing(tree: SyntaxTree, text: str, start: int, end: int) -> Found | None:
    """The innermost definition that has all of the code between two offsets."""
    first, last = tree.source.to_byte(start), tree.source.to_byte(end)
    around = ancestors(tree.tree.root_node, first, last)
    node = next((node for node in around if _defines(node, tree.language)), None)
    return None if node is None else place_of(tree, text, node)


def _defines(node: Any, language: str) -> bool:
    if node.type in _NAMED_VALUES:
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        return value is not None and value.type in FUNCTION_VALUES
    return is_definition(node, language) or (node.type in ASSIGNMENTS and _wraps_function(node))


def _wraps_function(node: Any) -> bool:
    """Does a declaration outside functions pass one on, as ``const A = memo(() => ...)`` does?"""
    if node.parent is None or node.parent.type not in {"program", *WRAPPERS}:
        return False
    values = [child.child_by_field_name("value") for child in node.named_children[:9]]
    for _ in range(_MOST_WRAPPED):
        calls = [value for value in values if value is not None and value.type == "call_expression"]
        given = [call.child_by_field_name("arguments") for call in calls]
        values = [value for values in filter(None, given) for value in values.named_children[:9]]
        if any(value.type in FUNCTION_VALUES for value in values):
            return True
    return False


def _below(node: Any, language: str) -> Any | None:
    """The definition that a comment or an attribute directly above it belongs to."""
    for _ in range(_MOST_ABOVE):
        after = node.next_sibling
        while after is None and (around := node.parent) and around.end_byte == node.end_byte:
            node, after = around, around.next_sibling  # a comment can be the end of an import
        if after is None or after.start_point[0] - node.end_point[0] > 1:
            return None
        if after.type not in COMMENTS and after.type not in ATTRIBUTES:
            return _first_definition(after, language)
        node = after
    return None


def _first_definition(node: Any, language: str) -> Any | None:
    """The definition that a node is, wraps or begins with."""
    for _ in range(_DEEPEST_FIRST):
        if _defines(node, language):
            return node
        if node.type in WRAPPERS:
            within = (child for child in node.named_children if _defines(child, language))
            return next(within, None)
        children = node.named_children
        if not children or children[0].start_byte != node.start_byte:
            return None
        node = next((one for one in children if one.type not in ATTRIBUTES), children[0])
    return None


def place_of(tree: SyntaxTree, text: str, node: Any) -> Found:
    """Where the definition of a node is."""
    first, last = with_attributes(node)
    start, end = tree.source.to_offset(first), tree.source.to_offset(last)
    end = start + len(text[start:end].rstrip())
    lines = Span(line_start(text, _first_above(tree, node, start)), line_end(text, end))
    return Found(Span(start, end), lines, is_container(node))


def _first_above(tree: SyntaxTree, node: Any, start: int) -> int:
    """Where the comments and attributes directly above a definition begin, else ``start``."""
    while node.parent is not None and node.parent.type in WRAPPERS:
        node = node.parent
    for _ in range(_MOST_ABOVE):
        before = node.prev_sibling
        if before is None or before.type not in COMMENTS | ATTRIBUTES:
            break
        if node.start_point[0] - before.end_point[0] > 1 or not _begins_its_line(tree, before):
            break
        node = before
    return min(start, tree.source.to_offset(node.start_byte))


def _begins_its_line(tree: SyntaxTree, node: Any) -> bool:
    row_start = node.start_byte - node.start_point[1]
    return not tree.source.data[row_start : node.start_byte].strip()
