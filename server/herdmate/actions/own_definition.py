"""The Python method that was asked about, out of the class that a model wrote around it.

It sees the method alone, and makes up the rest of the class, and its file, from what it knows.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from textwrap import dedent

from herdmate.context.python_code import parse_python
from herdmate.context.python_paths import Definition, Function


def without_made_up_class(code: str, original: str, known: Collection[str]) -> str:
    """The imports and the one method of the original's name, if all else is known in the file.

    The code itself if the original is no single function, or the code has anything new beside it.
    """
    theirs, ours = parse_python(dedent(original)), parse_python(dedent(code))
    if isinstance(theirs, int) or isinstance(ours, int) or len(theirs.body) != 1:
        return code
    asked = theirs.body[0]
    if not isinstance(asked, Function):
        return code
    holders = [node for node in ours.body if isinstance(node, ast.ClassDef)]
    found = [
        node
        for holder in holders
        for node in holder.body
        if isinstance(node, Function) and node.name == asked.name
    ]
    imports = [node for node in ours.body if isinstance(node, ast.Import | ast.ImportFrom)]
    others = {
        node.name
        for top in ours.body
        for node in (top, *(top.body if isinstance(top, ast.ClassDef) else ()))
        if isinstance(node, Definition)
    }
    is_known = others <= {*known, asked.name, "__init__"}
    if len(found) != 1 or not is_known or len(holders) + len(imports) != len(ours.body):
        return code
    first = min(node.lineno for node in (found[0], *found[0].decorator_list))
    lines = dedent(code).split("\n")
    above = [line for node in imports for line in lines[node.lineno - 1 : node.end_lineno]]
    own = dedent("\n".join(lines[first - 1 : found[0].end_lineno]))
    return "\n".join([*above, "", own] if above else [own])
