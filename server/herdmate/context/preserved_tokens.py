"""Code reduced to the tokens that a change of a given kind must preserve."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from herdmate.context.definitions import is_container, is_definition
from herdmate.context.languages import BODIES, COMMENTS, FUNCTION_VALUES, STRINGS
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span


@dataclass(frozen=True, slots=True)
class Leaf:
    """One token. ``is_name``: it names a variable, not a member of something else.

    ``binds``: it gets its value here, inside a function, so nothing outside the function knows it.
    """

    text: str
    is_name: bool = False
    binds: bool = False


def leaves(tree: SyntaxTree, span: Span, without: Collection[str]) -> tuple[Leaf, ...]:
    """The tokens in a span, without the whitespace between them; braces mark blocks.

    ``without`` says what to leave out: ``"documentation"`` (comments and Python's docstrings),
    ``"types"`` (annotations of parameters, results and variables).
    """
    source = tree.source
    start, end = source.to_byte(span.start), source.to_byte(span.end)
    found = list(_leaves(tree, start, end, without))
    return tuple(
        leaf
        for leaf, after in zip(found, [*found, Leaf("")][1:], strict=True)
        if not (leaf.text == "," and after.text in (")", "]", "}"))
    )


def renamed(before: tuple[Leaf, ...], after: tuple[Leaf, ...]) -> dict[str, str] | None:
    """Old names to new ones, if that is the only difference; ``None`` if there is any other.

    The renaming is consistent, and no two names became the same.
    """
    if len(before) != len(after):
        return None
    names: dict[str, str] = {}
    for old, new in zip(before, after, strict=True):
        if old.is_name and new.is_name:
            if names.setdefault(old.text, new.text) != new.text:
                return None
        elif old.text != new.text:
            return None
    return names if len(set(names.values())) == len(names) else None


_BINDING = frozenset(
    {"assignment", "augmented_assignment", "for_statement", "for_in_clause", "named_expression"}
    | {"as_pattern_target", "pattern_list", "tuple_pattern", "list_pattern", "parameters"}
    | {"lambda_parameters", "default_parameter", "typed_parameter", "typed_default_parameter"}
    | {"variable_declarator", "formal_parameters", "required_parameter", "optional_parameter"}
    | {"assignment_pattern", "array_pattern", "for_in_statement", "catch_clause", "arrow_function"}
)
_MEMBERS = frozenset({"attribute", "field", "property"})
_ANNOTATED = frozenset({"typed_parameter", "typed_default_parameter", "assignment"})
_TYPES = frozenset({"type", "type_annotation", "type_parameters"})


def _leaves(tree: SyntaxTree, start: int, end: int, without: Collection[str]) -> Iterator[Leaf]:
    data = tree.source.data
    waiting: list[Leaf | _Place] = [_Place(tree.tree.root_node, None, False)]
    while waiting:
        place = waiting.pop()
        if isinstance(place, Leaf):
            yield place
            continue
        node = place.node
        if node.start_byte >= end or node.end_byte <= start or _is_left_out(place, tree, without):
            continue
        children = node.children
        if children and node.type not in STRINGS and node.type not in COMMENTS:
            in_function = place.in_function
            if is_definition(node, tree.language) or node.type in FUNCTION_VALUES:
                in_function = not is_container(node)
            inner: list[Leaf | _Place] = [_Place(child, node, in_function) for child in children]
            if node.type in BODIES:
                inner = [Leaf("{"), *inner, Leaf("}")]
            waiting += reversed(inner)
        elif text := data[node.start_byte : node.end_byte].decode("utf-8", "replace").strip():
            binds = place.in_function and is_bound(node, place.parent)
            yield Leaf(text, is_name(node, place.parent), binds)


@dataclass(frozen=True, slots=True)
class _Place:
    """A node and its parent, for which tree-sitter would search from the root."""

    node: Any
    parent: Any | None
    in_function: bool


def _is_left_out(place: _Place, tree: SyntaxTree, without: Collection[str]) -> bool:
    node = place.node
    if "documentation" in without and (
        node.type in COMMENTS or is_docstring(node, place.parent, tree)
    ):
        return True
    if "types" not in without:
        return False
    parent = place.parent.type if place.parent is not None else ""
    return node.type in _TYPES or node.type == "->" or (node.type == ":" and parent in _ANNOTATED)


def is_docstring(node: Any, body: Any | None, tree: SyntaxTree) -> bool:
    """Is a node of ``body`` a bare string that is the first statement of a Python body?"""
    if tree.language != "python" or body is None or body.type not in ("block", "module"):
        return False
    kinds = [child.type for child in node.named_children]
    # Newer grammars have no statement around it.
    if node.type != "string" and (node.type, kinds) != ("expression_statement", ["string"]):
        return False
    first = next((child for child in body.named_children if child.type not in COMMENTS), None)
    if first is None or first.start_byte != node.start_byte:
        return False
    return body.parent is None or is_definition(body.parent, tree.language)


def is_name(node: Any, parent: Any | None) -> bool:
    """Does a node name a variable, rather than a member of something else?"""
    if node.type != "identifier" or parent is None:
        return False
    if parent.type == "keyword_argument":
        return not _is_same(parent.child_by_field_name("name"), node)
    return not any(_is_same(parent.child_by_field_name(field), node) for field in _MEMBERS)


def is_bound(node: Any, parent: Any | None) -> bool:
    """Does a name get its value here?"""
    if parent is None or parent.type not in _BINDING:
        return False
    if parent.type in ("assignment", "augmented_assignment", "for_statement", "for_in_clause",
                       "for_in_statement"):  # fmt: skip
        return _is_same(parent.child_by_field_name("left"), node)
    if parent.type in ("variable_declarator", "named_expression"):
        return _is_same(parent.child_by_field_name("name"), node)
    return True


def _is_same(one: Any | None, other: Any) -> bool:
    return one is not None and (one.start_byte, one.end_byte) == (other.start_byte, other.end_byte)
