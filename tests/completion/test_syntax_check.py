"""No completion breaks a file."""

from __future__ import annotations

import pytest

from herdmate.completion.postprocess import Shown
from herdmate.completion.syntax_check import LARGEST, sound, sound_part, syntax_check_at
from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.context import syntax
from herdmate.text import Cursor, Document, Edit, Span, supposing


def _check(code: str, language: str = "python") -> SyntaxCheck | None:
    assert code.count("│") == 1
    return syntax_check_at(Cursor(Document("a", language, code.replace("│", "")), code.index("│")))


@pytest.mark.parametrize(
    ("language", "code", "text", "sound"),
    [
        ("python", "def f(a):\n    │\n", "return a", "return a"),
        ("python", "def f(a):\n    │\n", "return (a", ""),
        ("python", "def f(a):\n    x = 1\n    │\n", "if a:", ""),
        ("python", "def f(a):\n    x = 1\n    │\n", "if a:\n        x = 2", "if a:\n        x = 2"),
        ("python", "def f(a):\n    │\n", "b = a\n    return (b", "b = a"),
        ("python", "def f(a):\n    return g(│\n", "a)", "a)"),
        ("python", "x = [\n    │\n]\n", "1,\n    2,", "1,\n    2,"),
        ("python", "class A:\n    def f(self):\n        │\n\n\ndef g(:\n", "pass", "pass"),
        ("javascript", "function f(a) {\n  │\n}\n", "return a;\n}", "return a;"),
        ("javascript", "function f(a) {\n  │\n}\n", "return a;", "return a;"),
        ("javascript", "function f(a) {│", "\n  return a;\n}", "\n  return a;\n}"),
        ("go", "package p\n\nfunc f() int {\n\t│\n}\n", "return 1\n}\n\nfunc", "return 1"),
        ("rust", "fn f() -> i32 {\n    │\n}\n", "let x = 1;\n    x +", "let x = 1;"),
        ("java", "class A {\n    int f() {\n        │\n    }\n}\n", "return 1", ""),
        ("java", "class A {\n    int f() {\n        │\n    }\n}\n", "return 1;", "return 1;"),
        ("json", '{\n  "a": 1│\n}\n', ',\n  "b": 2', ',\n  "b": 2'),
        ("java", "class A {\n    int f() {\n        │\n        a--;\n        }\n    }\n}\n",
         "while (a > 0) {\n            a--;\n        }", "while (a > 0) {\n            a--;"),
        # a header is left open, and never made an empty statement
        ("javascript", "for (let i│\n", " = 0; i < a.length; i++) {", " = 0; i < a.length; i++) {"),
        ("javascript", "function f(a) {\n  if (a│\n}\n", " === null) {", " === null) {"),
        ("java", "class A {\n  void f() {\n    while (it.│\n  }\n}\n", "hasNext()) {",
         "hasNext()) {"),
        ("java", "class A {\n  void f() {\n    while (it.│\n  }\n}\n", "hasNext()", "hasNext()"),
        ("cpp", "int main() {\n  while (x│\n}\n", " > 0) {", " > 0) {"),
        ("c", "int│\n", " main(void) {", " main(void) {"),
        ("rust", "fn│\n", " a(x: i32) -> i32 {", " a(x: i32) -> i32 {"),
        ("java", "class A {\n    public int│\n}\n", " size() {", " size() {"),
        ("shellscript", "if [ -f│\n", " x ]; then", " x ]; then"),
        ("shellscript", "for f│\n", " in *.txt; do", " in *.txt; do"),
        ("ruby", "a.each│\n", " do |x|", " do |x|"),
        ("php", "<?php\nfunction│\n", " f(int $a): int", " f(int $a): int"),
        ("sql", "INSERT INTO a VALUES (1)│\n", " ON CONFLICT (id) DO NOTHING;",
         " ON CONFLICT (id) DO NOTHING;"),
        # what the user has left open is closed, what may go on is left open
        ("python", "class A:\n    def f(self):\n        return g(│\n", "a, h(b)", "a, h(b))"),
        ("python", "class A:\n    def f(self):\n        return g(│\n", "a, h(b", ""),
        ("python", "class A:\n    def f(self):\n        return g(│\n", "a,", "a)"),
        ("python", "R = 1\nS = │\n", "Mapping(", "Mapping"),
        ("python", "wh│\n", "ile True:", "ile True:"),
        ("python", "def f(│\n\n\nx = 1\n", "a, b):", "a, b):"),
        ("python", "def f(│\n\n\nx = 1\n", "a, b", "a, b"),
        ("python", "from a│\nfrom b import c\n", "\nfrom d import e", ""),
        ("python", "│\n    b: 1,\n}\n", "class A(B):\n    pass", ""),
        ("python", "│\n    b: 1,\n}\n", "c = {", "c = {"),
        # the cursor's line closes what the lines above open
        ("python", "def g(\n    a: str,\n) -> \"S│\n\n\ndef g(\n    a: int,\n) -> int: ...\n",
         "QL[A],", ""),
        ("python", "def g(\n    a: str,\n) -> S│\n\n\ndef g(\n    a: int,\n) -> int: ...\n",
         "QL[A]: ...", "QL[A]: ..."),
        # Python reports an error above that the cursor's line has caused
        ("python", "x = [\n    None\n    if a is None\n    else f(a, b│\n    for a in c\n]\n",
         "_width", "_width)"),
        # a docstring that was begun is closed
        ("python", 'class A(B):\n    """Raised when\n    a │\n\n\nclass C(B):\n    """C."""\n',
         "kind is missing.", 'kind is missing."""'),
        # the header of a body that is there already, which ended the function too early
        ("javascript", "function f(a) {\n  │\n    a++;\n  }\n  return a;\n}\n",
         "while (a) {", "while (a) {"),
        ("java", "class A {\n    int f() {\n        foo(│\n    }\n}\n", "a, g(b)", "a, g(b));"),
        ("plaintext", "anything │ goes", "(", "("),
    ],
)  # fmt: skip
def test_whole_lines_that_break_nothing(language: str, code: str, text: str, sound: str) -> None:
    assert sound_part(text, _check(code, language)) == sound


