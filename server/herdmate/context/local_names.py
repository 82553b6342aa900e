"""Local variables of functions that can be renamed by their text alone, and where they are."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from herdmate.context.ancestors import ancestors
from herdmate.context.definitions import is_container, is_definition, name_of
from herdmate.context.languages import COMMENTS, FUNCTION_VALUES, IMPORTS, INTERPOLATIONS, STRINGS
from herdmate.context.preserved_tokens import is_bound, is_name
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Edit, Span

_PARAMETERS = frozenset({"parameters", "lambda_parameters", "formal_parameters", "decorator"})
_FIXED = frozenset(
    {"global_statement", "nonlocal_statement", "keyword_pattern", "export_specifier"} | IMPORTS
)
_SHORT = frozenset({"shorthand_property_identifier", "shorthand_property_identifier_pattern"})
"""``{name}`` in JavaScript, which is the name of a property too."""

_TAGS = frozenset({"jsx_opening_element", "jsx_closing_element", "jsx_self_closing_element"})
"""In JSX, ``<Name>`` is a variable, but ``<name>`` is an element of HTML."""

_SEE_ALL = frozenset({"locals", "vars", "eval", "exec", "arguments"})
"""What can read a variable by a name that is not in the code."""

_RESERVED = frozenset(
    {"break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do"}
    | {"else", "enum", "export", "extends", "false", "finally", "for", "function", "if", "import"}
    | {"in", "instanceof", "let", "new", "null", "return", "static", "super", "switch", "this"}
    | {"throw", "true", "try", "typeof", "undefined", "var", "void", "while", "with", "yield"}
    | {"await", "async", "arguments", "eval", "implements", "interface", "package", "private"}
    | {"protected", "public"}
)
_NEVER = _RESERVED.union(dir(builtins), keyword.kwlist)
_NAME = re.compile(r"[^\W\d]\w{0,60}\Z")


@dataclass(frozen=True, slots=True)
class _Use:
    """One mention of a name. ``fixed``: what it names is not, or not only, a local variable.

    ``outer``: outside any function, where what it names may be known everywhere.
    """

    text: str
    start: int
    end: int
    binds: bool
    fixed: bool
    outer: bool


def local_names(tree: SyntaxTree, span: Span) -> tuple[str, ...]:
    """The local variables of the functions in a span, in text order, without parameters.

    Without those that are also something else there, or in the code around the span.
    """
    inside, outside = _uses(tree, span)
    if any(use.text in _SEE_ALL for use in inside):
        return ()
    fixed = {use.text for use in inside if use.fixed} | {use.text for use in outside}
    return tuple(
        dict.fromkeys(use.text for use in inside if use.binds and use.text not in fixed | _RESERVED)
    )


def renamings(
    tree: SyntaxTree, text: str, span: Span, names: Mapping[str, str]
) -> tuple[tuple[Edit, ...], dict[str, str]]:
    """The edits that rename local variables, and which names they change.

    A new name that cannot be one, or that the code around it knows already, is not used.
    """
    known = set(local_names(tree, span))
    inside, outside = _uses(tree, span)
    taken = {*re.findall(r"\w+", text[span.start : span.end]), *(use.text for use in outside)}
    taken |= _NEVER
    found: dict[str, str] = {}
    for old, new in names.items():
        if old in known and _NAME.match(new) and new not in taken:
            found[old] = new
            taken.add(new)
    edits = [
        Edit(
            Span(tree.source.to_offset(use.start), tree.source.to_offset(use.end)), found[use.text]
        )
        for use in inside
        if use.text in found
    ]
    return tuple(sorted(edits, key=lambda edit: edit.span.start)), found


def _uses(tree: SyntaxTree, span: Span) -> tuple[list[_Use], list[_Use]]:
    """The names in a span, and those around it that code in the span may mean."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    around = [
        (node.start_byte, node.end_byte)
        for node in ancestors(tree.tree.root_node, start, end)
        if node.start_byte < start
        and (node.type in FUNCTION_VALUES or is_definition(node, tree.language))
        and not is_container(node)
    ]
    first, last = around[-1] if around else (0, 0)
    inside: list[_Use] = []
    outside: list[_Use] = []
    for use in _all(tree):
        if start <= use.start and use.end <= end:
            inside.append(use)
        elif use.outer or first <= use.start < last:
            outside.append(use)
    return inside, outside


@dataclass(frozen=True, slots=True)
class _Place:
    node: Any
    parent: Any | None
    in_function: bool = False
    fixed: bool = False


def _all(tree: SyntaxTree) -> Iterator[_Use]:
    waiting = [_Place(tree.tree.root_node, None)]
    while waiting:
        place = waiting.pop()
        node = place.node
        if node.type in _SHORT or node.type == "identifier":
            yield from _use(place, tree)
        if node.type in COMMENTS:
            continue
        children = node.children
        if node.type in STRINGS:
            children = [child for child in children if child.type in INTERPOLATIONS]
        in_function = place.in_function
        if is_definition(node, tree.language) or node.type in FUNCTION_VALUES | {"lambda"}:
            in_function = not is_container(node)
        fixed = place.fixed or node.type in _FIXED or node.type in _PARAMETERS
        named = name_of(node) if is_definition(node, tree.language) else None
        for child in reversed(children):
            is_its_name = named is not None and named.start_byte == child.start_byte
            within = place.in_function if is_its_name else in_function
            waiting.append(_Place(child, node, within, fixed or is_its_name))


def _use(place: _Place, tree: SyntaxTree) -> Iterator[_Use]:
    node = place.node
    text = tree.source.text_of(node)
    if node.type in _SHORT:
        yield _Use(text, node.start_byte, node.end_byte, False, True, not place.in_function)
    elif is_name(node, place.parent):
        is_tag = place.parent is not None and place.parent.type in _TAGS
        fixed = place.fixed or not place.in_function or is_tag
        binds = not fixed and is_bound(node, place.parent)
        yield _Use(text, node.start_byte, node.end_byte, binds, fixed, not place.in_function)
