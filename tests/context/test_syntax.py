import random
from typing import Any

import pytest

from herdmate.context import line_kinds, syntax_queries
from herdmate.context.grammars import parser_for
from herdmate.context.syntax import (
    LARGEST_TEXT,
    SyntaxTree,
    edited,
    error_count,
    parse,
    tree_of,
)
from herdmate.context.syntax_queries import (
    definition_names,
    enclosing_definition,
    imports,
    is_in_string_or_comment,
    opens_block,
)
from herdmate.text import Document, Edit, Span, apply_edits

PYTHON = '''import os
from a import (
    b,
)


@wraps
@other(1)
def first(x):
    """Say 🐑 héllo."""
    return x  # naïve


class Flock:
    name = "Dolly"

    def count(self):
        return 1
'''


def tree(text: str, language: str = "python") -> SyntaxTree:
    parsed = parse(text, language)
    assert parsed is not None
    return parsed


def needs(language: str) -> None:
    if parser_for(language) is None:
        pytest.skip(f"the grammars of this Python have no usable {language}")


def shape(node: Any) -> list[Any]:
    return [
        node.type,
        node.start_byte,
        node.end_byte,
        tuple(node.start_point),
        tuple(node.end_point),
        node.is_missing,
        [shape(child) for child in node.children],
    ]


PIECES = [
    "",
    "x",
    "\n",
    "\r\n",
    "\t",
    "🐑",
    "é",
    "(",
    ")",
    '"',
    "def f():\n\treturn 1\n",
    "{ }",
    "#",
]


