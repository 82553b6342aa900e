"""Functions of Python packages whose documentation says what they return, as files of their own."""

from __future__ import annotations

import ast
import doctest
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from herdmate.eval.sources import sound_code

_LONGEST = 1400  # characters of such a file
_FEWEST_STATEMENTS = 3  # besides the documentation
_MOST_EXAMPLES = 12
_HARMFUL = {
    *("os", "shutil", "subprocess", "socket", "pathlib", "tempfile", "urllib", "ctypes", "signal"),
    *("threading", "multiprocessing", "asyncio", "http", "ftplib", "smtplib", "sqlite3", "logging"),
    *("random", "time", "uuid", "secrets", "open", "input", "exec", "eval", "__import__", "exit"),
}
"""Modules and functions that do harm when they are used wrongly, or do something else each time."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class DocumentedFunction:
    """``code`` is a whole file: imports, what the function uses, and the function at the end.

    ``tests`` are assertions made of the examples in its documentation.
    """

    name: str
    file: str
    code: str
    tests: str


def documented_functions(path: Path) -> Iterator[DocumentedFunction]:
    """The functions of one file that have examples and use only the standard library."""
    if (found := sound_code(path)) is None:
        return
    code = found[0].replace("\r\n", "\n")
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    defined = _defined(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            tests = _assertions(ast.get_docstring(node) or "", node.name)
            parts = _needed(node, defined) if tests and _is_long_enough(node) else None
            if parts is not None:
                whole = _joined(code, parts, node)
                if len(whole) <= _LONGEST and whole.isascii():
                    yield DocumentedFunction(node.name, path.name, whole, tests)


def _is_long_enough(function: ast.FunctionDef) -> bool:
    inside = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    return len(inside) - 2 >= _FEWEST_STATEMENTS


def _defined(tree: ast.Module) -> dict[str, ast.stmt]:
    """What a module defines at its top level and under what name."""
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, _Function | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                found[(alias.asname or alias.name).split(".")[0]] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                found |= {item.id: node for item in ast.walk(target) if isinstance(item, ast.Name)}
    return found


def _needed(function: ast.stmt, defined: dict[str, ast.stmt]) -> list[ast.stmt] | None:
    """What a function uses of its module, in the module's order.

    ``None`` if that includes anything but the standard library, or what may do harm.
    """
    found: list[ast.stmt] = []
    waiting = [function]
    while waiting:
        names = {item.id for item in ast.walk(waiting.pop()) if isinstance(item, ast.Name)}
        if names & _HARMFUL:
            return None
        for name in sorted(names & defined.keys()):
            node = defined[name]
            if node is function or node in found:
                continue
            if isinstance(node, ast.Import | ast.ImportFrom):
                if not _is_harmless(node):
                    return None
            else:
                waiting.append(node)
            found.append(node)
    return sorted(found, key=lambda node: node.lineno)


def _is_harmless(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom) and (node.level or node.module is None):
        return False
    modules = [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
    roots = {str(module).split(".")[0] for module in modules}
    return roots <= sys.stdlib_module_names and not roots & _HARMFUL


def _joined(code: str, parts: Sequence[ast.stmt], function: ast.stmt) -> str:
    lines = code.splitlines()

    def text(node: ast.stmt) -> str:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        return "\n".join(lines[first - 1 : node.end_lineno])

    imports = [text(node) for node in parts if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [text(node) for node in parts if not isinstance(node, ast.Import | ast.ImportFrom)]
    groups = ["\n".join(dict.fromkeys(imports))] if imports else []
    return "\n\n\n".join([*groups, *others, text(function)]) + "\n"


def _assertions(documentation: str, name: str) -> str:
    """The examples whose results are literals, as assertions; ``""`` without one that calls."""
    try:
        examples = doctest.DocTestParser().get_examples(documentation)
    except ValueError:
        return ""
    lines: list[str] = []
    for example in examples[:_MOST_EXAMPLES]:
        source = example.source.strip()
        if not example.want:
            lines += [] if "import " in source else [source]
        elif (wanted := _literal(example.want)) and (call := _expression(source)):
            lines.append(f"assert {call} == {wanted}")
    calls = any(line.startswith("assert") and f"{name}(" in line for line in lines)
    return "\n".join(lines) if calls else ""


def _literal(text: str) -> str:
    """A literal in one line; ``""`` if the text is none."""
    try:
        return repr(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""


def _expression(text: str) -> str:
    """An expression in one line, without comments; ``""`` if the text is none."""
    try:
        return ast.unparse(ast.parse(text, mode="eval"))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ""
