"""What code promises its callers: the definitions in a span, their heads and parameters.

Definitions inside a function are private to it and left out, unless the span is inside that
function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from herdmate.context.definitions import (
    head_end,
    is_container,
    is_definition,
    name_of,
    with_attributes,
)
from herdmate.context.languages import ASSIGNMENTS, COMMENTS
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """One definition.

    ``name`` is qualified by its containers in the span (``Shop.total``). ``parameters`` are the
    bare names of a function's parameters. ``head`` is the code before the body, normalised for
    comparison, and ``shown`` the same for people; both are ``""`` if there is no body.
    """

    name: str
    parameters: tuple[str, ...]
    head: str
    is_async: bool = False
    shown: str = field(default="", compare=False)


def signatures(tree: SyntaxTree, span: Span) -> tuple[Signature, ...]:
    """All definitions whose names are in a span, sorted."""
    source = tree.source.data
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    found = []
    waiting: list[tuple[Any, str]] = [(tree.tree.root_node, "")]
    while waiting:
        node, holder = waiting.pop()
        if node.start_byte >= end or node.end_byte <= start:
            continue
        goes_in = True
        name = name_of(node) if is_definition(node, tree.language) else None
        if name is not None and start <= name.start_byte and name.end_byte <= end:
            item = _signature(node, name, source, holder)
            found.append(item)
            holder, goes_in = f"{item.name}.", is_container(node)
        if goes_in:
            waiting += [(child, holder) for child in node.named_children]
    return tuple(sorted(found))


def parameter_names(node: Any, source: bytes) -> tuple[str, ...]:
    """The bare names of a function's parameters, in order; empty if it takes none."""
    holder = _parameters(node)
    if holder is None:
        return ()
    if holder.type.endswith("identifier"):
        return (_plain(source, holder),)
    parts = (child for child in holder.named_children if child.type not in COMMENTS)
    return tuple(name for part in parts for name in _names(part, source))


def _signature(node: Any, name: Any, source: bytes, holder: str) -> Signature:
    body = head_end(node)
    head = b"" if body is None else _without_comments(node, source, body)
    words = source[node.start_byte : name.start_byte if body is None else body].split()
    shown = " ".join(head.decode("utf-8", "replace").split()).rstrip("{ ")
    called = holder + _plain(source, name)
    parameters = parameter_names(node, source)
    return Signature(called, parameters, _bare(head), b"async" in words, shown)


def _without_comments(node: Any, source: bytes, body: int) -> bytes:
    """The head of a definition, with decorators but without comments, which promise nothing."""
    head, at = b"", with_attributes(node)[0]
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        if inner.type in COMMENTS:
            head, at = head + source[at : inner.start_byte], inner.end_byte
        elif inner.start_byte < body:
            waiting += [child for child in reversed(inner.children) if child.start_byte < body]
    return head + source[at : max(at, body)]


def _parameters(node: Any) -> Any | None:
    """The node of the parameters: C hides it in declarators, ``const f = …`` in a value."""
    if node.type in ASSIGNMENTS:
        values = (child.child_by_field_name("value") for child in node.named_children)
        node = next((value for value in values if value is not None), node)
    while node is not None:
        for part in ("parameters", "parameter"):
            if (found := node.child_by_field_name(part)) is not None:
                return found
        found = next((child for child in node.named_children if child.type in _HOLDERS), None)
        if found is not None:
            return found
        node = node.child_by_field_name("declarator")
    return None


_HOLDERS = frozenset({"function_value_parameters", "formal_parameter_list", "formal_parameters"})
_NAME_FIELDS = ("pattern", "name", "left", "declarator")


def _names(part: Any, source: bytes) -> Iterator[str]:
    """The names that one parameter declares: Go's ``a, b int`` declares two."""
    for wanted in _NAME_FIELDS:
        if found := part.children_by_field_name(wanted):
            yield from (_plain(source, child).strip("*&") for child in found)
            return
    if part.type in ("typed_parameter", "parameter") and part.named_children:
        part = part.named_children[0]
    yield _plain(source, part)


def _plain(source: bytes, node: Any) -> str:
    return b"".join(source[node.start_byte : node.end_byte].split()).decode("utf-8", "replace")


def _bare(code: bytes) -> str:
    """Code normalised for comparison: whitespace, quotes, commas before closing brackets."""
    text = "".join(code.decode("utf-8", "replace").split()).replace("'", '"')
    return re.sub(r",(?=[)\]}])", "", text)
