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

    The code itself if either is more than one definition, or if the original has a docstring that
    says more, or examples that the new one leaves out.
    """
    theirs, ours = dedent(original), dedent(code)
    before, after = _definition(theirs), _definition(ours)
    if before is None or after is None or before[0].name != after[0].name:
        return code
    old, new, first = before[1], after[1], before[0].body[0]
    if new is None or (old is not None and (old is not first or _says_less(new, old))):
        return code
    lines = theirs.split("\n")
    row = min([first.lineno, *(one.lineno for one in getattr(first, "decorator_list", ()))]) - 1
    end = row if old is None else old.end_lineno or row
    margin = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
    is_alone = old is None or _segment(theirs, old) == "\n".join(lines[row:end]).strip()
    said = indent(_lines_of(ours, new), margin, lambda line: bool(line.strip()))
    if not margin or not is_alone or not said:
        return code  # the body stands behind the head, or something behind the docstring
    return "\n".join([*lines[:row], said, *lines[end:]])


def _says_less(new: ast.Expr, old: ast.Expr) -> bool:
    """Does a docstring have fewer words than another one, or fewer examples?"""
    (now, before) = (ast.literal_eval(one.value) for one in (new, old))
    return len(now.split()) < len(before.split()) or now.count(">>>") < before.count(">>>")


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
    return dedent(" " * node.col_offset + _segment(code, node))


def _segment(code: str, node: ast.Expr) -> str:
    """A statement's source; ``""`` if there is none."""
    with suppress(ValueError):  # half an emoji
        return ast.get_source_segment(code, node) or ""
    return ""
