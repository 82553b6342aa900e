"""The method that was asked about, out of the class that was made up around it."""

from __future__ import annotations

import pytest

from herdmate.actions.own_definition import own_definition
from herdmate.text import Document, Selection, Span

METHOD = "    def total(self):\n        return sum(self.prices)"
MENDED = "def total(self):\n    return sum(self.prices) + self.fee"
IN_CLASS = (
    "from dataclasses import field\n\nclass Item:\n    name: str\n\nclass Cart:\n"
    "    def __init__(self):\n        self.prices = []\n\n"
    "    def add(self, item):\n        pass\n\n"
    "    def add(self, item):\n        pass\n\n"
    "    def total(self):\n        return sum(self.prices) + self.fee\n"
)
KNOWN = frozenset({"Item", "Cart", "add"})


def _own(code: str, original: str) -> str:
    file = f"class Cart:\n    def add(self, item):\n        pass\n\n{original}\n"
    span = Span(len(file) - len(original) - 1, len(file) - 1)
    return own_definition(code, Selection(Document("file:///a", "python", file), span), KNOWN)


def test_the_method_is_taken() -> None:
    wanted = f"from dataclasses import field\n\n{MENDED}"
    assert _own(IN_CLASS, METHOD) == wanted
    decorated = IN_CLASS.replace("    def total", "    @property\n    def total")
    assert _own(decorated, METHOD).endswith(f"@property\n{MENDED}")


@pytest.mark.parametrize(
    ("code", "original"),
    [
        (MENDED, METHOD),
        (IN_CLASS.replace("def add", "def helper"), METHOD),  # something new
        (IN_CLASS.replace("def total", "def sum_up"), METHOD),
        (IN_CLASS.replace("self.prices = []", "self.fee = 1"), METHOD),  # it is used
        (IN_CLASS.replace("class Item", "class Price"), METHOD),
        (
            "class Item:\n" + IN_CLASS.partition("class Cart:\n")[2],
            METHOD,
        ),  # the file's other class
        (IN_CLASS + "\nprint(1)\n", METHOD),
        (IN_CLASS + "\n" * 100_000, METHOD),
        (IN_CLASS + IN_CLASS, METHOD),
        (IN_CLASS, "class Cart:\n    def total(self):\n        pass"),
        ("class Cart(:", METHOD),
        ("", METHOD),
    ],
)
def test_what_stays(code: str, original: str) -> None:
    assert _own(code, original) == code
