"""What certainly fails when Python code runs, though no parser minds."""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from herdmate.context.python_code import parse_python
from herdmate.context.python_paths import (
    Function,
    bound_in,
    names_bound_by,
    wrong_paths,
)
from herdmate.context.python_scopes import out_of_scope
from herdmate.context.python_unpacking import misfits


def mistakes(code: str, rows: range) -> frozenset[str]:
    """What is certainly wrong in rows (from 0) of code: ends of a sentence about it.

    Nothing if the code cannot be parsed, nests too deeply, or is too new for this Python. Names of
    another file may be anything, and so may a name that is bound twice in this one.
    """
    tree = parse_python(code)
    if isinstance(tree, int):
        return frozenset()
    with suppress(RecursionError):
        return _mistakes(code, tree, rows)
    return frozenset()


def _mistakes(code: str, tree: ast.Module, rows: range) -> frozenset[str]:
    """Raises ``RecursionError``."""
    names = _Names.of(tree)
    statements = [item for item in tree.body if _is_in(item, rows)]
    found = {*_misplaced(tree), *out_of_scope(code, tree, statements, names.counts)}
    for node in (item for item in ast.walk(tree) if _is_in(item, rows)):
        found.update(misfits(node, names.is_built_in))
        if isinstance(node, ast.Call):
            found.update(_wrong_calls(node, names))
        elif isinstance(node, Function):
            found.update(_wrong_paths(node))
    for function in _outermost_functions(tree):
        if _is_in(function, rows):
            found.update(_missing_methods(function))
    return frozenset(found)


def _is_in(node: ast.AST, rows: range) -> bool:
    """Does a node with a place overlap rows? Those without one, in comprehensions, always do."""
    first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    return first is None or last is None or (first - 1 < rows.stop and rows.start < last)


@dataclass(frozen=True, slots=True)
class _Names:
    """How often each name is bound in a file, and what those bound once can be called with."""

    counts: Counter[str]
    defined: dict[str, ast.arguments]

    @classmethod
    def of(cls, tree: ast.Module) -> _Names:
        counts = _bindings(tree)
        defined: dict[str, ast.arguments] = {}
        methods = {
            id(item)
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for item in ast.walk(node)
            if item is not node
        }
        for node in ast.walk(tree):
            if isinstance(node, Function) and id(node) not in methods and not node.decorator_list:
                defined[node.name] = node.args
            elif isinstance(node, ast.ClassDef) and (made := _constructor(node)) is not None:
                defined[node.name] = made
        once = {name: taken for name, taken in defined.items() if counts[name] == 1}
        return cls(counts, {} if counts["*"] else once)

    def is_built_in(self, name: str) -> bool:
        """Does a name mean Python's own here, or is it at least defined nowhere in the file?"""
        return not self.counts[name] and not self.counts["*"]


def _bindings(tree: ast.AST) -> Counter[str]:
    """How often each name is bound, in any scope; parameters and ``global`` count too.

    A function counts as ``name()`` as well.
    """
    counts: Counter[str] = Counter()
    for node in ast.walk(tree):
        counts.update(names_bound_by(node))
        if isinstance(node, Function):
            counts[f"{node.name}()"] += 1
        if isinstance(node, ast.arg):
            counts[node.arg] += 1
        elif isinstance(node, ast.Global | ast.Nonlocal):
            counts.update(node.names)
    return counts


def _constructor(node: ast.ClassDef) -> ast.arguments | None:
    """What a class without bases is called with, as a function without ``self``."""
    plain = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.AnnAssign, ast.Expr, ast.Pass)
    if node.bases or node.keywords or node.decorator_list:
        return None
    if not all(isinstance(item, plain) for item in node.body):
        return None
    bound = [name for item in node.body for name in bound_in(item)]
    if "__new__" in bound or bound.count("__init__") != 1:
        return None
    made = [item for item in node.body if isinstance(item, Function) and item.name == "__init__"]
    if not made or made[0].decorator_list or not made[0].args.args or made[0].args.posonlyargs:
        return None
    given = made[0].args
    defaults = given.defaults[max(len(given.defaults) - len(given.args) + 1, 0) :]
    return ast.arguments(
        [], given.args[1:], given.vararg, given.kwonlyargs, given.kw_defaults, given.kwarg, defaults
    )


_MISPLACED = re.compile(r"outside|in loop|nonlocal|global")


