"""What code does, as far as its syntax tells: what it calls, raises, catches, sets and returns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from herdmate.context.definitions import is_container, is_definition, name_of
from herdmate.context.languages import COMMENTS, FUNCTION_VALUES, INTERPOLATIONS, STRINGS
from herdmate.context.preserved_tokens import is_docstring
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span

KNOWN_LANGUAGES = frozenset(
    {"python", "javascript", "javascriptreact", "typescript", "typescriptreact", "go", "java"}
    | {"rust"}
)
"""Languages whose node types are known here."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What a piece of code does.

    ``tokens`` are its leaves outside strings, and ``regex``, ``format_specifier`` and
    ``finally_clause`` (with something in it) for those; ``words`` are also those inside strings,
    ``values`` the names used other than by calling them. ``calls`` are the last names of what it
    calls, and ``applied`` those called with more than literals; ``bare_calls`` those whose result
    is not used, ``own_calls`` those of a plain name, or of a member of ``self`` or ``this``, whose
    result is used. ``raised`` and ``caught`` are names of exceptions, or ``"errors"`` if any is
    caught; ``stored`` are names of members, and literal keys, that get a value; ``factors`` the
    numbers that are calculated with. ``refined`` are the names of variables that are assigned a
    call of themselves, as in ``x = x.strip()``, with the name of that call. ``functions`` maps the
    names of functions (``""``: the code itself) to what they have: ``return``, ``lazy`` (the result
    of a call is returned), ``yield``, ``await``, ``docstring``.
    """

    tokens: Counter[str] = field(default_factory=Counter)
    words: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    applied: set[str] = field(default_factory=set)
    bare_calls: set[str] = field(default_factory=set)
    own_calls: set[str] = field(default_factory=set)
    raised: set[str] = field(default_factory=set)
    caught: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    factors: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    refined: set[tuple[str, str]] = field(default_factory=set)
    functions: dict[str, set[str]] = field(default_factory=dict)


def effects(tree: SyntaxTree, span: Span) -> Effects:
    """What the code in a span does. Comments and Python's docstrings do nothing."""
    found = Effects()
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    waiting = [_Place(tree.tree.root_node, None, "")]
    while waiting:
        place = waiting.pop()
        node = place.node
        if node.start_byte >= end or node.end_byte <= start or node.type in COMMENTS:
            continue
        if is_docstring(node, place.parent, tree):
            _mark(found, place, "docstring")
            continue
        is_whole = start <= node.start_byte and node.end_byte <= end
        if is_whole and place.parent is not None:
            _read(place, found, tree)
        waiting += _inner(place, tree, start, end, found)
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """A node. ``function`` is the name of the one it is in, ``None`` if that has no name."""

    node: Any
    parent: Any | None
    function: str | None
    in_string: bool = False
    in_condition: bool = False
    in_sum: bool = False


_ANONYMOUS = FUNCTION_VALUES | {"lambda", "lambda_expression", "closure_expression", "func_literal"}
_COMPARISONS = frozenset({"<", ">", "<=", ">=", "==", "!=", "===", "!=="})
_NOTED = frozenset({"regex", "format_specifier"})


def _inner(
    place: _Place, tree: SyntaxTree, start: int, end: int, found: Effects
) -> Iterator[_Place]:
    node, function = place.node, place.function
    if is_definition(node, tree.language):
        name = name_of(node)
        is_inside = name is not None and start <= name.start_byte and name.end_byte <= end
        if is_inside and not is_container(node):
            function = tree.source.text_of(name)
            found.functions.setdefault(function, set())
    elif node.type in _ANONYMOUS and (
        place.parent is None or place.parent.type != "variable_declarator"
    ):
        function = None
    in_string = (place.in_string or node.type in STRINGS) and node.type not in INTERPOLATIONS
    kinds = {child.type for child in node.children}
    is_test = node.type == "comparison_operator" or not kinds.isdisjoint(_COMPARISONS)
    in_condition, in_sum = place.in_condition or is_test, not kinds.isdisjoint(_ARITHMETIC)
    for child in node.children:
        yield _Place(child, node, function, in_string, in_condition, in_sum)


