"""Names of Python code that nothing defines where they are used."""

from __future__ import annotations

import ast
import symtable
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from herdmate.context.python_code import GIVEN
from herdmate.context.python_paths import COMPREHENSIONS, SCOPES, bound_in
from herdmate.text import BYTE_ORDER_MARK


def out_of_scope(
    code: str, tree: ast.Module, statements: list[ast.stmt], counts: Counter[str]
) -> Iterator[str]:
    """Names in top-level statements that only another function or class defines, as far as the
    file tells: ends of a sentence about each.

    ``counts`` says how often each name is bound in the file. Raises ``RecursionError``.
    """
    if counts["*"]:
        return
    try:
        table = symtable.symtable(code.removeprefix(BYTE_ORDER_MARK), "code", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    decorated = [at for at in tree.body if isinstance(at, ast.ClassDef) and at.decorator_list]
    in_them = chain.from_iterable(at.body for at in decorated)  # see ``enum.global_enum``
    at_top = {name for item in chain(tree.body, in_them) for name in bound_in(item)}
    for node in ast.walk(tree):
        at_top.update(node.names if isinstance(node, ast.Global) else ())
    for name in sorted(_taken_from_the_file(table, statements)):
        if counts[name] and name not in at_top and name not in GIVEN:
            yield f"{name} is not defined where it is used"


def _taken_from_the_file(table: symtable.SymbolTable, statements: list[ast.stmt]) -> set[str]:
    """What top-level statements use that no function or class in them defines.

    The table of a file is slow to ask, as it looks at all its functions for each name.
    """
    within = [range(_first_row(item), (item.end_lineno or item.lineno) + 1) for item in statements]
    rows = set(chain(*within))
    tables = [at for at in table.get_children() if at.get_lineno() in rows]
    used = {*chain.from_iterable(map(_loads, statements))}
    used = {
        name for name in used & {*table.get_identifiers()} if table.lookup(name).is_referenced()
    }
    used.update(chain.from_iterable(map(_past_its_class, statements)))
    while tables:
        at = tables.pop()
        tables += at.get_children()
        if at.get_name() == "top":
            continue  # CPython takes any scope of that name for the file's own
        symbols = (symbol for symbol in at.get_symbols() if symbol.is_referenced())
        used.update(symbol.get_name() for symbol in symbols if symbol.is_global())
    return used


def _loads(node: ast.AST, bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names that code reads outside functions and classes, which have tables of their own, and
    without those that a comprehension in it binds.

    Since Python 3.12 the table of a scope has the names of its comprehensions too.
    """
    if isinstance(node, SCOPES):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in bound:
        yield node.id
    if isinstance(node, COMPREHENSIONS):
        targets = chain.from_iterable(ast.walk(part.target) for part in node.generators)
        bound |= {item.id for item in targets if isinstance(item, ast.Name)}
    for child in ast.iter_child_nodes(node):
        yield from _loads(child, bound)


def _past_its_class(statement: ast.stmt) -> Iterator[str]:
    """The names that comprehensions in the body of a class read, which do not see that body."""
    if not isinstance(statement, ast.ClassDef):
        return
    waiting: list[ast.AST] = [*statement.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield from _past_its_class(node)
        if isinstance(node, COMPREHENSIONS):
            first = node.generators[0].iter  # evaluated in the class
            seen = {*_loads(first)}
            yield from (name for name in _loads(node) if name not in seen)
            waiting.append(first)
        elif not isinstance(node, SCOPES):
            waiting += ast.iter_child_nodes(node)


def _first_row(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(item.lineno for item in decorators)])