def test_what_reaches_over_closers_counts_without_them() -> None:
    check = _check("def f(│)\n")
    assert sound_part("a, b) -> int: ...", check, 1) == "a, b) -> int: ..."
    assert sound_part("a, b)) -> int: ...", _check("def g(x): ...\n\ndef f(│): ...\n"), 1) == ""


async def test_what_would_break_the_code_beyond_brackets_still_fills_them() -> None:
    check = _check("load().then(│)\n", "javascript")
    assert await sound(Shown("data) => data;", 1), check) == Shown("data")
    assert await sound(Shown("(data) => data);", 1), check) == Shown("(data) => data);", 1)
    assert await sound(Shown(") => data;", 1), check) == Shown("")


def test_only_what_is_around_is_looked_at() -> None:
    item = "def f(a):\n    return a\n\n\n"
    check = _check(item * 3000 + "def g(a):\n    │\n\n\n" + item * 3000)
    assert check is not None
    assert len(check.before + check.after) < 200
    assert not check.errors_with("return a")
    assert check.errors_with("return (")


def test_one_huge_item_is_not_parsed_at_each_completion() -> None:
    assert _check("x = [\n" + "    1,\n" * LARGEST + "    │\n]\n") is None


def test_stubs_have_no_bodies() -> None:
    code = "class A:\n    def f(\n    def g(self): ...\n"
    check = syntax_check_at(Cursor(Document("file:///a.pyi", "python", code), code.index("f(") + 2))
    assert sound_part("self) -> int:", check) == "self) -> int: ..."
    assert sound_part("self) -> int", check) == "self) -> int: ..."


@pytest.mark.parametrize(
    ("start", "end", "new"),
    [("con", "con", "console"), ("print", "(1)", "print"), ("\n\n\nprint", "\n", "\n    y = x\n")],
)
def test_what_is_supposed_is_judged_as_if_it_stood_there(start: str, end: str, new: str) -> None:
    """Without parsing the whole document again: that takes long where it is long."""
    text = "import os\n\n\ndef f(x):\n    con\n\n\nprint(1)\n"
    document = Document("a", "python", text, tree=syntax.parse(text, "python"))
    span = Span(text.index(start), text.index(end, text.index(start)) + len(end))
    supposed = supposing(document, Edit(span, new))
    assert supposed.document.text == text[: span.start] + new + text[span.end :]
    found = syntax_check_at(supposed)
    assert found is not None
    assert found.before.endswith(new)
    as_typed = syntax_check_at(
        Cursor(Document("a", "python", supposed.document.text), supposed.offset)
    )
    assert as_typed is not None
    for said in ("", " = 1", "(", ")", "\n    return x"):
        assert found.is_sound_with(said) == as_typed.is_sound_with(said)