_CALLS = frozenset(
    {"call", "call_expression", "method_invocation", "macro_invocation", "new_expression"}
    | {"object_creation_expression"}
)
_CALLED = ("function", "name", "macro", "constructor", "type")
_LAST = ("attribute", "property", "field", "name", "function")
_ASSIGNMENTS = frozenset(
    {"assignment", "augmented_assignment", "assignment_expression", "assignment_statement"}
    | {"augmented_assignment_expression", "compound_assignment_expr"}
)
_COUNTED = frozenset({"inc_statement", "dec_statement", "update_expression"})
_RETURNS = frozenset({"return_statement"})
_NUMBERS = re.compile(r"integer|number|float|int_literal")
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "+=", "-=", "*=", "/="})
_TWO_WORDS = re.compile(r"\b\d*[^\W\d]\w*\W.*?[^\W\d]", re.DOTALL)


def _read(place: _Place, found: Effects, tree: SyntaxTree) -> None:
    """Take down what one node says."""
    node, kind = place.node, place.node.type
    found.tokens[kind] += kind in _NOTED
    if not node.children:
        text = tree.source.text_of(node)
        found.words.update(re.findall(r"\w+", text))
        if not place.in_string:
            found.tokens[text] += 1
            _read_leaf(place, text, found)
    elif kind in _CALLS:
        _read_call(place, found, tree)
    elif kind in ("raise_statement", "throw_statement"):
        found.raised.update(list(_names(node.named_children[:1], tree))[:1])
    elif kind in ("except_clause", "except_group_clause", "catch_clause"):
        found.caught.update(_caught(node, tree))
    elif kind in _ASSIGNMENTS or kind in _COUNTED:
        left = node.child_by_field_name("left")
        found.stored.update(_stored(left or node.named_children[0], tree))
        found.refined.update(_refined(node, tree))
    elif kind == "finally_clause":
        found.tokens[kind] += tree.source.text_of(node.named_children[-1]).strip("{} \n") not in (
            "",
            "pass",
        )
    elif kind in _RETURNS:
        values = [item for item in node.named_children if tree.source.text_of(item) not in _NOTHING]
        if values:
            _mark(found, place, "return")
        if any(item.type in (*_CALLS, "generator_expression") for item in values):
            _mark(found, place, "lazy")
    elif kind in ("yield", "yield_expression"):
        _mark(found, place, "yield")
    elif kind in ("await", "await_expression"):
        _mark(found, place, "await")
    elif kind == "arrow_function":
        body = node.child_by_field_name("body")
        if body is not None and body.type != "statement_block":
            _mark(found, place, "return")
            _mark(found, place, "lazy")


_NOTHING = frozenset({"None", "undefined"})
_DEFINES = re.compile(r"function|method|arrow|lambda|closure")


def _read_leaf(place: _Place, text: str, found: Effects) -> None:
    parent = place.parent
    if text == "async" and parent is not None and not _DEFINES.search(parent.type):
        _mark(found, place, "await")
    is_counted = place.in_sum and not place.in_condition
    if is_counted and _NUMBERS.search(place.node.type) is not None:
        found.factors.add(text)
    if place.node.type.endswith("identifier") and not _is_called(place):
        found.values.add(text)


def _is_called(place: _Place) -> bool:
    node, parent = place.node, place.parent
    if parent is None:
        return False
    while parent is not None and parent.type not in _CALLS:
        if not any(_is_same(parent.child_by_field_name(part), node) for part in _LAST):
            return False
        node, parent = parent, parent.parent
    return parent is not None and any(
        _is_same(parent.child_by_field_name(part), node) for part in _CALLED
    )


