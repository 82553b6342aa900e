"""What Python itself says of Python code: where it gives up, and names that nothing defines."""

from __future__ import annotations

import ast
import builtins
import warnings

_GIVEN = frozenset(dir(builtins)) | {
    *("__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__", "__class__"),
    *("__module__", "__qualname__", "__annotations__", "__builtins__", "__loader__", "self", "cls"),
}


def row_of_error(code: str) -> int | None:
    """The row, from 0, at which Python gives up; ``None`` where it does not.

    What the grammar forgives, such as a body that is missing or not indented, Python does not. Code
    for another Python than this one counts as wrong.
    """
    parsed = _parsed(code)
    return parsed if isinstance(parsed, int) else None


def unknown_names(code: str) -> frozenset[str]:
    """Names that are used and that nothing in the code defines, in whatever scope.

    None where the code cannot be parsed or brings in names that cannot be told.
    """
    parsed = _parsed(code)
    if isinstance(parsed, int):
        return frozenset()
    used: set[str] = set()
    known: set[str] = set(_GIVEN)
    for node in ast.walk(parsed):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else known).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            known.update((item.asname or item.name).partition(".")[0] for item in node.names)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            known.update(node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            known.update(filter(None, [node.name]))
        elif isinstance(node, ast.MatchMapping):
            known.update(filter(None, [node.rest]))
    return frozenset() if "*" in known else frozenset(used - known)


def _parsed(code: str) -> ast.Module | int:
    """The tree, or the row at which Python gives up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except SyntaxError as error:
            return max((error.lineno or 1) - 1, 0)
        except (ValueError, RecursionError, MemoryError):
            return 0