def _long_class(method: str) -> str:
    others = "".join(
        f"    def method_{at}(self, a):\n        return self.method(a, {at})\n\n"
        for at in range(400)
    )
    return f"import os\n\n\nclass A:\n{others}{method}\n\n{others}"


@pytest.mark.parametrize(
    ("method", "said", "sound"),
    [
        ("    def f(self):\n        return g(│\n", "a, b)", "a, b)"),
        ("    def f(self):\n        return│\n", " g(a))", ""),
        # what is left over of a call in several lines
        ('    def f(self):\n        return sel│\n            "HEAD",\n        )\n', "f.g(a)", ""),
        ('    def f(self):\n        return sel│\n            "HEAD",\n        )\n', "f.g(", "f.g("),
    ],
)
def test_in_a_long_class_the_methods_around_tell(method: str, said: str, sound: str) -> None:
    code = _long_class(method)
    assert len(code) > LARGEST
    check = _check(code)
    assert check is not None
    assert len(check.before + check.after) < 1000
    assert sound_part(said, check) == sound


def test_what_is_broken_does_not_end_the_item_around() -> None:
    code = "class A:\n    def f(self):\n        x = (│\n    def g(self):\n        pass\n\n\ny = 1\n"
    check = _check(code)
    assert check is not None
    assert "def g" in check.after


@pytest.mark.parametrize(
    ("language", "code", "text", "sound"),
    [
        # the model was stopped within blocks that it had opened
        ("javascript", "const a = 1;\n│\n", "f(() => {\n  if (a) {\n    g();",
         "f(() => {\n  if (a) {\n    g();\n  }\n})"),
        ("java", "class A {\n    │\n}\n", "void f() {\n        g();\n        h(",
         "void f() {\n        g();\n    }"),
        ("java", "class A {\n    void f() {\n        │\n    }\n}\n",
         "run(() -> {\n            g();\n            h(",
         "run(() -> {\n            g();\n        });"),
        ("ruby", "a = 1\n│\n", "def f\n  if a\n    g", "def f\n  if a\n    g\n  end\nend"),
        ("shellscript", "a=1\n│\n", "for b in c; do\n  if d; then\n    e",
         "for b in c; do\n  if d; then\n    e\n  fi\ndone"),
        ("python", "def f():\n    │\n", 'def g():\n        """Gives the first\n        of all',
         'def g():\n        """Gives the first\n        of all"""'),
        # nothing is made up within a line, and nothing is ended that is ended below
        ("javascript", "const a = 1;\n│\n", "f(a, g(b", ""),
        ("javascript", "if (a) {\n  │\n}\n", "b();\n  c();", "b();\n  c();"),
        # blocks that the user has yet to end
        ("java", "class A {\n    int f() {\n        return │\n\n    int g() {\n        return 1;\n"
         "    }\n}\n", "a.b(c);", "a.b(c);"),
        ("javascript", "it('a', () => {\n  f(│\n\nit('b', () => {\n  g();\n});\n", "a);", "a);"),
    ],
)  # fmt: skip
def test_what_was_not_ended_is_ended_or_waits(
    language: str, code: str, text: str, sound: str
) -> None:
    assert sound_part(text, _check(code, language)) == sound


_MANY_ERRORS = (
    "def a():\n    @click.\n    def cli(foo, x):\n    r = runner.invoke(cli, ['--FOO', '42'])\n"
    "d│(runner):\n    assert (1)\n"
)


