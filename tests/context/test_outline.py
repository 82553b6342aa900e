"""Heads of definitions in many languages, and what stands above a window."""

from __future__ import annotations

from typing import Any

import pytest

from herdmate.context import outline, syntax
from herdmate.context.definitions import is_definition

PYTHON = '''\
import os
from a import b


@final
class Shape(Base):
    """A shape."""

    sides = 4

    @property
    def area(self) -> int:
        return 1

    async def draw(
        self, canvas
    ):
        def inner():
            pass


def scale(shape, by=2):
    return shape


def last():
    pass
'''


def _tree(text: str, language: str) -> syntax.SyntaxTree:
    tree = syntax.parse(text, language)
    assert tree is not None
    return tree


def test_heads_have_stubs_and_know_what_holds_them() -> None:
    found = outline.heads(_tree(PYTHON, "python"), PYTHON)
    assert [(head.name, head.holder, head.text) for head in found] == [
        ("Shape", "", "class Shape(Base): ...\n"),
        ("area", "Shape", "    def area(self) -> int: ...\n"),
        ("draw", "Shape", "    async def draw(\n        self, canvas\n    ): ...\n"),
        ("scale", "", "def scale(shape, by=2): ...\n"),
        ("last", "", "def last(): ...\n"),
    ]


@pytest.mark.parametrize(
    ("language", "code", "texts"),
    [
        ("javascript", "export class A {\n  f(a) { return a }\n}\nconst g = (x) => { x }\n",
         ["class A;\n", "  f(a);\n", "const g = (x) =>;\n"]),
        ("typescript", "interface P { x: number }\nfunction f(p: P): number { return p.x }\n",
         ["interface P;\n  x: number;\n", "function f(p: P): number;\n"]),
        ("java", "class A {\n  int f(int a) { return a; }\n}\n",
         ["class A;\n", "  int f(int a);\n"]),
        ("go", "package p\n\nfunc (a A) F(x int) error {\n\treturn nil\n}\n",
         ["func (a A) F(x int) error;\n"]),
        ("rust", "impl A {\n    pub fn f(&self) -> u8 { 1 }\n}\n",
         ["impl A;\n", "    pub fn f(&self) -> u8;\n"]),
        ("c", "int area(int w, int h) {\n  return w * h;\n}\n", ["int area(int w, int h);\n"]),
        ("cpp", "class A {\n public:\n  int f() { return 1; }\n};\n",
         ["class A;\n", "  int f();\n"]),
        ("ruby", "class A\n  def f(x)\n    x\n  end\nend\n", None),
        ("php", "<?php\nclass A {\n  function f($x) { return $x; }\n}\n",
         ["class A;\n", "  function f($x);\n"]),
        ("csharp", "class A {\n  int F(int x) { return x; }\n}\n",
         ["class A;\n", "  int F(int x);\n"]),
        ("shellscript", "greet() {\n  echo hi\n}\nfunction part {\n  (cd x; ls)\n}\n",
         ["greet() { :; }\n", "function part { :; }\n"]),
    ],
)  # fmt: skip
def test_heads_in_other_languages(language: str, code: str, texts: list[str] | None) -> None:
    found = [head.text for head in outline.heads(_tree(code, language), code)]
    if texts is None:
        assert [text.split()[:2] for text in found] == [["class", "A;"], ["def", "f(x);"]]
    else:
        assert found == texts


def test_above_a_place_stand_imports_heads_around_and_heads_beside() -> None:
    offset = PYTHON.index("        def inner")
    lines = outline.above(_tree(PYTHON, "python"), PYTHON, offset)
    assert [(line.rank, line.text.strip().splitlines()[0]) for line in lines] == [
        (1, "import os"),
        (1, "from a import b"),
        (0, "class Shape(Base):"),
        (2, "def area(self) -> int: ..."),
        (0, "async def draw("),
    ]


def test_above_a_place_in_a_shell_script() -> None:
    text = "first() {\n  a\n}\n\nsecond() {\n  b\n  c\n}\n"
    lines = outline.above(_tree(text, "shellscript"), text, text.index("  c"))
    assert [line.text for line in lines] == ["first() { :; }\n", "second() {\n"]


def test_what_matters_most_is_packed_first_and_all_in_order() -> None:
    offset = PYTHON.index("def last")
    lines = outline.above(_tree(PYTHON, "python"), PYTHON, offset)
    assert outline.pack(lines, 6, lambda text: 2)[0] == (
        "import os\nfrom a import b\ndef scale(shape, by=2): ...\n"
    )
    assert outline.pack(lines, 0, lambda text: 2)[0] == ""


