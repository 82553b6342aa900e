"""Nodes that define something: which ones they are, where they begin, their names and heads."""

from __future__ import annotations

from typing import Any

from herdmate.context.languages import (
    ASSIGNMENTS,
    ATTRIBUTES,
    BODIES,
    CONTAINERS,
    FUNCTION_VALUES,
    LANGUAGES,
    WRAPPERS,
)

_MOST_AROUND = 50
"""Decorators of one definition; each is searched for from the root."""


def is_definition(node: Any, language: str) -> bool:
    """Does a node define something worth naming?"""
    if node.type in LANGUAGES[language].definitions:
        # ``class`` is Ruby's node for a class and also every language's keyword; ``function`` is
        # also Haskell's node for the type of one.
        return bool(node.is_named) and not (language == "haskell" and _is_type(node))
    return node.type in ASSIGNMENTS and _assigned_function(node) is not None


def _is_type(node: Any) -> bool:
    return node.type == "function" and node.child_by_field_name("result") is not None


def is_container(node: Any) -> bool:
    """Does a definition have members, as a class does and a function does not?"""
    return any(word in node.type for word in CONTAINERS)


def with_attributes(node: Any) -> tuple[int, int]:
    """The byte range of a definition with its decorators, attributes and ``export``."""
    for _ in range(_MOST_AROUND):
        parent = node.parent
        if parent is None or parent.type not in WRAPPERS:
            break
        node = parent
    start = node
    for _ in range(_MOST_AROUND):
        before = start.prev_sibling
        if before is None or before.type not in ATTRIBUTES:
            break
        start = before
    return start.start_byte, node.end_byte


def name_of(node: Any) -> Any | None:
    """The node of a definition's name: C hides it in declarators, others have a field for it."""
    if node.type in ASSIGNMENTS:
        node = _assigned_function(node)
    for field in ("name", "type", "declarator"):
        found = node.child_by_field_name(field)
        if found is not None and field == "declarator":
            while (inner := found.child_by_field_name("declarator")) is not None:
                found = inner
        if found is not None and not (field == "type" and node.type != "impl_item"):
            return found
    for child in node.named_children:
        if child.type in _NAMES:
            return child
        if child.type == "type_spec":
            return child.child_by_field_name("name")
    return None


def head_end(node: Any) -> int | None:
    """The byte at which a definition's body begins; ``None`` if it has none."""
    if node.type in ASSIGNMENTS:
        declarator = _assigned_function(node)
        node = declarator.child_by_field_name("value") if declarator is not None else node
    body = node.child_by_field_name("body")
    if body is None:
        body = next((child for child in node.children if child.type in BODIES), None)
    return None if body is None else int(body.start_byte)


def _assigned_function(node: Any) -> Any | None:
    """The declarator of ``const name = () => ...``."""
    for child in node.named_children:
        value = child.child_by_field_name("value")
        if value is not None and value.type in FUNCTION_VALUES:
            return child
    return None


_NAMES = frozenset(
    {"identifier", "simple_identifier", "type_identifier", "name", "word", "selectors"}
)