@pytest.mark.parametrize(
    ("code", "text", "typed", "asked"),
    [
        # ``else`` without its ``if``
        ("def f(a):\n    │\n    else:\n        g()\n", "h(a)", "", "h(a)"),
        ("def f(a):\n    │\n    else:\n        g()\n", "h(a", "", ""),
        ("def f(a):\n    │\n    else:\n        g()\n", "if a:\n        h()", "if a:\n        h()",
         "if a:\n        h()"),
        ("def f(a):\n    │\n    return a\n", "else:\n        g()", "", ""),
        # an ``if`` that the model takes to be above
        ("def f(a):\n    │\n    else:\n        g()\n", "elif a:\n        h()", "",
         "if a:\n        h()"),
        ("def f(a):\n    x = 1\n    │\n    return x\n", "elif a:\n        h()", "",
         "if a:\n        h()"),
        ("def f(a):\n    │\n        x = 1\n    else:\n        g()\n", "elif a:", "", "if a:"),
        ("def f(a):\n    if a:\n        g()\n    │\n", "elif a:\n        h()",
         "elif a:\n        h()", "elif a:\n        h()"),
        ("def f(a):\n    x = 1\n    │\n    return x\n", "except E:\n        h()", "", ""),
        # errors above, where the item at the cursor is sound; newer grammars get over them
        (_MANY_ERRORS, "ef test_choice", None, "ef test_choice"),
        (_MANY_ERRORS, "ef test choice", "", ""),
        # an error above, or half a character
        ("def g(:\n    pass\n\n\ndef f(a):\n    │\n", "return a", "return a", "return a"),
        ("x = '\ud83d'\n\n\ndef f(a):\n    │\n", "return a", "return a", "return a"),
    ],
)  # fmt: skip
def test_what_makes_nothing_worse_is_shown_to_those_who_ask(
    code: str, text: str, typed: str | None, asked: str
) -> None:
    cursor = Cursor(Document("a", "python", code.replace("│", "")), code.index("│"))
    assert sound_part(text, syntax_check_at(cursor)) in (("", asked) if typed is None else (typed,))
    assert sound_part(text, syntax_check_at(cursor, is_asked=True)) == asked


_MACRO = "extern API int CALL a(void);\n\nint a;\n\nint b;\n\n/** B. */\n│\n\n/** C. */\n"


@pytest.mark.parametrize(
    ("language", "code", "text", "typed", "asked"),
    [
        # macros, and another language's code in a header
        ("c", _MACRO, "extern API int CALL b(int x);", "", "extern API int CALL b(int x);"),
        ("cpp", _MACRO, "extern API int CALL b(int x);", "", "extern API int CALL b(int x);"),
        ("c", "@interface A\n@end\n\nint a;\n\nint b;\n\n- (void)f:(A *)a │\n\nint c;\n",
         "with:(B *)b;", "", "with:(B *)b;"),
        # newer than the grammar
        ("css", "@custom a (&:is(.a *));\n\nb {\n}\n\nc {\n}\n\n@custom b (&:is(│\n\nd {\n}\n",
         ".b *));", "", ".b *));"),
        # what leaves a bracket or a quote unmatched is refused there too
        ("c", _MACRO, "extern API int CALL b(int x;", "", ""),
        ("c", _MACRO, "} extern API int CALL b(int x);", "", ""),
        ("c", _MACRO, 'extern API int CALL b(int "x);', "", ""),
        # and so is what breaks a sound file, or Python
        ("c", "int a;\n\nint b;\n\n│\n", "extern API int CALL b(int x);", "", ""),
        ("python", "def g(:\n\n\nx = 1\n\n\ndef f(a):\n    │\n", "return a b", "", ""),
    ],
)  # fmt: skip
def test_what_the_grammar_cannot_read_is_shown_to_those_who_ask(
    language: str, code: str, text: str, typed: str, asked: str
) -> None:
    cursor = Cursor(Document("a", language, code.replace("│", "")), code.index("│"))
    assert sound_part(text, syntax_check_at(cursor)) == typed
    assert sound_part(text, syntax_check_at(cursor, is_asked=True)) == asked


_ROOT = "class A {\n    int f() {\n        │\n    }\n}\n"


_STAR = "/* A comment\n   * goes on"


