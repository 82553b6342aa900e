"""Heads of definitions: what a file defines, but not how.

A definition's head is its code up to its body (``def area(width, height):``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from herdmate.context import syntax
from herdmate.context.definitions import head_end, is_container, is_definition, name_of
from herdmate.context.languages import IMPORTS, STUBS

_LONGEST_HEAD = 400
_LONGEST_WHOLE = 1_600  # bytes of a definition that is shown with its body
_MOST_FIELDS, _LONGEST_FIELD = 12, 100
_MOST_NODES = 20_000
_DEEPEST = 8

_MOST_NODES_ABOVE = 4_000
_MOST_BESIDE = 200
"""Siblings in the code above a place: the nearest ones; more than fit into any prompt."""


@dataclass(frozen=True, slots=True)
class Head:
    """One definition: its name, its code without the body, and the name of what contains it.

    All of it, with its body, is in the bytes ``start:end`` of the file's UTF-8.
    """

    name: str
    text: str
    holder: str = ""
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of an outline; those of lower ``rank`` matter more.

    ``whole`` is the same with its body, to show where there is room; ``""`` if that is long. It is
    in the bytes ``start:end``.
    """

    text: str
    rank: int
    whole: str = ""
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


def heads(tree: syntax.SyntaxTree, text: str) -> tuple[Head, ...]:
    """All definitions outside functions, each with a stub for a body, classes with their fields."""
    source = tree.source.data
    return tuple(
        Head(
            item.name,
            _stub_with_fields(item, source, tree.language),
            item.holder.name if item.holder else "",
            item.start,
            item.end,
        )
        for item in _items(tree, source)
    )


def named(tree: syntax.SyntaxTree, names: Collection[str]) -> tuple[tuple[str, Line], ...]:
    """The definitions outside functions that have one of the names, each under its name."""
    return tuple(
        (item.name, _line(item, tree, True))
        for item in _items(tree, tree.source.data)
        if item.name in names
    )


def above(
    tree: syntax.SyntaxTree, text: str, offset: int, used: Collection[str] = ()
) -> tuple[Line, ...]:
    """What matters in the code above ``offset``, in file order, with ``\\n`` line endings.

    These are the heads of the definitions around ``offset`` (rank 0), the imports (1), and the
    siblings of the former, with stubs for bodies (2); of these, the nearest are enough. Siblings
    whose names are in ``used`` come whole where there is room.
    """
    if tree.language not in STUBS:
        return ()
    source, at = tree.source.data, tree.source.to_byte(offset)
    found = [(start, Line(code, 1)) for start, code in _imports(tree, source) if start < at]
    beside = 0
    for item in _items_above(tree, source, at):
        if item.end > at:
            found.append((item.start, Line(_opened(item, tree.language), 0)))
        elif beside < _MOST_BESIDE:
            found.append((item.start, _line(item, tree, item.name in used)))
            beside += 1
        else:
            break
    return tuple(line for _, line in sorted(found, key=lambda pair: pair[0]))


def pack(lines: tuple[Line, ...], tokens: int, cost: Callable[[str], int]) -> tuple[str, int]:
    """As many lines as fit, in order, and how many tokens are left.

    The most important and, among equals, the last win. The remaining room goes to bodies, in the
    same order.
    """
    taken: dict[int, str] = {}
    order = sorted(range(len(lines)), key=lambda at: (lines[at].rank, -at))
    for at in order:
        if (price := cost(lines[at].text)) <= tokens:
            tokens -= price
            taken[at] = lines[at].text
    for at in order:
        line = lines[at]
        if not line.whole or not taken.get(at):
            continue
        inside = [other for other in taken if taken[other] and _is_inside(lines[other], line)]
        price = cost(line.whole) - sum(cost(taken[other]) for other in inside)
        if price <= tokens:
            tokens -= price
            taken.update(dict.fromkeys(inside, ""))
            taken[at] = line.whole
    return "".join(taken[at] for at in sorted(taken)), tokens


def texts(lines: Iterable[Line]) -> list[str]:
    """All texts whose cost ``pack`` can ask for."""
    return [text for line in lines for text in (line.text, line.whole)]


def _is_inside(inner: Line, outer: Line) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and bool(outer.end)


@dataclass(frozen=True, slots=True)
class _Item:
    name: str
    start: int
    end: int
    head: str
    holder: _Item | None
    node: Any