SHOP = """\
class Item:
    name: str
    price: float

    def total(self):
        return self.price


def other():
    return 1


def last(item):
    pass
"""


def test_where_there_is_room_what_is_used_comes_with_its_body() -> None:
    lines = outline.above(_tree(SHOP, "python"), SHOP, SHOP.index("def last"), {"Item", "missing"})
    item = SHOP[: SHOP.index("\n\n\n") + 1]
    assert outline.pack(lines, 8, lambda text: text.count("\n")) == (item + "def other(): ...\n", 1)
    assert outline.pack(lines, 6, lambda text: text.count("\n")) == (
        "class Item: ...\ndef other(): ...\n",
        4,
    )


def test_members_are_not_shown_twice() -> None:
    named = outline.named(_tree(SHOP, "python"), {"Item", "total"})
    lines = tuple(line for _, line in named)
    assert outline.pack(lines, 50, len) == ("class Item: ...\n    def total(self): ...\n", 9)
    assert outline.pack(lines, 500, len)[0] == SHOP[: SHOP.index("\n\n\n") + 1]


def test_places_count_characters_in_any_text() -> None:
    text = "# ünïcödé 🐑\n" + PYTHON
    offset = text.index("        def inner")
    lines = outline.above(_tree(text, "python"), text, offset)
    assert lines == outline.above(
        _tree(PYTHON, "python"), PYTHON, PYTHON.index("        def inner")
    )


def test_windows_line_ends_are_not_told() -> None:
    text = PYTHON.replace("\n", "\r\n")
    assert all("\r" not in head.text for head in outline.heads(_tree(text, "python"), text))


def test_in_a_long_file_only_what_is_near_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heads of 10,000 functions held the event loop for 0.2 s at the first ghost text."""
    text = "import os\n" + "".join(f"def f{at}(): ...\n" for at in range(10_000)) + "class A:\n"
    text += "".join(f"    def g{at}(self): ...\n" for at in range(10))
    tree, asked = _tree(text, "python"), 0

    def noted(node: Any, language: str) -> bool:
        nonlocal asked
        asked += 1
        return is_definition(node, language)

    monkeypatch.setattr(outline, "is_definition", noted)
    lines = outline.above(tree, text, text.index("def g9"))
    assert asked < 500
    assert [line.text.split("(")[0].strip() for line in lines if line.rank < 2] == [
        "import os",
        "class A:",
    ]
    assert lines[-1].text.strip() == "def g8(self): ..."
    assert lines[-11].text.strip() == "def f9999(): ..."


def test_a_python_class_comes_with_its_annotated_fields() -> None:
    code = (
        "@dataclass\nclass Point(Base):\n    '''A point.'''\n\n    x: int\n    y: int = 0\n"
        "    kind = 1\n    z: str = field(\n        default='')\n\n    def far(self): ...\n"
        "class Plain:\n    def far(self): ...\n"
    )
    (point, far, plain, _) = outline.heads(_tree(code, "python"), code)
    assert point.text == "class Point(Base):\n    x: int\n    y: int = 0\n"
    assert far.text == "    def far(self): ...\n"
    assert plain.text == "class Plain: ...\n"
    many = "class Many:\n" + "".join(f"    field_{at}: int\n" for at in range(99))
    assert len(outline.heads(_tree(many, "python"), many)[0].text.splitlines()) == 13


@pytest.mark.parametrize(
    ("language", "code", "text"),
    [
        ("typescript", "interface P {\n  x: number\n  f(): void;\n}\n",
         "interface P;\n  x: number;\n  f(): void;\n"),
        ("typescript", "class A {\n  x = 1;\n  private y = 2;\n}\n", "class A;\n  x = 1;\n"),
        ("rust", "struct P {\n    pub x: u8,\n    y: u8,\n}\n",
         "struct P;\n    pub x: u8,\n    y: u8,\n"),
        ("rust", "enum E {\n    A,\n    B(u8),\n}\n", "enum E;\n    A,\n    B(u8),\n"),
        ("c", "struct P {\n  int x;\n};\n", "struct P;\n  int x;\n"),
    ],
)  # fmt: skip
def test_fields_in_other_languages(language: str, code: str, text: str) -> None:
    assert outline.heads(_tree(code, language), code)[0].text == text