@pytest.mark.parametrize(
    ("language", "code", "text", "sound"),
    [
        ("javascript", "function f() {\n  │\n}\n", _STAR, _STAR + "\n   */"),
        ("c", "int f() {\n  │\n}\n", "/* A comment", "/* A comment */"),
        ("javascript", "function f() {\n  │\n}\n", "g(`a\n    b", "g(`a\n    b`)"),
        ("go", "package p\n\nfunc f() {\n\t│\n}\n", "q := `a\n\t\tb", "q := `a\n\t\tb`"),
        ("java", "class A {\n  void f() {\n    │\n  }\n}\n", 'String q = """\n        a',
         'String q = """\n        a\n    """;'),
        ("rust", "fn f() {\n    │\n}\n", 'let q = r#"\n  a', 'let q = r#"\n  a"#;'),
        ("ruby", "def f\n  │\nend\n", "q = <<~SQL\n    a", "q = <<~SQL\n    a\n  SQL"),
        ("php", "<?php\nfunction f() {\n    │\n}\n", "$q = <<<SQL\n    a",
         "$q = <<<SQL\n    a\n    SQL;"),
        # where only the margin ends it
        ("shellscript", "f() {\n  │\n}\n", "cat <<EOF\na", "cat <<EOF\na\nEOF"),
        ("elixir", "defmodule A do\n  │\nend\n", '@doc """\n  A', '@doc """\n  A\n  """'),
        # what is ended already, and a string that the text did not begin
        ("go", "package p\n\nfunc f() {\n\t│\n}\n", "q := `a\n\t\tb`", "q := `a\n\t\tb`"),
        ("javascript", "const a = `\n│\n`;\n", "b\nc", "b\nc"),
    ],
)  # fmt: skip
def test_a_comment_or_long_string_that_the_limit_cut_off_is_ended(
    language: str, code: str, text: str, sound: str
) -> None:
    assert sound_part(text, _check(code, language)) == sound


async def test_what_is_added_has_the_line_ends_of_the_code() -> None:
    check = _check("def f(x)\r\n  │\r\n  1\r\nend\r\n", "ruby")
    text = "if x\r\n    2"
    assert await sound(Shown(text), check) == Shown(text + "\r\n  end")


