"""The documentation alone of a Python definition that a model was only to document.

Small models write it above the definition, and change the code below it.
"""

from __future__ import annotations

import ast
from contextlib import suppress
from textwrap import dedent, indent

from herdmate.context.python_code import parse_python
from herdmate.context.python_paths import Definition


def with_docstring(code: str, original: str) -> str:
    """The original with the docstring that the code has in or above the same definition.

    The code itself if either is more than one definition, or the original is documented.
    """
    theirs, ours = dedent(original), dedent(code)
    before, after = _definition(theirs), _definition(ours)
    if before is None or after is None or before[0].name != after[0].name or before[1]:
        return code
    if after[1] is None:
        return code
    lines, first = theirs.split("\n"), before[0].body[0]
    row = min([first.lineno, *(one.lineno for one in getattr(first, "decorator_list", ()))]) - 1
    margin = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
    if not margin:
        return code  # the body stands behind the head, in one line
    said = indent(_lines_of(ours, after[1]), margin, lambda line: bool(line.strip()))
    if not said:
        return code
    return "\n".join([*lines[:row], said, *lines[row:]])


def _definition(code: str) -> tuple[Definition, ast.Expr | None] | None:
    """The only definition in code, and its documentation, inside it or above."""
    tree = parse_python(code)
    if isinstance(tree, int) or not tree.body or len(tree.body) > 2:
        return None
    *above, found = tree.body
    if not isinstance(found, Definition) or not all(map(_is_text, above)):
        return None
    said = next(filter(_is_text, [found.body[0], *above]), None)
    return found, said if isinstance(said, ast.Expr) else None


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _lines_of(code: str, node: ast.Expr) -> str:
    """A statement's source as it reads at the margin."""
    with suppress(ValueError):  # half an emoji
        return dedent(" " * node.col_offset + (ast.get_source_segment(code, node) or ""))
    return ""