def _read_call(place: _Place, found: Effects, tree: SyntaxTree) -> None:
    node = place.node
    callee = _callee(node)
    name = _last_name(callee, tree) if callee is not None else ""
    if callee is None or not name:
        return
    found.calls.add(name)
    if _TWO_WORDS.search(tree.source.text_of(node)) is not None:
        found.applied.add(name)
    around = place.parent
    while around is not None and around.type in ("await", "await_expression", "try_expression"):
        around = around.parent
    holders = _STATEMENTS | _BODIES if tree.language == "python" else _STATEMENTS
    if around is not None and around.type in holders:
        found.bare_calls.add(name)
        return
    said = tree.source.text_of(callee)
    of_object = node.child_by_field_name("object")  # Java
    holder = tree.source.text_of(of_object) if of_object is not None else said.rpartition(".")[0]
    if holder in ("", "self", "this", "cls", "super()"):
        found.own_calls.add(name)


def _refined(node: Any, tree: SyntaxTree) -> Iterator[tuple[str, str]]:
    """The variable of ``x = x.strip()``, ``x = sorted(x)`` or the like, and what it calls."""
    left, right = map(node.child_by_field_name, ("left", "right"))
    if right is not None and right.type == "expression_list" and right.named_children:
        right = right.named_children[0]  # Go
    if left is None or right is None or right.type not in _CALLS:
        return
    callee = _callee(right)
    name = _last_name(callee, tree) if callee is not None else ""
    variable, words = (
        tree.source.text_of(left),
        re.findall(r"\w+", tree.source.text_of(right)[:1000]),
    )
    if name and variable.isidentifier() and variable in words[:3]:
        yield variable, name


_STATEMENTS = frozenset({"expression_statement", "defer_statement", "go_statement"})
_BODIES = frozenset({"block", "module"})
"""Newer grammars of Python have no statement around an expression that is one."""


def _callee(call: Any) -> Any | None:
    return next(filter(None, map(call.child_by_field_name, _CALLED)), None)


def _last_name(node: Any, tree: SyntaxTree) -> str:
    """The last name of ``a.b.c``; ``""`` if it has none."""
    while node is not None and node.named_children:
        inner = next(filter(None, map(node.child_by_field_name, _LAST)), None)
        if inner is None and node.type == "generic_type":
            inner = node.named_children[0]
        if inner is None:
            return ""
        node = inner
    return tree.source.text_of(node) if node is not None else ""


def _names(nodes: list[Any], tree: SyntaxTree) -> Iterator[str]:
    """The names of the classes that are mentioned: those that begin with a capital letter."""
    waiting = nodes[::-1]
    while waiting:
        callee = node = waiting.pop()
        if node.type in _CALLS:
            callee = _callee(node)
        name = _last_name(callee, tree) if callee is not None else ""
        if name.lstrip("_")[:1].isupper():
            yield name
        elif not name or node.type == "catch_formal_parameter":
            waiting += node.named_children[::-1]


def _caught(node: Any, tree: SyntaxTree) -> Iterator[str]:
    """What a handler catches, unless all it does is to raise that again."""
    *heads, body = node.named_children
    inside = [child for child in body.named_children if child.type not in COMMENTS]
    if len(inside) == 1 and inside[0].type in ("raise_statement", "throw_statement"):
        again = inside[0].named_children
        if not again or (len(again) == 1 and again[0].type == "identifier"):
            return
    names = list(_names([child for child in heads if child.type not in COMMENTS], tree))
    yield from names or ["errors"]


_MEMBERS = frozenset(
    {"attribute", "member_expression", "field_access", "selector_expression", "field_expression"}
)
_LISTS = frozenset({"pattern_list", "tuple_pattern", "list_pattern", "expression_list"})


def _stored(left: Any, tree: SyntaxTree) -> Iterator[str]:
    waiting = [left]
    while waiting:
        node = waiting.pop()
        if node.type in _LISTS:
            waiting += node.named_children
        elif node.type in _MEMBERS:
            yield _last_name(node, tree)
        elif node.type in ("subscript", "subscript_expression", "index_expression"):
            key = tree.source.text_of(node.named_children[-1])
            if re.fullmatch(r"([\"'])\w+\1", key):
                yield key[1:-1]


def _mark(found: Effects, place: _Place, mark: str) -> None:
    if place.function is not None:
        found.functions.setdefault(place.function, set()).add(mark)


def _is_same(one: Any | None, other: Any) -> bool:
    return one is not None and (one.start_byte, one.end_byte) == (other.start_byte, other.end_byte)