@pytest.mark.parametrize(
    ("language", "code", "text", "typed", "asked"),
    [
        # an item before others, without its comma
        ("json", '{\n  "a": 1,\n  │\n  "b": 2\n}\n', '"c": 3', '"c": 3,', '"c": 3,'),
        ("json", '[\n  1,\n  │\n  3\n]\n', '{\n    "a": 2\n  }', '{\n    "a": 2\n  },',
         '{\n    "a": 2\n  },'),
        ("rust", "struct A {\n    b: i32,\n    │\n    d: i32,\n}\n", "c: Vec<String>",
         "c: Vec<String>,", "c: Vec<String>,"),
        ("rust", "fn f(a: A) {\n    match a {\n        │\n        A::D => 3,\n    }\n}\n",
         "A::C => 2", "A::C => 2,", "A::C => 2,"),
        ("javascript", "const a = {\n  │\n  d: 2,\n};\n", "c() {\n    return 1;\n  }",
         "c() {\n    return 1;\n  },", "c() {\n    return 1;\n  },"),
        ("python", "f(\n    │\n    c=2,\n)\n", "b=3", "b=3,", "b=3,"),
        ("go", "package p\n\nvar a = []int{\n\t│\n\t3,\n}\n", "2", "2,", "2,"),
        ("php", "<?php\n$a = [\n    │\n    'b' => 3,\n];\n", "'a' => 2", "'a' => 2,", "'a' => 2,"),
        ("toml", "a = [\n  │\n  3,\n]\n", "2", "2,", "2,"),
        # the last item needs none, and what is no item gets none
        ("json", '{\n  "a": 1,\n  │\n}\n', '"c": 3', '"c": 3', '"c": 3'),
        ("rust", "struct A {\n    b: i32,\n    │\n}\n", "c: i32", "c: i32", "c: i32"),
        ("python", "x = 1\n│\ny = 2\n", "b = a\nreturn (b", "b = a", "b = a"),
        ("python", "def f(a):\n    │\n    return a\n", "g(a", "", "g(a)"),
        # a statement without its semicolon, and a head without its block
        ("java", _ROOT, "return 1", "", "return 1;"),
        ("rust", "fn f() {\n    │\n    g();\n}\n", "let a = 1", "", "let a = 1;"),
        ("java", _ROOT, "if (a) {", "", "if (a) {\n        }"),
        ("c", "int f(int x) {\n  │\n  return 1;\n}\n", "while (x--) {", "", "while (x--) {\n  }"),
        ("javascript", "function f() {\n  │\n  return 1;\n}\n", "g(() => {", "", "g(() => {\n  })"),
        ("ruby", "def f(x)\n  │\n  1\nend\n", "if x", "", "if x\n  end"),
        ("java", _ROOT, "return 1 +", "", ""),
        # a head that was cut off never becomes a statement, nor takes what is below for its block
        ("javascript", "function f(a, b) {\n  if (a) {\n    g();\n  } │\n}\n", "else if (a && b",
         "", "else if (a && b) {\n  }"),
        ("javascript", "function f(a, b) {\n  │\n}\n", "if (a) {\n    g();\n  } else if (a && b",
         "if (a) {\n    g();\n  }", "if (a) {\n    g();\n  }"),
        ("javascript", "function f(a, b) {\n  │\n  g();\n}\n", "for (const x of a.b(c", "",
         "for (const x of a.b(c)) {\n  }"),
        ("typescript", "function f(a) {\n  │\n}\n", "if (a === 'b", "", "if (a === 'b') {\n  }"),
        ("javascript", "function f(a) {\n  │\n}\n", "if (a === `b\nc", "",
         "if (a === `b\nc`) {\n  }"),
        ("c", "void f() {\n    │\n    g();\n}\n", "while (a && b", "", "while (a && b) {\n    }"),
        ("java", _ROOT, "synchronized (a", "", "synchronized (a) {\n        }"),
        ("java", _ROOT, "try {\n            g();\n        } catch (E e", "",
         "try {\n            g();\n        } catch (E e) {\n        }"),
        ("php", "<?php\nif ($a) {\n    g();\n} │\nh();\n", "elseif ($a && $b", "",
         "elseif ($a && $b) {\n}"),
        ("go", "package p\n\nfunc f(a bool) {\n\t│\n}\n", "if a && g(b", "", "if a && g(b) {\n\t}"),
        ("rust", "fn f(a: bool) {\n    │\n}\n", "while g(a", "", "while g(a) {\n    }"),
        ("python", "def f(a):\n    g()\n    │\n    h()\n", "if (a", "", ""),
        # an ``if`` that the model takes to be above
        ("javascript", "function f(a) {\n  g();\n  │\n}\n", "else if (a) {\n    g();\n  }", "",
         "if (a) {\n    g();\n  }"),
        ("javascript", "function f(a) {\n  g();\n  │\n}\n", "else if (a", "", "if (a) {\n  }"),
        ("php", "<?php\ng();\n│\n", "elseif ($a) {\n    g();\n}", "", "if ($a) {\n    g();\n}"),
        ("ruby", "def f(a)\n  g\n  │\nend\n", "elsif a\n    h\n  end", "", "if a\n    h\n  end"),
        ("java", _ROOT, "else {\n            g();\n        }", "", ""),
        # but what is behind one does, as does the end of a loop
        ("java", _ROOT, "if (a) g(b", "", "if (a) g(b);"),
        ("c", "void f() {\n    │\n}\n", "do {\n        g();\n    } while (a", "",
         "do {\n        g();\n    } while (a);"),
        ("javascript", "function f() {\n  │\n  return 1;\n}\n", "a = b c", "", ""),
        # a line that ends inside strings and brackets, and heads whose bodies are below
        ("python", "│\nb = 1\n", 'a = f("some text', "", 'a = f("some text")'),
        ("javascript", "const a = 1;\nconst b│\nconst c = 2;\n", " = f('some", "", " = f('some')"),
        ("go", "package p\n\nfunc f() {\n\tif a {\n\t\tpa│\n\t}\n}\n", 'nic("no method', "",
         'nic("no method")'),
        ("typescript", "const a = {\n  │\n  c: 1,\n};\n", 'b: "B', "", 'b: "B",'),
        ("python", "class A(V│\n    x = 1\n", "isitor", "isitor", "isitor"),
        ("python", "for a in f│\n    g(a)\n", "(b", "", "(b):"),
        ("java", "class A {\n    int f(int a│\n        return a;\n    }\n}\n", ") throws E",
         ") throws E", ") throws E"),
        ("go", "package p\n\nfunc f() {│\n\nfunc g() {}\n", "\n\treturn a[b", "",
         "\n\treturn a[b]\n}"),
        # a block comment that nothing ends
        ("javascript", "a();\n\n/**\n * │\n", "Adds two numbers.", "Adds two numbers.",
         "Adds two numbers."),
        ("java", "class A {\n    int a;\n\n    /**\n     * │\n", "Adds (two numbers.",
         "Adds (two numbers.", "Adds (two numbers."),
        ("css", "a {\n  b: c;\n}\n/* │\n", "Header", "Header", "Header"),
        ("java", "class A {\n    /** │ */\n    int a;\n}\n", "It's {one", "It's {one", "It's {one"),
        ("javascript", "a();\n\n/**\n * │\n", "Adds.\n */\nfunction (", "Adds.\n */", "Adds.\n */"),
        # a quoted value, and a plain one with a quote in it
        ("yaml", 'a: "b │\nc: 1\n', "d", 'd"', 'd"'),
        ("yaml", "- {a: 'b │\n- c\n", "d'}", "d'}", "d'}"),
        ("yaml", "a: b's │\nc: 1\n", "d", "d", "d"),
        # an end that repeats what follows on the line, if only from inside a word
        ("toml", "[a]\nb = { vers│es = [1] }\n", 'ion = "1", features = [1] ', "",
         'ion = "1", featur'),
        ("javascript", "f(() => {\n  g('a│t').h();\n});\n", "b', 'but'", "", "b', 'bu"),
        ("go", "package p\n\nfunc f() {\n\tg(\"a│d\")\n}\n", 'word"', "", "wor"),
        ("go", "package p\n\nfunc f() {\n\tg(\"a│d\")\n}\n", 'wor, "', "", ""),
        # a comment is the beginning of a body
        ("python", "def f(a):\n    │\n", "# The largest first", "# The largest first",
         "# The largest first"),
    ],
)  # fmt: skip
def test_what_lacks_only_a_separator_or_an_end_gets_it(
    language: str, code: str, text: str, typed: str, asked: str
) -> None:
    cursor = Cursor(Document("a", language, code.replace("│", "")), code.index("│"))
    assert sound_part(text, syntax_check_at(cursor)) == typed
    assert sound_part(text, syntax_check_at(cursor, is_asked=True)) == asked