@pytest.mark.parametrize("language", ["python", "typescript", "c"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_an_edited_tree_equals_a_fresh_parse(language: str, line_end: str) -> None:
    dice = random.Random(f"{language}{line_end!r}")
    text = PYTHON.replace("\n", line_end)
    known = tree(text, language)
    for _ in range(60):
        edits = []
        changed = text
        for _ in range(dice.randint(1, 3)):
            start = dice.randint(0, len(changed))
            end = min(len(changed), start + dice.choice([0, 0, 1, 3, 20]))
            edits.append(Edit(Span(start, end), dice.choice(PIECES)))
            changed = apply_edits(changed, (edits[-1],))
        moved_on = edited(known, text, tuple(edits), changed)
        assert moved_on is not None
        fresh = tree(changed, language)
        # After an error an incremental parse may recover differently, so only the parts that
        # parse are comparable, and what the whole text is.
        if not fresh.tree.root_node.has_error:
            assert shape(moved_on.tree.root_node) == shape(fresh.tree.root_node)
        assert moved_on.tree.root_node.end_byte == fresh.tree.root_node.end_byte
        known, text = moved_on, changed


def test_typing_a_function_keeps_the_tree_right_at_each_key() -> None:
    text = PYTHON
    known = tree(text)
    for char in "\n\ndef späte(🐑=1):\n    return {'a': [1, 2]}\n":
        changed = text + char
        moved_on = edited(known, text, (Edit(Span(len(text), len(text)), char),), changed)
        assert moved_on is not None
        known, text = moved_on, changed
    assert error_count(known) == error_count(tree(text))
    assert "späte" in definition_names(known, text)


def test_edits_that_do_not_lead_to_the_text_cost_only_a_fresh_parse() -> None:
    known = tree("x = 1\n")
    moved_on = edited(known, "x = 1\n", (Edit(Span(0, 1), "y"),), "z = 2\n")
    assert moved_on is not None
    assert shape(moved_on.tree.root_node) == shape(tree("z = 2\n").tree.root_node)


def test_too_large_a_text_is_not_parsed() -> None:
    assert parse("x" * (LARGEST_TEXT + 1), "plaintext") is None
    assert parse("#" * (LARGEST_TEXT + 1), "python") is None
    assert parse("#" * LARGEST_TEXT, "python") is not None


def test_a_lone_surrogate_is_no_obstacle() -> None:
    text = "x = '\ud800'\ndef f(): pass\n"
    assert definition_names(tree(text), text) == ("f",)


def test_the_tree_of_a_document_is_the_one_it_carries() -> None:
    known = tree("x")
    assert tree_of(Document("file:///a", "python", "x", tree=known)) is known
    assert tree_of(Document("file:///a", "python", "x")) is not None
    assert tree_of(Document("file:///a", "plaintext", "x")) is None


@pytest.mark.parametrize(
    ("text", "count"),
    [("x = 1\n", 0), ("x = (1\n", 1), ("def f(:\n  pass\n", 1), ("", 0)],
)
def test_errors_are_counted(text: str, count: int) -> None:
    assert (error_count(tree(text)) > 0) == (count > 0)


def test_more_errors_count_more() -> None:
    one = error_count(tree("int f() { return 1 }\n", "c"))
    two = error_count(tree("int f() { return 1 }\nint g() { return 2 }\n", "c"))
    assert (one, two) == (1, 2)


DEFINITIONS = [
    ("python", "import x\n«@d\ndef f(a):\n    🐑│ = 1»\n", ("f",)),
    ("python", "«class A:\n    x = │1\n\n    def f(self):\n        pass»\n", ("A", "f")),
    ("python", "x │= 1\n\ndef f(): pass\n", ("f",)),
    ("python", "class A:\n    «async def é(self):\n        return│ 1»\n", ("A", "é")),
    ("javascript", "«export const f = (a) => {\n  return│ a;\n}»\n", ("f",)),
    ("javascript", "«function f() { return xs.map(x => │x) }»\n", ("f",)),
    ("javascript", "class A { «m() { │ }» }", ("A", "m")),
    ("typescript", "«export class A { a = │1 }»\n", ("A",)),
    ("typescript", "«interface A { a: │number }»\n", ("A",)),
    ("typescriptreact", "«const V = () => <p>│hi</p>;»\n", ("V",)),
    ("javascriptreact", "«const V = () => <p>│hi</p>;»\n", ("V",)),
    ("java", "class A {\n  «@Override\n  int f() { return│ 1; }»\n}\n", ("A", "f")),
    ("c", "#include <a.h>\n«static int *f(int a) {\n  │return 0;\n}»\n", ("f",)),
    ("c", "«struct s { int │a; }»;\n", ("s",)),
    ("cpp", "namespace n {\n«template <class T> T f(T t) { │ }»\n}\n", ("n", "f")),
    ("csharp", "class A {\n  «public int F() { │ return 1; }»\n}\n", ("A", "F")),
    ("go", "package p\n\n«func (r *R) F() int { │return 1 }»\n", ("F",)),
    ("go", "package p\n\n«type T struct { │a int }»\n", ("T",)),
    ("rust", "impl A {\n  «#[inline]\n  fn f(&self) -> u8 { │1 }»\n}\n", ("A", "f")),
    ("ruby", "class A\n  «def f\n    │1\n  end»\nend\n", ("A", "f")),
    ("php", "<?php\n«function f() { │return 1; }»\n", ("f",)),
    ("shellscript", "«f() {\n  echo │1\n}»\n", ("f",)),
    ("lua", "«function f()\n  return│ 1\nend»\n", ("f",)),
    ("kotlin", "class A {\n  «fun f(): Int { │return 1 }»\n}\n", ("A", "f")),
]


@pytest.mark.parametrize(("language", "drawn", "names"), DEFINITIONS)
def test_definitions(language: str, drawn: str, names: tuple[str, ...]) -> None:
    needs(language)
    offset = drawn.replace("«", "").replace("»", "").index("│")
    plain = drawn.replace("│", "")
    text = plain.replace("«", "").replace("»", "")
    found = enclosing_definition(tree(text, language), text, Span(offset, offset))
    marked = None if found is None else f"{text[: found.start]}«{text[found.start : found.end]}»"
    expected = plain[: plain.index("»") + 1] if "»" in plain else None
    assert marked == expected
    assert definition_names(tree(text, language), text) == names


def test_a_definition_holds_all_of_the_span() -> None:
    text = "class A:\n    def f(self): pass\n    def g(self): pass\n"
    both = Span(text.index("def f"), text.index("def g") + 3)
    found = enclosing_definition(tree(text), text, both)
    assert found is not None
    assert found.start == 0
    assert definition_names(tree(text), text, both) == ("f",)
    assert definition_names(tree(text), text, Span(both.start, len(text))) == ("f", "g")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", PYTHON, ["import os", "from a import (\n    b,\n)"]),
        ("typescript", 'import { a } from "a";\nlet x = 1;\n', ['import { a } from "a";']),
        ("java", "package a;\nimport b.C;\nclass A {}\n", ["package a;", "import b.C;"]),
        ("go", 'package a\n\nimport "b"\n', ["package a", 'import "b"']),
        ("rust", "use a::b;\nfn f() {}\n", ["use a::b;"]),
        ("c", "#include <a.h>\nint x;\n", ["#include <a.h>\n"]),
        ("csharp", "using A;\nclass B {}\n", ["using A;"]),
    ],
)
def test_imports(language: str, text: str, expected: list[str]) -> None:
    spans = imports(tree(text, language), text)
    assert [text[span.start : span.end] for span in spans] == expected


