"""A block of an explanation in place of the code that it is a version of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.actions.apply_code import apply_code
from herdmate.actions.context import ActionContext
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost
from herdmate.errors import HerdmateError, RefusedError, SelectionError, UnchangedError
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span, apply_edits

CHANGES = ("body", "documentation", "types", "names", "signatures")
ACTION = replace(load_library()[0].get("explain"), changes=CHANGES)

PYTHON = """import os


def first(x):
    y = x
    return y


class Shop:
    @property
    def size(self):
        n = len(self.items)
        return n

    def name(self):
        return "shop"


print(first(1))
print(first(2))
"""


def _applied(
    code: str, about: str = "", text: str = PYTHON, language: str = "python", current: bool = True
) -> str:
    start = text.index(about) if about else 0
    end = start + len(about) if about else len(text)
    selection = Selection(Document(f"file:///a.{language}", language, text), Span(start, end))
    context = ActionContext(EngineHost(), Project())
    done = apply_code(selection, code, ACTION, context, current)
    return apply_edits(text, done.edits)


def test_a_function_takes_the_place_of_the_one_of_its_name() -> None:
    code = "def first(x):\n    return x"
    for about in ("", "class Shop"):
        assert _applied(code, about) == PYTHON.replace("    y = x\n    return y", "    return x")


def test_where_the_file_has_changed_the_name_is_enough() -> None:
    code = "def first(x):\n    return x\n"
    assert "return x\n" in _applied(code, "print(first(1))", current=False)
    with pytest.raises(SelectionError, match="has changed since"):
        _applied("print(first(3))", "print(first(1))", current=False)


@pytest.mark.parametrize("decorator", ["", "@property\n"])
def test_a_method_is_indented_and_keeps_its_decorator(decorator: str) -> None:
    code = f"{decorator}def size(self):\n    return len(self.items)\n"
    wanted = PYTHON.replace(
        "        n = len(self.items)\n        return n", "        return len(self.items)"
    )
    assert _applied(code) == wanted


def test_several_definitions_of_a_block_take_their_places() -> None:
    code = (
        "class Shop:\n    @property\n    def size(self):\n        return 0\n\n"
        "    def name(self):\n        return 'x'\n"
    )
    changed = _applied(code)
    assert "return 0" in changed
    assert "return 'x'" in changed
    assert changed.count("class Shop") == 1


def test_a_helper_may_come_with_the_function_that_uses_it() -> None:
    helper = "def same(x):\n    return x\n"
    code = f"{helper}\n\ndef first(x):\n    return same(x)"
    changed = _applied(code)
    assert helper in changed
    assert "return same(x)" in changed
    with pytest.raises(RefusedError, match="without using it"):
        _applied(f"{helper}\n\ndef first(x):\n    return x")


def test_lines_without_a_definition_take_the_place_of_what_was_explained() -> None:
    code = "for number in (1, 2):\n    print(first(number))"
    about = "print(first(1))\nprint(first(2))\n"
    assert _applied(code, about) == PYTHON.replace(about.rstrip(), code)


def test_lines_that_begin_and_end_like_some_of_the_code_take_their_place() -> None:
    text = "a = 1\nb = 2\nc = 3\nd = 4\n"
    assert _applied("b = 2\nx = 9\nd = 4", text=text) == "a = 1\nb = 2\nx = 9\nd = 4\n"


@pytest.mark.parametrize(
    ("language", "text", "code", "wanted"),
    [
        (
            "typescript",
            "export class A {\n  f(x: number) {\n    const y = x;\n    return y;\n  }\n}\n",
            "f(x: number) {\n  return x;\n}",
            "export class A {\n  f(x: number) {\n    const y = x;\n    return y;\n  }\n}\n",
        ),
        (
            "go",
            "package a\n\nfunc f(x int) int {\n\ty := x\n\treturn y\n}\n",
            "func f(x int) int {\n    return x\n}",
            "package a\n\nfunc f(x int) int {\n\treturn x\n}\n",
        ),
        (
            "rust",
            "fn f(x: i32) -> i32 {\n    let y = x;\n    y\n}\n",
            "fn f(x: i32) -> i32 {\n    x\n}",
            "fn f(x: i32) -> i32 {\n    x\n}\n",
        ),
        (
            "java",
            "class A {\r\n    int f(int x) {\r\n        int y = x;\r\n        return y;\r\n"
            "    }\r\n}\r\n",
            "class A {\n    int f(int x) {\n        return x;\n    }\n}",
            "class A {\r\n    int f(int x) {\r\n        return x;\r\n    }\r\n}\r\n",
        ),
    ],
)
def test_other_languages_and_line_ends(language: str, text: str, code: str, wanted: str) -> None:
    try:
        assert _applied(code, text=text, language=language) == wanted
    except RefusedError:
        assert wanted == text


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("", SelectionError),
        ("  \n", SelectionError),
        ("x" * 300_000, SelectionError),
        ("def first(x):\n    y = x\n    return y", UnchangedError),
        ("def first(x):\n    return (x", RefusedError),
        ("herdmate explain FILE", RefusedError),
        ("def first(x):\n    ...", RefusedError),
    ],
)
def test_what_would_do_harm_is_refused(code: str, error: type[HerdmateError]) -> None:
    with pytest.raises(error):
        _applied(code)


def test_fences_in_code_do_not_end_it() -> None:
    code = 'def first(x):\n    """```\n    x\n    ```"""\n    return x'
    assert '"""```' in _applied(code)


def test_a_file_that_the_model_must_not_see_is_left_alone(tmp_path: Path) -> None:
    uri = (tmp_path / ".env").as_uri()
    selection = Selection(Document(uri, "python", PYTHON), Span(0, 10))
    context = ActionContext(EngineHost(), Project())
    with pytest.raises(SelectionError, match="not asked"):
        apply_code(selection, "def first(x):\n    return x", ACTION, context, True)


@pytest.mark.parametrize(
    "between",
    [
        "LIMIT = 3\nregister(LIMIT)\n\n\n",
        "# limits\nLIMIT = 3\n\n\n",
        "password = 'hUnter2-9xQz of the shop, long'\n\n\n",
    ],
)
def test_what_stands_between_the_definitions_stays(between: str) -> None:
    first, last = "def a(x):\n    return x + 1\n\n\n", "def b(y):\n    return y * 2\n"
    code = "def a(x):\n    return 1 + x\n\n\ndef b(y):\n    return 2 * y"
    new_first, new_last = first.replace("x + 1", "1 + x"), last.replace("y * 2", "2 * y")
    assert _applied(code, text=first + between + last) == new_first + between + new_last


def test_what_stands_between_methods_stays_where_it_is() -> None:
    first, last = "def a(self):\n        return 1\n", "def b(self):\n        return 2\n"
    text = f"class A:\n    {first}\n    limit = 3\n\n    {last}"
    code = "def a(self):\n    return 4\n\ndef b(self):\n    return 5"
    assert _applied(code, text=text) == text.replace("1", "4").replace("2", "5")


def test_a_block_that_would_drop_what_is_between_its_definitions_is_refused() -> None:
    text = "def a(x):\n    return x\n\n\nregister(3)\n\n\ndef b(y):\n    return y\n"
    for code in (
        "def b(y):\n    return -y\n\n\ndef a(x):\n    return -x",
        "def a(x):\n    return -x\n\n\na(1)\n\n\ndef b(y):\n    return -y",
    ):
        with pytest.raises(RefusedError, match="between the definitions"):
            _applied(code, text=text)
