"""Only the type annotations are taken of a reply; the code stays byte for byte."""

from __future__ import annotations

import pytest

from herdmate.actions.annotations_alone import annotations_alone

KNOWN = frozenset({"Item"})

CASES = {
    "another body": (
        "    def add(self, item, count=1, *rest, **more):\n        return  self.f(item)",
        "def add(self, item: Item, count: int = 1, *rest: int, **more: str) -> bool:\n"
        '    """Add."""\n    log(item)\n    return self.f(item)',
        "    def add(self, item: Item, count: int = 1, *rest: int, **more: str) -> bool:\n"
        "        return  self.f(item)",
    ),
    "another result": (
        "def f(a):\n    return a",
        "def f(a: int) -> str:\n    return str(a)",
        "def f(a: int):\n    return a",
    ),
    "a parameter that gets a value": (
        "def f(a, b):\n    return a",
        "def f(a: str, b: int) -> int:\n    a = int(a)\n    return a",
        "def f(a, b: int) -> int:\n    return a",
    ),
    "another default": (
        "def f(a=None, *, b=1):\n    pass",
        "def f(a: str = '', *, b: int = 1) -> None:\n    return",
        "def f(a=None, *, b: int = 1):\n    pass",
    ),
    "annotations that are there": (
        "def f(a: float, b) -> float:\n    return a + b",
        "def f(a: int, b: int) -> int:\n    x = 1\n    return a + b",
        "def f(a: float, b: int) -> float:\n    return a + b",
    ),
    "unknown types": (
        "def f(a, b):\n    return a",
        "import numpy\ndef f(a: numpy.ndarray, b: int) -> Vector:\n    return a",
        "def f(a, b: int):\n    return a",
    ),
    "a head of several lines": (
        "@g(':')\r\ndef f(\r\n\tα,  # ä: one\r\n\tb=lambda x: x,\r\n):  # all\r\n"
        "\treturn {1: b}\r\n",
        "def f(α: str, b: Item = lambda x: x) -> dict[int, Item]:\n    y = 1\n    return {1: b}",
        "@g(':')\r\ndef f(\r\n\tα: str,  # ä: one\r\n\tb: Item = lambda x: x,\r\n"
        ") -> dict[int, Item]:  # all\r\n\treturn {1: b}\r\n",
    ),
    "a class": (
        "class A:\n    def f(self, a): pass\n\n    def g(self, b): pass",
        "class A:\n    def f(self, a: int): return\n\n    def h(self, b: int): pass",
        "class A:\n    def f(self, a: int): pass\n\n    def g(self, b): pass",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("original", "code", "wanted"), CASES.values(), ids=CASES)
def test_the_annotations_are_taken(original: str, code: str, wanted: str) -> None:
    found = annotations_alone(code, original, KNOWN)
    assert found is not None
    assert found == (wanted, ())


def test_types_are_imported() -> None:
    code = (
        "from typing import Any, Callable as C\nfrom os import path\ndef f(a: C[[int], Any]): ..."
    )
    found = annotations_alone(code, "def f(a):\n    return a", KNOWN)
    imports = ("from typing import Any", "from typing import Callable as C")
    assert found == ("def f(a: C[[int], Any]):\n    return a", imports)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "def f(a:",
        "def f(a): return a",
        "def g(a: int): return a",
        "def f(b: int): return b",
        "def f(a: print('x')): return a",
        "def f(a: [x for x in Item]): return a",
        "def f(a: (x := int)): return a",
        "def f(a: Unknown): return a",
        "def f(a: int): pass\ndef f(a: str): pass",
        "class A:\n    def f(self, a: int): pass",
        f"def f(a: {'int | ' * 100}int): return a",
        "def f(a: int): return a\n" + "#" * 100_000,
    ],
)
def test_what_is_not_taken(code: str) -> None:
    assert annotations_alone(code, "def f(a):\n    return a", KNOWN) is None


def test_code_that_nests_deeply() -> None:
    for terms in (900, 5_000):
        code = f"def f(a: int): return a{' + a' * terms}"
        found = annotations_alone(code, "def f(a):\n    return a", KNOWN)
        assert found in (None, ("def f(a: int):\n    return a", ()))