def _misplaced(tree: ast.Module) -> Iterator[str]:
    """What the compiler minds first: ``return`` outside a function and the like."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(tree, "code", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            said = str(error.msg)
            # Newer versions of Python allow comprehensions that older ones do not.
            if _MISPLACED.search(said) and "comprehension" not in said:
                yield said
        except (RecursionError, MemoryError, ValueError):
            return


def _wrong_calls(call: ast.Call, names: _Names) -> Iterator[str]:
    if isinstance(call.func, ast.Name) and (taken := names.defined.get(call.func.id)) is not None:
        yield from _misfitting(call.func.id, taken, call)
    name, key = _callback(call, names)
    if isinstance(key, ast.Lambda) and name:
        given = len(call.args) - 1 if name == "map" else 1
        least = len(key.args.posonlyargs) + len(key.args.args)
        most, least = least, least - len(key.args.defaults)
        if given < least or (given > most and not key.args.vararg):
            yield f"{name}() calls its lambda with {_counted(given)}"


def _callback(call: ast.Call, names: _Names) -> tuple[str, ast.expr | None]:
    """What a built-in function calls with its items, and the name of the function."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in ("sorted", "min", "max") and names.is_built_in(name):
        return name, next((item.value for item in call.keywords if item.arg == "key"), None)
    is_starred = any(isinstance(item, ast.Starred) for item in call.args)
    if name in ("map", "filter") and names.is_built_in(name) and len(call.args) > 1:
        return ("", None) if is_starred else (name, call.args[0])
    if isinstance(call.func, ast.Attribute) and call.func.attr == "sort" and not call.args:
        return "sort", next((item.value for item in call.keywords if item.arg == "key"), None)
    return "", None


def _misfitting(name: str, taken: ast.arguments, call: ast.Call) -> Iterator[str]:
    """What is wrong with the arguments of a call, if anything certainly is."""
    positional = [item.arg for item in (*taken.posonlyargs, *taken.args)]
    given = sum(not isinstance(item, ast.Starred) for item in call.args)
    has_more = given < len(call.args) or any(item.arg is None for item in call.keywords)
    keywords = [item.arg for item in call.keywords if item.arg is not None]
    if given > len(positional) and taken.vararg is None:
        yield f"{name}() takes at most {_counted(len(positional))}"
        return
    by_name = {item.arg for item in (*taken.args, *taken.kwonlyargs)}
    if taken.kwarg is None and (wrong := [item for item in keywords if item not in by_name]):
        yield f"{name}() has no parameter {wrong[0]}"
    if twice := [item for item in positional[:given] if item in keywords and item in by_name]:
        yield f"{name}() is given {twice[0]} twice"
    if has_more:
        return
    needed = positional[given : len(positional) - len(taken.defaults)]
    needed += [
        item.arg
        for item, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True)
        if default is None
    ]
    if missing := [item for item in needed if item not in keywords]:
        yield f"{name}() needs {missing[0]}"


def _wrong_paths(function: Function) -> Iterator[str]:
    found = wrong_paths(function)
    yield from (f"{use.id} has no value where it is used" for use in found.unset)
    if not all(map(_may_be_unreachable, found.unreachable)):
        yield f"a part of {function.name} is never reached"


_GUARDS = re.compile(r"never|unreachable|fail|exit|abort", re.IGNORECASE)
"""What a function is called that says that it should not have come to this."""


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _may_be_unreachable(node: ast.stmt) -> bool:
    """Is a statement there for a reader or a type checker, or to make a function a generator?"""
    if isinstance(node, ast.Return):
        return node.value is None or isinstance(node.value, ast.Constant)
    is_yield = any(isinstance(item, ast.Yield | ast.YieldFrom) for item in ast.walk(node))
    called = ast.unparse(node.value.func) if _is_call(node) else ""  # type: ignore[attr-defined]
    return (
        is_yield
        or bool(_GUARDS.search(called))
        or isinstance(node, ast.Raise | ast.Assert | ast.Pass)
    )


_LITERALS: dict[type[ast.expr], type] = {
    ast.List: list, ast.ListComp: list, ast.Dict: dict, ast.DictComp: dict, ast.Set: set,
    ast.SetComp: set, ast.Tuple: tuple, ast.JoinedStr: str,
}  # fmt: skip


def _missing_methods(function: Function) -> Iterator[str]:
    """Methods called on a literal that its type lacks, or on a variable that is only ever one."""
    counts, kinds = _bindings(function), dict[str, type]()
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else []
        target = node.target if isinstance(node, ast.AnnAssign) else (*targets, None)[0]
        if isinstance(target, ast.Name) and len(targets) <= 1 and counts[target.id] == 1:
            kind = _kind(node.value)  # type: ignore[attr-defined]
            kinds |= {target.id: kind} if kind else {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        value, name = node.func.value, node.func.attr
        kind = kinds.get(value.id) if isinstance(value, ast.Name) else _kind(value)
        if kind is not None and not hasattr(kind, name):
            yield f"a {kind.__name__} has no {name}()"


def _kind(node: ast.expr | None) -> type | None:
    if isinstance(node, ast.Constant):
        return str if isinstance(node.value, str) else None
    return _LITERALS.get(type(node)) if node is not None else None


def _outermost_functions(tree: ast.Module) -> Iterator[Function]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function):
            yield node
        else:
            waiting += ast.iter_child_nodes(node)


def _counted(count: int) -> str:
    return f"{count} argument" if count == 1 else f"{count} arguments"
