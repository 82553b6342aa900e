"""A program of its own: runs another and lets its assertions say which value was wrong.

Used as ``python -I values_of_assertions.py PROGRAM``. It needs nothing but the standard library,
because it runs without Herdmate's packages.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

_NAME = "__equal"
_LONGEST = 200


def equal(got: object, wanted: object) -> bool:
    """True if two values are equal; raises an ``AssertionError`` that shows both if not."""
    if got == wanted:
        return True
    raise AssertionError(f"got {_shown(got)} instead of {_shown(wanted)}")


def _shown(value: object) -> str:
    try:
        text = " ".join(repr(value).split())
    except Exception:  # the value's own code failed
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class _Shown(ast.NodeTransformer):
    """``assert a == b`` as ``assert __equal(a, b)``, at the same place."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        test = node.test
        if isinstance(test, ast.Compare) and [type(op) for op in test.ops] == [ast.Eq]:
            call = ast.Call(ast.Name(_NAME, ast.Load()), [test.left, test.comparators[0]], [])
            node.test = ast.fix_missing_locations(ast.copy_location(call, test))
        return node


if __name__ == "__main__":
    program = sys.argv[1]
    tree = _Shown().visit(ast.parse(Path(program).read_text("utf-8"), program))
    exec(compile(tree, program, "exec"), {"__name__": "__main__", _NAME: equal})
