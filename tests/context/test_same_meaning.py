"""What counts as a difference between two versions of a piece of code."""

import pytest

from herdmate.context import syntax
from herdmate.context.same_meaning import mean_the_same
from herdmate.text import Span

SAME = [
    ("python", "x = a - b // 2\n", "x = a - (b // 2)\n"),
    ("python", "def f(a):\n    return a\n", 'def f(a):\n    """It."""\n    return (a)  # a\n'),
    ("python", "if a and b:\n    c()\n", "if (a) and (\n    b\n):\n    c()\n"),
    ("javascript", "f(a + b * c);\n", "f(\n  a + (b * c) // why\n);\n"),
    ("java", "class A { int f(int a) { return a; } }", "class A { int f(int a) { return (a); } }"),
    ("go", "package p\n\nfunc f(a int) int { return a }\n",
     "package p\n\n// f\nfunc f(a int) int {\n\treturn (a)\n}\n"),
    ("rust", "fn f(a: u8) -> u8 { a + 1 }", "fn f(a: u8) -> u8 {\n    (a + 1)\n}"),
]  # fmt: skip
OTHER = [
    ("python", "x = a - b // 2\n", "x = (a - b) // 2\n"),
    ("python", "x = (a,)\n", "x = (a)\n"),
    ("python", "x = a\n", "x = a()\n"),
    ("python", "if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"),
    ("python", "x = 'a  b'\n", "x = 'a b'\n"),
    ("python", "def f():\n    a()\n", "def f():\n    a()\n    a()\n"),
    ("javascript", "f(a + b * c);\n", "f((a + b) * c);\n"),
    ("javascript", "f(a - (b - c));\n", "f(a - b - c);\n"),
    ("java", "class A { int f(int a) { return a; } }", "class A { int f(int b) { return a; } }"),
    ("go", "package p\n\nvar a = b < c\n", "package p\n\nvar a = b <= c\n"),
]


def _same(language: str, one: str, other: str) -> bool:
    trees = [syntax.parse(text, language) for text in (one, other)]
    spans = [Span(0, len(text)) for text in (one, other)]
    assert trees[0] is not None
    assert trees[1] is not None
    return mean_the_same(trees[0], spans[0], trees[1], spans[1])


@pytest.mark.parametrize(("language", "one", "other"), SAME)
def test_layout_comments_and_needless_parentheses_make_no_difference(
    language: str, one: str, other: str
) -> None:
    assert _same(language, one, other)
    assert _same(language, other, one)


@pytest.mark.parametrize(("language", "one", "other"), OTHER)
def test_what_the_code_does_makes_one(language: str, one: str, other: str) -> None:
    assert not _same(language, one, other)
    assert not _same(language, other, one)