def _items(tree: syntax.SyntaxTree, source: bytes) -> Iterator[_Item]:
    """Definitions outside functions, in file order; positions are in bytes."""
    waiting: list[tuple[Any, int, _Item | None]] = [(tree.tree.root_node, 0, None)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node, depth, holder = waiting.pop()
        goes_in = True
        if is_definition(node, tree.language):
            if (item := _item(node, source, holder)) is not None:
                yield item
                holder = item
            goes_in = is_container(node)
        if goes_in and depth < _DEEPEST:
            waiting += [(child, depth + 1, holder) for child in reversed(node.named_children)]


def _items_above(tree: syntax.SyntaxTree, source: bytes, at: int) -> Iterator[_Item]:
    """Definitions around the byte ``at`` and their siblings above it, the nearest first."""
    waiting: list[tuple[Any, int, _Item | None]] = [(tree.tree.root_node, 0, None)]
    for _ in range(_MOST_NODES_ABOVE):
        if not waiting:
            return
        node, depth, holder = waiting.pop()
        goes_in = True
        if is_definition(node, tree.language):
            if (item := _item(node, source, holder)) is not None and item.start < at:
                yield item
                holder = item
            goes_in = node.end_byte > at and is_container(node)
        if goes_in and depth < _DEEPEST:
            children = (child for child in node.named_children if child.start_byte < at)
            waiting += [(child, depth + 1, holder) for child in children]


def _item(node: Any, source: bytes, holder: _Item | None) -> _Item | None:
    name, body = name_of(node), head_end(node)
    if name is None:
        return None
    end = node.end_byte if body is None else body
    start = source.rfind(b"\n", 0, node.start_byte) + 1
    if source[start : node.start_byte].strip():
        start = node.start_byte  # it does not begin its line
    head = _text(source, start, end).rstrip()
    if len(head) > _LONGEST_HEAD:
        return None
    called = _text(source, name.start_byte, name.end_byte)
    return _Item(called, start, node.end_byte, head, holder, node)


def _fields(node: Any, source: bytes, language: str) -> str:
    """The fields that a class or the like declares with their types, a line each."""
    body = node.child_by_field_name("body") if language in _FIELDS else None
    if body is None or not is_container(node):
        return ""
    found: list[str] = []
    for part in body.named_children:
        code = _text(source, part.start_byte, part.end_byte) if _is_field(part, language) else ""
        if code and len(code) <= _LONGEST_FIELD and "\n" not in code:
            begins_line = part.start_point[0] > node.start_point[0]
            indent = part.start_point[1] if begins_line else node.start_point[1] + 2
            stop = "" if code.endswith((";", ",")) else _AFTER_FIELD.get(language, ";")
            found.append(" " * indent + code + stop + "\n")
        if len(found) == _MOST_FIELDS:
            break
    return "".join(line for line in found if not line.lstrip().startswith(_HIDDEN))


def _is_field(node: Any, language: str) -> bool:
    if language != "python":
        return node.type in _FIELDS[language]
    # Older grammars have assignments in statements.
    inside = node.named_children[:1] if node.type == "expression_statement" else [node]
    return any(part.type == "assignment" and part.child_by_field_name("type") for part in inside)


_OF_TYPESCRIPT = frozenset({"property_signature", "method_signature", "public_field_definition"})
_FIELDS: dict[str, frozenset[str]] = {
    "python": frozenset(),
    "typescript": _OF_TYPESCRIPT,
    "typescriptreact": _OF_TYPESCRIPT,
    "rust": frozenset({"field_declaration", "enum_variant"}),
    "c": frozenset({"field_declaration"}),
    "cpp": frozenset({"field_declaration"}),
}
"""The nodes of fields, for languages whose fields are no definitions of their own."""

_AFTER_FIELD = {"python": "", "rust": ","}
_HIDDEN = ("private ", "protected ", "#", "__")


def _imports(tree: syntax.SyntaxTree, source: bytes) -> Iterator[tuple[int, str]]:
    for node in tree.tree.root_node.children:
        if node.type in IMPORTS:
            yield node.start_byte, _text(source, node.start_byte, node.end_byte).rstrip() + "\n"


def _stub_with_fields(item: _Item, source: bytes, language: str) -> str:
    fields = _fields(item.node, source, language)
    has_block = bool(fields) and language == "python"
    return (f"{item.head}\n" if has_block else _stubbed(item, language)) + fields


def _stubbed(item: _Item, language: str) -> str:
    stub = STUBS.get(language, "")
    head = item.head.rstrip("{").rstrip()
    return head + ("" if head.endswith(stub.strip()) else stub) + "\n"


def _line(item: _Item, tree: syntax.SyntaxTree, with_body: bool) -> Line:
    is_short = with_body and item.end - item.start <= _LONGEST_WHOLE
    whole = _text(tree.source.data, item.start, item.end).rstrip() + "\n" if is_short else ""
    return Line(_stubbed(item, tree.language), 2, whole, item.start, item.end)


def _opened(item: _Item, language: str) -> str:
    opens = STUBS.get(language) in (";", STUBS["shellscript"]) and item.head[-1:] != "{"
    return item.head + (" {\n" if opens else "\n")


def _text(source: bytes, start: int, end: int) -> str:
    text = source[start:end].decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
