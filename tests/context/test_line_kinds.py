import pytest

from herdmate.context.code_lines import code_lines
from herdmate.context.line_kinds import line_kinds


@pytest.mark.parametrize(
    ("language", "text", "kinds"),
    [
        ("python", "x = f'''\na\n''' + \"# no\"  # '''\n# b\ny", "cssmc"),
        ("cpp", '/*\na\n*/\nx = R"y(\n")\n)y";\n// c\nz', "mmmcssmc"),
        ("rust", 'let a: &\'a str = r#"\n"b\n"#;\nlet c = \'"\';\nd', "csscc"),
        ("javascript", 'a = `\n${b}\n`; // `\nx = /[`"]/.test(y)\nz', "csscc"),
        ("go", "a := `\nb\n`\nc := '`'\nd", "csscc"),
        ("csharp", 'a = @"\nb ""c""\n\\";\nd', "cssc"),
        ("ruby", "a = <<~B + '<<~C'\nd\n  B\nx << y\nputs \"e\nf\"\ng", "cssccsc"),
        ("php", "<?php\n$a = <<<B\nc\nB;\n# d\n$e", "ccssmc"),
        ("shellscript", "cat <<-EOF\na\nEOF\necho ${#b} don\\'t # c\nd", "csscc"),
        ("lua", "a = [==[\n]]\n]==]\n--[[\nb\n]]\nc", "cssmmmc"),
        ("kotlin", 'a = """\nb\n"""\nc', "cssc"),
        ("haskell", "{- a\n-}\nb = 'c'\n-- d\ne", "mmcmc"),
        ("html", "<!-- a\n-->\ndon't\nb", "mmcc"),
        ("yaml", "a: don't\nb: \"c\n", "ccc"),
        ("yaml", "a: |\n  b: 1\n\n   c\nd: >-\n  e\n", "cssscsc"),
        ("yaml", "- a: |\n    b\n  c: 1\n- |\n d\n- !!str |2\n   e\nf: x | y\n", "csccscscc"),
    ],
)
def test_a_line_is_of_the_kind_that_it_begins_in(language: str, text: str, kinds: str) -> None:
    named = {"c": "code", "s": "string", "m": "comment"}
    assert line_kinds(text, language).kinds == [named[kind] for kind in kinds]


def test_what_is_open_at_the_end_goes_on_in_what_follows() -> None:
    before = line_kinds("x = '''\na", "python")
    assert before.inside is not None
    assert line_kinds("b\nc'''\nd", "python", before.inside).kinds == ["string", "string", "code"]


def test_an_apostrophe_in_text_opens_no_string_of_many_lines() -> None:
    text = "<p>don't</p>\n" + "a\n" * 100 + "isn't"
    assert set(line_kinds(text, "php").kinds) == {"code"}


def test_lines_that_say_nothing_about_indentation_are_left_out() -> None:
    before = ["int f(int a,", "      int b)", "{", "\tx = a +", "\t    b;", "/*", "  c", "*/", ""]
    around = code_lines(before, ["", "    .d()", "}"], "cpp")
    assert around.nearest == ("\tx = a +", "{", "int f(int a,", "}")


def test_lines_of_the_same_block_come_first() -> None:
    before = ["def a():", "\tb()", "", "def c():", "    d()", ""]
    around = code_lines(before, ["", "    e()", "", "def f():", "\tg()"], "python")
    assert around.nearest[:3] == ("    d()", "def c():", "    e()")


def test_another_fence_in_the_same_document_says_nothing() -> None:
    before = ["- a", "  - b", "```make", "c:", "\td", "```", "```go", "func e() {"]
    assert code_lines(before, ["", "```"], "markdown").nearest == ("func e() {",)
