"""Long code cut along its syntax."""

from __future__ import annotations

import pytest

from herdmate.context.chunks import parts
from herdmate.context.syntax import parse
from herdmate.text import Span

PYTHON = """\
import os


# about f
@cached
def f():
    return 1


class A:
    x = 1

    def a(self):
        return 1

    def b(self):
        return 2


def g():
    return 3
"""
TS = """\
export class A {
  a() { return 1; }

  // b
  b() { return 2; }
}
function f() { return 3; }
"""


def _cut(text: str, language: str, most: int) -> list[str] | None:
    tree = parse(text, language)
    assert tree is not None
    found = parts(tree, Span(0, len(text)), lambda span: span.end - span.start <= most)
    return None if found is None else [text[span.start : span.end] for span in found]


def test_as_much_together_as_fits() -> None:
    assert _cut(PYTHON, "python", 1000) == [PYTHON.strip()]
    assert _cut(PYTHON, "python", 120) == [
        "import os\n\n\n# about f\n@cached\ndef f():\n    return 1",
        PYTHON[PYTHON.index("class A") :].strip(),
    ]


def test_a_class_is_cut_into_its_members() -> None:
    assert _cut(PYTHON, "python", 48) == [
        "import os",
        "# about f\n@cached\ndef f():\n    return 1",
        "x = 1\n\n    def a(self):\n        return 1",
        "def b(self):\n        return 2",
        "def g():\n    return 3",
    ]
    assert _cut(TS, "typescript", 40) == [
        "a() { return 1; }",
        "// b\n  b() { return 2; }",
        "function f() { return 3; }",
    ]


@pytest.mark.parametrize("most", [10, 20])
def test_what_cannot_be_cut(most: int) -> None:
    assert _cut(PYTHON, "python", most) is None
