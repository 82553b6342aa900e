"""Python names that take more or fewer values than there are."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

IsBuiltIn = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Values:
    """What can be unpacked into as many names as it has ``parts``; ``source`` gave it."""

    source: str
    parts: tuple[_Shape, ...]


_Shape = _Values | Literal["number"] | None
"""What is known about a value: ``None`` is nothing."""

_PASS_ON = frozenset({"sorted", "list", "tuple", "reversed", "iter", "set"})


def misfits(node: ast.AST, is_built_in: IsBuiltIn) -> Iterator[str]:
    """What is wrong where a loop or an assignment unpacks values whose number is known."""
    if isinstance(node, ast.For | ast.comprehension):
        yield from _misfit(node.target, _item(node.iter, is_built_in))
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _misfit(target, _value(node.value, is_built_in))


def _misfit(target: ast.expr, shape: _Shape) -> Iterator[str]:
    if shape is None or not isinstance(target, ast.Tuple | ast.List):
        return
    if shape == "number":
        yield "a number cannot be unpacked"
        return
    names, parts = target.elts, shape.parts
    has_star = any(isinstance(item, ast.Starred) for item in names)
    if len(names) - 1 > len(parts) if has_star else len(names) != len(parts):
        wanted = len(names) - has_star
        yield f"{shape.source} gives {len(parts)} values at a time, not {wanted}"
    elif not has_star:
        for name, part in zip(names, parts, strict=True):
            yield from _misfit(name, part)


def _item(node: ast.expr, is_built_in: IsBuiltIn) -> _Shape:
    """What each item of an iterable is."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        shapes = {_value(item, is_built_in) for item in node.elts}
        return shapes.pop() if len(shapes) == 1 else None
    if not isinstance(node, ast.Call) or any(isinstance(item, ast.Starred) for item in node.args):
        return None
    if isinstance(node.func, ast.Attribute):
        is_items = node.func.attr == "items" and not node.args and not node.keywords
        return _Values("items()", (None, None)) if is_items and is_built_in("items()") else None
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if not name or not is_built_in(name) or not node.args:
        return None
    if name == "range":
        return "number"
    items = tuple(_item(item, is_built_in) for item in node.args)
    if name == "enumerate":
        return _Values("enumerate()", ("number", items[0]))
    if name == "zip":
        return _Values("zip()", items)
    return items[0] if name in _PASS_ON else None


def _value(node: ast.expr, is_built_in: IsBuiltIn) -> _Shape:
    if isinstance(node, ast.Tuple | ast.List):
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return None
        parts = tuple(_value(item, is_built_in) for item in node.elts)
        return _Values("the right side" if isinstance(node, ast.Tuple) else "the list", parts)
    if isinstance(node, ast.Constant):
        return "number" if isinstance(node.value, int | float) else None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    name = node.func.id
    if name == "divmod" and is_built_in(name):
        return _Values("divmod()", ("number", "number"))
    if name in ("min", "max") and len(node.args) == 1 and is_built_in(name):
        return _item(node.args[0], is_built_in)
    return None
