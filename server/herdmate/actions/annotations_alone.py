"""The type annotations alone of Python functions that a model was only to annotate.

Small models change the code along the way: a default, a string, a line that they find better.
"""

from __future__ import annotations

import ast
import tokenize
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from herdmate.context.python_code import GIVEN, parse_python
from herdmate.context.python_paths import Definition, Function, parameters_of

_LONGEST = 100_000
_LONGEST_ANNOTATION = 200
_MODULES = frozenset({"typing", "collections.abc"})
_PARTS = (
    ast.Name | ast.Attribute | ast.Subscript | ast.Constant | ast.Tuple | ast.List | ast.BinOp
    | ast.BitOr | ast.Load
)  # fmt: skip
_BLOCK = "if 1:\n"
"""What indented code is put into, so that it can be parsed as it is."""


@dataclass(frozen=True, slots=True)
class _Insertion:
    """Text for a byte of a row, counted from 0; ``replaced`` bytes there make room for it."""

    row: int
    at: int
    text: str
    replaced: int = 0


def annotations_alone(
    code: str, original: str, known: Collection[str]
) -> tuple[str, tuple[str, ...]] | None:
    """The original with annotations that ``code`` gives to the same functions, and their imports.

    Only parameters and results that have none yet and that both use alike are annotated, and only
    with types that are built in, imported from ``typing``, or among the ``known`` names. ``None``
    if there are none.
    """
    if max(len(code), len(original)) > _LONGEST or "\r" in original.replace("\r\n", "\n"):
        return None
    around = _BLOCK if original[:1].isspace() else ""
    theirs, ours = parse_python(around + original), parse_python(code)
    if isinstance(theirs, int) or isinstance(ours, int):
        return None
    imports = _imports(ours)
    usable = {*GIVEN, *known, *imports}
    lines = (around + original).split("\n")
    annotated, added = _functions(ours), list[_Insertion]()
    for path, function in _functions(theirs).items():
        if path in annotated:
            with suppress(RecursionError):
                added += _insertions(function, annotated[path], usable, lines)
    if not added:
        return None
    for one in sorted(added, key=lambda one: (one.row, one.at), reverse=True):
        line = lines[one.row].encode()
        lines[one.row] = (
            line[: one.at] + one.text.encode() + line[one.at + one.replaced :]
        ).decode()
    return "\n".join(lines).removeprefix(around), tuple(dict.fromkeys(imports.values()))


def _imports(tree: ast.Module) -> dict[str, str]:
    """The names that code imports from modules of types, each with its statement."""
    return {
        name.asname or name.name: ast.unparse(ast.ImportFrom(node.module, [name], 0))
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module in _MODULES and not node.level
        for name in node.names
        if name.name != "*"
    }


def _functions(tree: ast.Module) -> dict[tuple[str, ...], Function]:
    """The functions, by the names of what they are in and their own; those of one path are out."""
    found: dict[tuple[str, ...], list[Function]] = {}
    waiting: list[tuple[ast.AST, tuple[str, ...]]] = [(tree, ())]
    while waiting:
        node, path = waiting.pop()
        if isinstance(node, Definition):
            path = (*path, node.name)
            if isinstance(node, Function):
                found.setdefault(path, []).append(node)
        waiting += [(child, path) for child in ast.iter_child_nodes(node)]
    return {path: functions[0] for path, functions in found.items() if len(functions) == 1}


def _insertions(
    ours: Function, theirs: Function, usable: Collection[str], lines: list[str]
) -> Iterator[_Insertion]:
    """What annotates one function like another one."""
    given = {item.arg: item for item in parameters_of(theirs.args)}
    before, after = _uses(ours), _uses(theirs)
    for item in parameters_of(ours.args):
        kind = given[item.arg].annotation if item.arg in given else None
        if item.annotation or kind is None or not _is_type(kind, usable):
            continue
        if before[item.arg] == after[item.arg] and item.end_lineno and item.end_col_offset:
            row, at = item.end_lineno - 1, item.end_col_offset
            has_default = lines[row].encode()[at : at + 1] == b"="
            text = f": {ast.unparse(kind)}" + " = " * has_default
            yield _Insertion(row, at, text, int(has_default))
    is_same = ours.returns is None and before[""] == after[""]
    if is_same and theirs.returns is not None and _is_type(theirs.returns, usable):
        colon = _colon(ours, lines)
        if colon is not None:
            yield _Insertion(*colon, f" -> {ast.unparse(theirs.returns)}")


def _uses(function: Function) -> dict[str, list[str]]:
    """What a function gives its parameters, by name, and its callers, by ``""``."""
    found: dict[str, list[str]] = defaultdict(list)
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for item, default in (*zip(with_default, arguments.defaults, strict=True), *keywords):
        found[item.arg].append(ast.dump(default) if default else "")
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id].append("set")
        elif isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            found[""].append(ast.dump(node))
    return found


def _is_type(node: ast.expr, usable: Collection[str]) -> bool:
    """Can a type be named like this where only ``usable`` names are known?"""
    parts = list(ast.walk(node))
    is_short = node.lineno == node.end_lineno and (
        (node.end_col_offset or _LONGEST_ANNOTATION) - node.col_offset < _LONGEST_ANNOTATION
    )
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return is_short and all(isinstance(part, _PARTS) for part in parts) and names <= set(usable)


def _colon(function: Function, lines: list[str]) -> tuple[int, int] | None:
    """The row, and the byte in it, of the colon that ends a function's head."""
    rest = iter(lines[function.lineno - 1 :])
    depth = 0
    with suppress(tokenize.TokenError, SyntaxError, ValueError):
        for token in tokenize.generate_tokens(lambda: next(rest, "") + "\n"):
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
                if token.string == ":" and not depth:
                    row = function.lineno - 1 + token.start[0] - 1
                    return row, len(lines[row][: token.start[1]].encode())
    return None
