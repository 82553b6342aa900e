"""What Python itself knows about Python code: syntax errors, and names that nothing defines."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Iterator

from herdmate.context.newer_python import in_older_words
from herdmate.text import BYTE_ORDER_MARK

GIVEN = frozenset(dir(builtins)) | {
    *("__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__", "__class__"),
    *("__module__", "__qualname__", "__annotations__", "__builtins__", "__loader__", "self", "cls"),
}
"""Names that need no definition."""


def row_of_error(code: str) -> int | None:
    """The 0-based row of the first syntax error, or ``None``.

    Python is stricter than the grammar: it rejects a body that is missing or not indented. What is
    newer than this Python is not an error; neither is code that nests too deeply for it to tell.
    """
    parsed = parse_python(code)
    if not isinstance(parsed, int):
        return None
    older = in_older_words(code)
    again = parsed if older is None or older == code else parse_python(older)
    return again if isinstance(again, int) else None


def unknown_names(code: str) -> frozenset[str]:
    """Names that are used but defined nowhere in the code, in any scope.

    Empty if the code cannot be parsed or has a star import.
    """
    parsed = parse_python(code)
    if isinstance(parsed, int):
        return frozenset()
    used: set[str] = set(_quoted_names(parsed))
    known: set[str] = set(GIVEN)
    for node in ast.walk(parsed):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else known).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            known |= _bound(node)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            known.update(node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            known.update(filter(None, [node.name]))
        elif isinstance(node, ast.MatchMapping):
            known.update(filter(None, [node.rest]))
    return frozenset() if "*" in known else frozenset(used - known)


def _quoted_names(parsed: ast.Module) -> Iterator[str]:
    """Names in annotations that are written as strings."""
    for node in ast.walk(parsed):
        notes: list[ast.expr | None] = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            notes = [node.annotation]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            notes = [node.returns]
        for note in notes:
            if isinstance(note, ast.Constant) and isinstance(note.value, str):
                inner = parse_python(note.value.strip())
                names = () if isinstance(inner, int) else ast.walk(inner)
                yield from (name.id for name in names if isinstance(name, ast.Name))


def without_typing(code: str, original: str) -> str:
    """Code without what a model imports from ``typing`` but does not need.

    As of Python 3.10, ``List[int]`` is ``list[int]`` and ``Optional[int]`` is ``int | None``. Names
    without such an equivalent are still imported.
    """
    found = _TYPING.match(code)
    if found is None or found[0].strip() in original:
        return code
    names = set(re.findall(r"\w+", found[1]))
    left = sorted(names - _BUILT_IN - {"Optional"})
    code = code[found.end() :].lstrip("\n")
    for name in names & _BUILT_IN:
        code = re.sub(rf"\b{name}(?=\[)", name.lower(), code)
    if "Optional" in names:
        while (inner := _OPTIONAL.search(code)) is not None:
            code = f"{code[: inner.start()]}{inner[1]} | None{code[inner.end() :]}"
    return f"from typing import {', '.join(left)}\n\n{code}" if left else code


def without_known_imports(code: str, original: str, file: str) -> str:
    """Code without top-level imports of names that the file already has, wherever they come from.

    A model that sees only a function has to guess where its names come from. Imports that are in
    ``original`` stay.
    """
    parsed, around = parse_python(code), parse_python(file)
    if isinstance(parsed, int) or isinstance(around, int):
        return code
    known = {name for node in around.body for name in _bound(node)}
    old, lines = original.splitlines(), code.splitlines(keepends=True)
    rows = [node.lineno for node in parsed.body]
    for node in reversed(parsed.body):
        if not isinstance(node, ast.Import | ast.ImportFrom) or rows.count(node.lineno) > 1:
            continue
        if _bound(node) <= known and lines[node.lineno - 1].rstrip("\r\n") not in old:
            del lines[node.lineno - 1 : node.end_lineno]
    kept = "".join(lines)
    return code if kept == code else kept.lstrip("\r\n")


def names_at_top(code: str) -> frozenset[str]:
    """Names that code binds at its top level; empty if it cannot be parsed."""
    parsed = parse_python(code)
    if isinstance(parsed, int):
        return frozenset()
    return frozenset(name for node in parsed.body for name in _bound(node))


def _bound(node: ast.stmt) -> set[str]:
    """The names that a top-level statement binds, looking into ``try`` and ``if``."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(item.asname or item.name).partition(".")[0] for item in node.names}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Try | ast.If):
        return {name for inner in (*node.body, *node.orelse) for name in _bound(inner)}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {item.id for item in targets if isinstance(item, ast.Name)}
    return set()


_TYPING = re.compile(r"\s*from typing import ([\w, ]+)\n")
_BUILT_IN = {"List", "Dict", "Tuple", "Set", "FrozenSet", "Type"}
_OPTIONAL = re.compile(r"\bOptional\[((?:[^\[\]]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])*)\]")


def parse_python(code: str) -> ast.Module | int:
    """The tree, or the row of the syntax error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # Half an emoji is not an error in the code.
            whole = code.encode("utf-8", "replace").decode()
            return ast.parse(whole.removeprefix(BYTE_ORDER_MARK))
        except SyntaxError as error:
            return max((error.lineno or 1) - 1, 0)
        except (RecursionError, MemoryError):
            return ast.Module([], [])  # this Python cannot tell
        except ValueError:
            return 0