_ELEMENT = "const a = (\n  <div>\n    <Button onClick={│\n  </div>\n);\n"
_CLOSED = _ELEMENT.replace("│", "│}")


@pytest.mark.parametrize(
    ("language", "code", "text", "sound"),
    [
        # the value of an attribute is ended, the tag is left open
        ("html", '<p>\n  <i class="│\n</p>\n', "card", 'card"'),
        ("html", '<p>\n  <i\n    class="│\n</p>\n', "card", 'card"'),
        ("html", "<p>\n  <img src=│\n</p>\n", '"a.png"', '"a.png"'),
        ("html", "<p>\n  <img src=│\n</p>\n", '"a.png', '"a.png"'),
        ("html", "<p>\n  <img │\n</p>\n", "src", "src"),
        ("javascriptreact", _ELEMENT, "go", "go}"),
        ("javascriptreact", _ELEMENT, "() => go('a", "() => go('a')}"),
        ("typescriptreact", _ELEMENT, "go} disabled", "go} disabled"),
        ("typescriptreact", _ELEMENT.replace("onClick={", 'name="'), "go", 'go"'),
        # what the editor has closed already is not closed again
        ("html", '<p>\n  <i class="│"\n</p>\n', "card", "card"),
        ("javascriptreact", _CLOSED, "go", "go"),
        ("javascriptreact", _CLOSED, "() => go('a'", "() => go('a')"),
        # a tag is whole, and what is in the element comes later
        ("javascriptreact", _ELEMENT, "go}>", "go}>"),
        # nothing is made up on lines below, and a comparison is no tag
        ("javascriptreact", _ELEMENT, "() => {\n      go(", ""),
        ("typescriptreact", "if (a <b │\nc();\n", "c", ""),
        ("html", '<p>\n  <i class="│\n</p>\n', 'card">a</i>', 'card">a</i>'),
    ],
)
def test_an_attribute_that_is_left_open_is_closed(
    language: str, code: str, text: str, sound: str
) -> None:
    assert sound_part(text, _check(code, language)) == sound


def test_fewer_lines_still_replace_the_closers_that_they_contain() -> None:
    check = _check("class A:\n    def f(│)\n")
    text = "self, a):\n        b = a\n        return (b"
    assert sound_part(text, check, 1) == "self, a):\n        b = a"
    assert sound_part("self, a,\n        b,\n        c", check, 1) == ""


