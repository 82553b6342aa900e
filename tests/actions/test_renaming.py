"""Local variables get the names that a model gives, and nothing else changes."""

from __future__ import annotations

import pytest

from herdmate.actions.renaming import names_to_rename, renamed
from herdmate.actions.rewrite import rewrite
from herdmate.context import syntax
from herdmate.errors import SelectionError, UnchangedError
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span, apply_edits
from tests.fake_model import fake_actions

PYTHON = """\
import os

LIMIT = 3


def f(a, *, b=1):
    x = a + LIMIT
    for i, y in enumerate(b):
        print(f"{x} {i:>{y}} x", x=x)
    os = 3

    def g(q):
        nonlocal x
        return q + x

    z = [k for k in y if k]
    with open(a) as h:
        h.read()
    try:
        pass
    except OSError as e:
        print(e.x)
    return {"i": i, **z, "d": g.z}


def other(i, z):
    total = i
    return total
"""

TYPESCRIPT = """\
import q from "q";
const top = 1;

export function f(a: number, { b, c }: X) {
  const x = a, top = 3;
  let r = [];
  for (const i of x) { r.push(`${i} i`); }
  const { m, n: o } = a;
  const s = { x, y: r, i: a.r };
  items.map((t) => { const u = t + 1; return u; });
  try {} catch (e) { log(e); }
  return s;
}
"""


def _target(text: str, language: str, first: str, last: str = "") -> Selection:
    start = text.index(first)
    end = text.index(last, start) if last else len(text)
    return Selection(Document("file:///a", language, text), Span(start, end))


def test_which_names_are_asked_about() -> None:
    target = _target(PYTHON, "python", "def f", "\n\n\ndef other")
    assert names_to_rename(target) == ("i", "y", "z", "k", "h", "e")
    assert names_to_rename(_target(TYPESCRIPT, "typescript", "export")) == (
        *("r", "i", "s", "u", "e"),
    )


def test_python() -> None:
    target = _target(PYTHON, "python", "def f", "\n\n\ndef other")
    reply = """\
1. `i` -> `index`: counts
- y → total: the last one
x -> sum_of_all: is nonlocal
z => 2nd: no name
k -> item (why: better)
h to list: taken
e: error
os -> system: a module
"""
    edits, reasons = renamed(target, reply)
    text = apply_edits(PYTHON, edits)
    expected = (
        PYTHON.replace("for i, y in", "for index, total in")
        .replace("{i:>{y}}", "{index:>{total}}")
        .replace('"i": i', '"i": index')
        .replace("[k for k in y if k]", "[item for item in total if item]")
        .replace("as e:\n        print(e.x)", "as error:\n        print(error.x)")
    )
    assert text == expected
    assert reasons.splitlines()[:2] == ["i → index: counts", "y → total: the last one"]


def test_typescript() -> None:
    target = _target(TYPESCRIPT, "typescript", "export")
    edits, _ = renamed(target, "r -> rows: rows\ni -> class: no\ns -> result: it\nx -> a1: no\n")
    assert apply_edits(TYPESCRIPT, edits) == (
        TYPESCRIPT.replace("let r =", "let rows =").replace("r.push", "rows.push")
        .replace("y: r,", "y: rows,").replace("const s =", "const result =")
        .replace("return s;", "return result;")
    )  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "def f(a):\n    return a\n",
        "def f(a):\n    x = 1\n    return locals()\n",
        "x = 1\nprint(x)\n",
        "class A:\n    x = 1\n\n    def f(self):\n        return self.x\n",
        "def f():\n    global x\n    x = 1\n",
    ],
)
def test_nothing_that_can_be_renamed(code: str) -> None:
    with pytest.raises(SelectionError, match="no local variable"):
        names_to_rename(_target(code, "python", code[:3]))


def test_names_of_an_outer_function_stay() -> None:
    code = (
        "def f():\n    x = 1\n\n    def g():\n        y = x\n        return y\n\n    return g, x\n"
    )
    target = _target(code, "python", "    def g", "\n\n    return")
    assert names_to_rename(target) == ("y",)
    with pytest.raises(UnchangedError, match="no better names"):
        renamed(target, "y -> x: taken\nx -> z: outside\n" + "x -> y: z" * 100_000)


async def test_through_the_model() -> None:
    assert syntax.parse(PYTHON, "python") is not None
    selection = _target(PYTHON, "python", "    total = i", "\n    return total")
    action = load_library()[0].get("rename")
    async with fake_actions({"local variables: total.": "total -> first: it is first\n"}) as model:
        done = await rewrite(selection, action, model)
    text = apply_edits(PYTHON, done.edits)
    assert text == PYTHON.replace("total = i\n    return total", "first = i\n    return first")
    assert done.reasons == "total → first: it is first"


def test_a_component_keeps_the_name_that_makes_it_one() -> None:
    code = (
        "function A(p) {\n  const I = p.icon;\n  const s = p.size;\n  return <I a={s}>{s}</I>;\n}\n"
    )
    target = Selection(Document("file:///a.jsx", "javascriptreact", code), Span(0, len(code)))
    assert names_to_rename(target) == ("s",)
    edits, _ = renamed(target, "I -> icon\ns -> width")
    assert apply_edits(code, edits) == code.replace("s = ", "width = ").replace("{s}", "{width}")