@pytest.mark.parametrize(
    ("language", "drawn", "expected"),
    [
        ("python", "x = 'a│b'", "string"),
        ("python", "x = 'ab'│", None),
        ("python", "x = │'ab'", None),
        ("python", "x = 'ab│", "string"),
        ("python", "x = 'ab│\ny = 1\n", "string"),
        ("python", "x = f'a{│b}'", None),
        ("python", "x = f'a│{b}'", "string"),
        ("python", "x = 1  # a│", "comment"),
        ("python", "x = 1  # a│\ny = 2\n", "comment"),
        ("python", "x = 1  # a│\r\ny = 2\r\n", "comment"),
        ("python", "# a\rx = 1  # b│\ry = 2\r", "comment"),
        ("python", "# a\rx = 1\r│y = 2\r", None),
        ("go", "package a\r// b\r│func c() {}\r", None),
        ("javascript", "/* a\r│ */ f();\r", "comment"),
        ("python", "x = 1  # é🐑│\ny = 2\n", "comment"),
        ("python", "x = 1  # a\n│y = 2\n", None),
        ("python", "def f():\n    '''Doc│\n    more.'''\n", "string"),
        ("javascript", "let a = `x ${│b} y`;", None),
        ("javascript", "let a = `x │${b} y`;", "string"),
        ("javascript", "/* a│ */ f();", "comment"),
        ("javascript", "/* a */│ f();", None),
        ("rust", "// a│\nfn f() {}\n", "comment"),
        ("rust", "// a\n│fn f() {}\n", None),
        ("rust", "/// doc│\nfn f() {}\n", "comment"),
        ("go", 'var x = "a│b"\n', "string"),
        ("c", 'char *x = "a│b";\n', "string"),
        ("csharp", 'var x = "a│b";\n', "string"),
        ("java", 'class A { String x = "a│b"; }\n', "string"),
        ("ruby", "x = 'a│b'\n", "string"),
        ("php", "<?php $x = 'a│b';\n", "string"),
        ("shellscript", 'x="a│b"\n', "string"),
        ("kotlin", 'val x = "a│b"\n', "string"),
        ("lua", "x = 'a│b'\n", "string"),
        ("yaml", "a: 'b│c'\n", "string"),
        ("json", '{"a": "b│c"}\n', "string"),
        ("python", "│", None),
    ],
)
def test_strings_and_comments(language: str, drawn: str, expected: str | None) -> None:
    needs(language)
    offset = drawn.index("│")
    text = drawn.replace("│", "")
    assert is_in_string_or_comment(tree(text, language), text, offset) == expected


@pytest.mark.parametrize(
    ("language", "drawn", "expected"),
    [
        ("python", "def f():\n    │", True),
        ("python", "def f():│", True),
        ("python", "x = 1│", False),
        ("python", "# so:│", False),
        ("python", "x = 'so:│'", False),
        ("typescript", "const f = (a: number) => {│}", True),
        ("typescript", "const f: │", False),
        ("typescript", "f();\n│", False),
        ("shellscript", "if true; then\n  │", True),
        ("shellscript", "for x in y; do│", True),
        ("ruby", "def f(a)\n  │\nend", True),
        ("lua", "function f()\n  │\nend", True),
        ("lua", "local function f()\n  │\nend", True),
        ("plaintext", "while (true) {│", True),
        ("python", "(│", False),
        ("python", "f(\n│", False),
        ("javascript", "(│", False),
        ("plaintext", "", False),
    ],
)
def test_block_openers(language: str, drawn: str, expected: bool) -> None:
    if language != "plaintext":
        needs(language)
    offset = max(drawn.find("│"), 0)
    text = drawn.replace("│", "")
    known = parse(text, language)
    assert opens_block(known, text, offset, language) is expected


def test_a_long_script_in_a_page_is_not_read_whole_at_each_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []

    def kind_at(text: str, language: str) -> str:
        read.append(len(text))
        return line_kinds.kind_at(text, language)

    monkeypatch.setattr(syntax_queries, "kind_at", kind_at)
    text = "<script>\n" + "f(1);\n" * 3_000 + "// a"
    page = text + "\n</script>\n"
    tree = parse(page, "html")
    assert tree is not None
    assert is_in_string_or_comment(tree, page, len(text)) == "comment"
    assert read
    assert max(read) <= 4_100
