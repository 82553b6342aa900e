"""Can a test reach a definition, and how does it import it? Only what is sure is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from herdmate.context.ancestors import ancestors
from herdmate.context.definitions import is_container, is_definition, name_of
from herdmate.context.languages import ASSIGNMENTS, ECMASCRIPT, FUNCTION_VALUES
from herdmate.context.syntax import SyntaxTree
from herdmate.context.syntax_queries import between
from herdmate.text import Span

_WITH_LOCALS = (*ECMASCRIPT, "python", "kotlin")
_WITH_PRIVATE = ("java", "kotlin")

_FUNCTIONS = FUNCTION_VALUES | {
    "function_declaration", "generator_function_declaration", "method_definition",
    "function_definition",
}  # fmt: skip
_NAMES = frozenset(
    {"identifier", "simple_identifier", "type_identifier", "property_identifier"}
    | {"shorthand_property_identifier", "string_fragment"}
)
_CALLS = frozenset({"call_expression", "call"})
_DECLARATIONS = ASSIGNMENTS | {
    "function_declaration", "generator_function_declaration", "class_declaration",
    "abstract_class_declaration",
}  # fmt: skip
_COMMON_JS = re.compile(rb"\bmodule\.exports\b|\bexports[.\[]")
_MOST_NODES = 200_000


@dataclass(frozen=True, slots=True)
class Reach:
    """``obstacle``: why no test can reach a definition and what to do, ``""`` if that is not sure.

    ``exported``: how a module of JavaScript certainly exports ``name``.
    """

    name: str = ""
    obstacle: str = ""
    exported: Literal["", "named", "default"] = ""


_UNKNOWN = Reach()


def reach_of(tree: SyntaxTree, span: Span) -> Reach:
    """How a test reaches the first definition in ``span``."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    root, language = tree.tree.root_node, tree.language
    found = next(_definitions(root, start, end, language), None)
    name = None if found is None else name_of(found)
    if found is None or name is None:
        return _UNKNOWN
    said, code = tree.source.text_of(name), tree.source.data
    around = ancestors(root, name.start_byte, name.end_byte)
    outside = [node for node in around if _is_around(node, found)]
    if language in _WITH_PRIVATE and _is_private(tree, found):
        return Reach(
            said, f"{said} is private, so a test cannot call it; test what calls it instead."
        )
    outer = next((node for node in outside if is_definition(node, language)), None)
    if outer is not None and not is_container(outer):
        return _local(tree, found, said, outer) if language in _WITH_LOCALS else _UNKNOWN
    if language not in ECMASCRIPT or any(node.type == "object" for node in outside):
        return _UNKNOWN
    if name.type == "private_property_identifier":
        return Reach(
            said, f"{said} is private, so a test cannot call it; test what calls it instead."
        )
    return _of_module(root, [found, *outside], language, code)


def _definitions(root: Any, start: int, end: int, language: str) -> Iterator[Any]:
    """The definitions whose names are within some bytes, the outer ones first."""
    for node in between(root, start, end):
        name = name_of(node) if is_definition(node, language) else None
        if name is not None and start <= name.start_byte and name.end_byte <= end:
            yield node


def _is_around(node: Any, inner: Any) -> bool:
    is_same = (node.start_byte, node.end_byte) == (inner.start_byte, inner.end_byte)
    return node.start_byte <= inner.start_byte and inner.end_byte <= node.end_byte and not is_same


def _is_private(tree: SyntaxTree, node: Any) -> bool:
    modifiers = next((child for child in node.children if child.type == "modifiers"), None)
    return modifiers is not None and "private" in tree.source.text_of(modifiers).split()


def _local(tree: SyntaxTree, node: Any, name: str, outer: Any) -> Reach:
    """A function inside another one; one that is used other than by calls may come out of it."""
    outer_name, code = name_of(outer), tree.source.data
    decorated = any(
        child.type == "decorated_definition" and _is_around(child, node)
        for child in ancestors(outer, node.start_byte, node.end_byte)
    )
    if outer_name is None or decorated or _COMMON_JS.search(code, outer.start_byte, outer.end_byte):
        return _UNKNOWN
    if _escapes(outer, node, name.encode(), code, whole=True):
        return _UNKNOWN
    around = tree.source.text_of(outer_name)
    told = (
        f"{name} is inside {around}, so a test cannot import it; write tests for {around} instead."
    )
    return Reach(name, told)


def _of_module(root: Any, way: list[Any], language: str, code: bytes) -> Reach:
    """What is at the top level of a module, or a member of a class there."""
    tops = [node for node in way if is_definition(node, language)]
    if any(not _is_class(node) for node in tops[1:]):
        return _UNKNOWN
    top, statement = (
        tops[-1],
        next((node for node in reversed(way) if node.type != "program"), None),
    )
    name = name_of(top)
    if name is None or statement is None:
        return _UNKNOWN
    said = code[name.start_byte : name.end_byte]
    shown = said.decode("utf-8", "replace")
    if statement.type == "export_statement":
        is_default = any(child.type == "default" for child in statement.children)
        return Reach(shown, exported="default" if is_default else "named")
    exports = any(node.type == "export_statement" for node in root.children)
    if sum(child.type == "variable_declarator" for child in statement.children) > 1:
        return _UNKNOWN
    if statement.type not in _DECLARATIONS or not (exports or _COMMON_JS.search(code)):
        return _UNKNOWN
    if _escapes(root, statement, said, code, whole=False):
        return _UNKNOWN
    told = f"{shown} is not exported, so a test cannot import it; export it first."
    return Reach(shown, told)


def _is_class(node: Any) -> bool:
    return "class" in node.type


def _escapes(root: Any, own: Any, name: bytes, code: bytes, whole: bool) -> bool:
    """Is a name mentioned outside its own definition other than to call it?

    Unless ``whole``, the bodies of functions do not count: what they mention stays in the module.
    """
    waiting, count = list[tuple[Any, Any]]([(root, None)]), 0
    while waiting:
        node, parent = waiting.pop()
        count += 1
        if count > _MOST_NODES:
            return True
        if (node.start_byte, node.end_byte) == (own.start_byte, own.end_byte) and parent:
            continue
        if node.type in _NAMES and code[node.start_byte : node.end_byte] == name:
            is_called = parent is not None and parent.type in _CALLS
            if not (is_called and parent.start_byte == node.start_byte):
                return True
        is_closed = not whole and node.type in _FUNCTIONS
        body = node.child_by_field_name("body") if is_closed else None
        waiting.extend(
            (child, node) for child in node.children if body is None or child.id != body.id
        )
    return False
