"""The function that was asked about, out of the class that a model wrote around it.

It sees the function alone, and makes up the rest of the class, and its file, from what it knows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from textwrap import dedent
from typing import Any

from herdmate.context import syntax
from herdmate.context.definition_at import Found, place_of
from herdmate.context.definitions import is_container, is_definition, name_of
from herdmate.context.file_header import split
from herdmate.context.languages import COMMENTS, WRAPPERS
from herdmate.text import Selection, Span, line_start

_LONGEST = 100_000
"""Characters of a reply in which a function is looked for."""

_MOST_DEFINITIONS = 500
_CONSTRUCTORS = frozenset({"__init__", "__construct", "constructor", "initialize", "init"})
_IDENTIFIERS = ("identifier", "name", "constant")
_OPENS_PHP = "<?php\n"


@dataclass(frozen=True, slots=True)
class _Definition:
    """A definition that is in no function, and the names of the classes around it."""

    node: Any
    name: str
    holders: tuple[str, ...]


def own_definition(code: str, target: Selection, known: Collection[str]) -> str:
    """The imports and the one function of the target's name, if all else is known in the file.

    The code itself if the target is no single function, if the code has anything new beside it, if
    the function uses a name that only what is around it there has, or if it is of another class.
    """
    document = target.document
    tree = syntax.fresh_tree_of(document) if len(code) <= _LONGEST else None
    if tree is None or (asked := _function(tree, target.span)) is None:
        return code
    imports, _, rest = split(dedent(code).strip("\n"), document.language)
    if document.language == "php" and not rest.startswith("<?"):
        rest = _OPENS_PHP + rest
    ours = syntax.parse(rest, document.language)
    if ours is None or syntax.error_count(ours) or not _has_only_classes(ours):
        return code
    found = list(islice(_definitions(ours, Span(0, len(rest))), _MOST_DEFINITIONS))
    same = [one for one in found if one.name == asked.name]
    if len(same) != 1 or not same[0].holders or is_container(same[0].node):
        return code
    if same[0].holders[-1] in known and same[0].holders[-1:] != asked.holders[-1:]:
        return code
    idle = {asked.name, *known, *_CONSTRUCTORS, *same[0].holders}
    if len(found) == _MOST_DEFINITIONS or any(one.name not in idle for one in found):
        return code
    place = place_of(ours, rest, same[0].node)
    span = Span(place.lines.start, place.span.end)
    around = _names(ours, Span(0, span.start)) | _names(ours, Span(span.end, len(rest)))
    made_up = around - set(re.findall(r"\w+", document.text))
    if made_up & _names(ours, span) or not _fills_lines(rest, place):
        return code
    own = dedent(rest[span.start : span.end])
    return "\n".join([*imports, "", own] if imports else [own])


def _function(tree: syntax.SyntaxTree, span: Span) -> _Definition | None:
    """The only definition in a span, if it is a function."""
    found = list(islice(_definitions(tree, span), 2))
    return found[0] if len(found) == 1 and not is_container(found[0].node) else None


def _fills_lines(code: str, place: Found) -> bool:
    """Is there no other code on the lines of a definition?"""
    at = line_start(code, place.span.start)
    behind = code[place.span.end : place.lines.end].strip(" \t;")
    return not code[at : place.span.start].strip() and not behind


def _has_only_classes(tree: syntax.SyntaxTree) -> bool:
    """Is there nothing at the top of some code but classes, comments and the opening of PHP?"""
    for node in tree.tree.root_node.named_children:
        while node.type in WRAPPERS and node.named_children:
            node = node.named_children[-1]
        is_class = is_definition(node, tree.language) and is_container(node)
        if not is_class and node.type not in COMMENTS and node.type != "php_tag":
            return False
    return True


def _definitions(tree: syntax.SyntaxTree, span: Span) -> Iterator[_Definition]:
    """The definitions whose names are in a span, and that are in no function of the span."""
    data = tree.source.data
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    waiting: list[tuple[Any, tuple[str, ...]]] = [(tree.tree.root_node, ())]
    while waiting:
        node, holders = waiting.pop()
        if node.start_byte >= end or node.end_byte <= start:
            continue
        name = name_of(node) if is_definition(node, tree.language) else None
        if name is not None:
            said = data[name.start_byte : name.end_byte].decode("utf-8", "replace")
            is_inside = start <= name.start_byte and name.end_byte <= end
            if is_inside:
                yield _Definition(node, said, holders)
            if is_container(node):
                holders = (*holders, said)
            elif is_inside:
                continue
        waiting += [(child, holders) for child in reversed(node.named_children)]


def _names(tree: syntax.SyntaxTree, span: Span) -> frozenset[str]:
    """The identifiers in a span of code."""
    data = tree.source.data
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    found, waiting = set(), [tree.tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.start_byte >= end or node.end_byte <= start:
            continue
        waiting += node.children
        if not node.children and node.type.endswith(_IDENTIFIERS):
            found.add(data[node.start_byte : node.end_byte].decode("utf-8", "replace"))
    return frozenset(found)