@pytest.mark.parametrize(
    ("language", "code", "text", "sound"),
    [
        (
            "ruby",
            'class A\n  def f(name)\n    puts "Hello, │\n  end\nend\n',
            "#{name}!",
            '#{name}!"',
        ),
        ("ruby", 'def f(name)\n  puts("Hello, │\nend\n', "#{name}", '#{name}")'),
        ("python", 'def f(name):\n    print(f"Hello, │\n    return 1\n', "{name}", '{name}")'),
        ("python", 'def f(name):\n    x = "Hello, │\n    return 1\n', "world", 'world"'),
        ("javascript", 'function f(name) {\n  console.log("Hello, │\n}\n', "world", 'world")'),
        (
            "java",
            'class A {\n    void f() {\n        String s = "Hello │\n    }\n}\n',
            "world",
            'world";',
        ),
        ("python", 'x = "a │"\n', "b", "b"),
        ("python", 'x = {"a": "b │\n', "c", 'c"}'),
        ("ruby", 'puts "a │"\n', "#{b}", "#{b}"),
        ("go", 'func f() {\n\tfmt.Println("Hello, │\n}\n', "world", 'world")'),
        ("rust", 'fn f() {\n    println!("Hello, │\n}\n', "{}", '{}")'),
        ("kotlin", 'fun f(name: String) {\n    println("Hello, │\n}\n', "${name}", '${name}")'),
        (
            "csharp",
            'class A {\n  void F(string name) {\n    Console.WriteLine($"Hello, │\n  }\n}\n',
            "{name}",
            '{name}");',
        ),
        ("php", '<?php\nfunction f($name) {\n    echo "Hello, │\n}\n', "{$name}", '{$name}";'),
        ("ruby", 'def f(name)\n  x = "Hello, │\n  x\nend\n', "#{name.upcase", '#{name.upcase}"'),
        (
            "typescript",
            "const f = (name: string) => {\n  const s = `Hello, │\n};\n",
            "${name}",
            "${name}`",
        ),
        ("shellscript", 'f() {\n  echo "Hello, │\n}\n', "${name}", '${name}"'),
        ("python", "x = f'{a}, │\ny = 1\n", '{b["c"]}', '{b["c"]}\''),
        ("c", 'int f(void) {\n    printf("Hello, │\n}\n', "%d\\n", '%d\\n");'),
        ("java", 'class A {\n    String s = "a │";\n}\n', "b", "b"),
        ("python", "print(\"it's │)\n", "fine", 'fine"'),
        ("ruby", 'x = {"a" => "b │\n', "c", 'c"}'),
        # in a condition, only the string: a semicolon would be its block
        ("javascript", "function f(a) {\n  if (a === '│\n}\n", "b", "b'"),
        ("java", 'class A {\n  void f() {\n    while (a.is("│\n  }\n}\n', "b", 'b"'),
        ("c", 'void f() {\n  if (a(b, "│\n}\n', "c", 'c"'),
        ("javascript", "function f(a) {\n  if (a) g('│\n}\n", "b", "b')"),
    ],
)
def test_a_string_that_is_left_open_is_closed(
    language: str, code: str, text: str, sound: str
) -> None:
    assert (check := _check(code, language)) is not None
    assert sound_part(text, check) == sound


_LINES = "".join(f"  a[{at}] = b({at});\n" for at in range(1400))


@pytest.mark.parametrize(
    ("code", "text", "shown"),
    [
        (f"function f() {{\n{_LINES}│", "  if (c) {\n    d();\n  }", "  if (c) {\n    d();\n  }"),
        (f"function f() {{\n{_LINES}  if (c│\n  g();\n}}\n", ") {\n  d();\n e(", ") {"),
        (f"x = = 1;\nclass A {{\n  f() {{\n{_LINES}│", "  d();\n  e();", "  d();\n  e();"),
    ],
)  # fmt: skip
def test_in_long_unfinished_code_there_is_at_least_the_first_line(
    code: str, text: str, shown: str
) -> None:
    assert sound_part(text, _check(code, "javascript")) == shown


def test_a_long_answer_to_long_unfinished_code_is_not_dropped() -> None:
    text = "\n".join(f"    'key {at}': value_{at}," for at in range(60)) + "\n    'key"
    check = _check("x = 1\n" * 1000 + "y = {\n│")
    assert text.startswith(sound_part(text, check) or "nothing")


def test_what_is_given_up_costs_as_much_as_the_answer_is_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[int] = []

    def row_of_error(code: str) -> int:
        parsed.append(len(code))
        return 0

    monkeypatch.setattr("herdmate.completion.syntax_judge.row_of_error", row_of_error)
    check = SyntaxCheck("python", "x = ", "\n")
    sound_part("a\n" * 4000, check)
    assert sum(parsed) < 500_000
