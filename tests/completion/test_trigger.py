from pathlib import Path

import pytest

from herdmate.completion.shape import Shape
from herdmate.completion.silence_reasons import SilenceReason
from herdmate.completion.trigger import (
    LARGEST_DOCUMENT,
    is_switched_off,
    scope_off,
    shape_at,
    silence_reason,
)
from herdmate.context import syntax
from herdmate.text import Cursor, Document


def cursor(drawn: str, language: str = "python") -> Cursor:
    text = drawn.replace("│", "")
    tree = syntax.parse(text, language)
    return Cursor(Document("file:///a", language, text, tree=tree), drawn.index("│"))


@pytest.mark.parametrize(
    ("drawn", "word"),
    [
        ("x = 1│", None),
        ("x = │", None),
        ("f(│)", None),
        ("f(│);", None),
        ('f(g("│")));', None),
        ("f(│, short)", None),
        ("x = 1\n│\ny = 2\n", None),
        ("na│me = 1", "word"),
        ("é│é = 1", "word"),
        ("│name = 1", None),
        ("│the_rest = of_the_line()", "after the cursor"),
        ("x = │ + something_longer", "after the cursor"),
        ("x = f(│]}])}])})]}])}])", None),
        ("│", "empty"),
        (" \n│\n", "empty"),
        ("\ufeff│", "empty"),
    ],
)
def test_reasons_for_silence(drawn: str, word: str | None) -> None:
    reason = silence_reason(cursor(drawn), invoked=False)
    assert (reason is None) == (word is None)
    assert word is None or (reason is not None and word in reason.sentence)
    assert silence_reason(cursor(drawn), invoked=True) is None


def test_code_between_two_strings_that_the_grammar_takes_for_one_is_code() -> None:
    begun = 'f() {\n  echo "a $(b "\n  if c│\n}\n\n'
    lost = cursor(begun + "g() {\n  echo x\n}\n" * 8 + 'echo "d"\n', "shellscript")
    assert shape_at(lost, "auto") == "statement"
    text = cursor('echo "a\n  b│\n' + "c\n" * 30 + '"\n', "shellscript")
    assert shape_at(text, "auto") == "line"


def test_silence_in_a_huge_file_unless_asked() -> None:
    text = "x = 1\n" * (LARGEST_DOCUMENT // 6 + 1)
    here = Cursor(Document("file:///a", "python", text), len(text))
    assert silence_reason(here, invoked=False) is SilenceReason.LARGE_FILE
    assert silence_reason(here, invoked=True) is None


@pytest.mark.parametrize(
    ("language", "drawn", "expected"),
    [
        ("python", "def f():│", "block"),
        ("python", "def f():\n    │", "block"),
        ("python", "def f():\n    │\n    return 1\n", "block"),
        ("python", "x = │", "statement"),
        ("python", "x = f(│)", "statement"),
        ("python", "def f(│)\n", "statement"),
        ("python", "def f(│\n    return 1\n", "line"),
        ("python", "def f(│\n\n    return 1\n", "line"),
        ("python", "if │:\n    pass\n", "line"),
        ("python", "│x = 1", "line"),
        ("python", "    │ # why", "line"),
        ("python", "x = '│'", "statement"),
        ("python", "# for:│", "line"),
        ("python", "'''Doc.\n\n│\n'''\n", "line"),
        ("python", "'''Doc│'''\n", "line"),
        ("python", "x = {'a':│", "block"),
        ("typescript", "function f() {│}", "block"),
        ("typescript", "function f() { │ }", "block"),
        ("typescript", "const f = () => {│});", "block"),
        ("typescript", "f(│);", "statement"),
        ("typescript", "f(│).then(g)", "line"),
        ("typescript", "const a: │", "statement"),
        ("typescript", "const a = `one │\n`;", "line"),
        ("typescript", "a = b│\n  .c();", "statement"),
        ("typescript", "// so {│", "line"),
        ("csharp", "class A\n{\n    public A(│)\n    {\n    }\n}\n", "line"),
        ("go", "func f() {\n\t│\n}\n", "block"),
        ("go", "func (s │", "statement"),
        ("rust", "fn f() {│}", "block"),
        ("html", "<div>│</div>\n", "statement"),
        ("python", "def f():\n    a()\n    │\n        b()\n", "line"),
        ("python", "def f():\n    a()\n    # All:\n    │\n        b()\n", "line"),
        ("python", "def f():\n    a()\n│\n    b()\n", "block"),
        ("python", "def f():\n    a()\n    │\n    b()\n", "block"),
        ("python", "def f():\n    │\n        b()\n", "block"),
        ("python", "x = f(\n│\n    b)\n", "block"),
        ("python", "x = f(a,\n│\n    b)\n", "block"),
        ("python", "x = a +\\\n│\n    b\n", "block"),
        ("typescript", "function f() {\n  a();\n  │\n    b();\n  }\n}\n", "line"),
        ("typescript", "const a =\n│\n  b;\n", "block"),
        ("typescript", "a\n│\n  .b();\n", "block"),
        ("html", "<p>\n</p>\n│\n  <b></b>\n", "block"),
        ("markdown", "One\n│\n    code\n", "block"),
        ("plaintext", "Dear all,\n│", "block"),
        ("plaintext", "Dear│", "statement"),
    ],
)
def test_shape_by_the_code_around(language: str, drawn: str, expected: Shape) -> None:
    assert shape_at(cursor(drawn, language), "auto") == expected


@pytest.mark.parametrize("drawn", ["def f():│", "x = │", "x = '│'"])
def test_shape_by_setting(drawn: str) -> None:
    assert shape_at(cursor(drawn), "always") == "block"
    assert shape_at(cursor(drawn), "never") == "line"


@pytest.mark.parametrize(
    ("entry", "off"),
    [
        ("tests/**", True),
        ("tests/*.py", True),
        ("tests/unit/test_*.py", True),
        ("**/tests/**", True),
        ("/w/p/tests/*", True),
        ("tests/unit/**/*.py", True),
        ("**/test_a.py", True),
        ("src/**/test_a.py", False),
        ("test_a.py", True),
        ("*.py", True),
        ("python", True),
        ("unit/**", False),
        ("p/tests/**", False),
        ("/tests/**", False),
        ("src/**", False),
        ("typescript", False),
    ],
)
def test_switched_off_by_language_name_or_path(entry: str, off: bool) -> None:
    document = Document("file:///w/p/tests/unit/test_a.py", "python", "")
    assert is_switched_off(document, ("nothing", entry), (Path("/other"), Path("/w/p"))) is off


def test_switched_off_in_each_folder_of_a_workspace_and_nowhere_else() -> None:
    folders = (Path("/src/one"), Path("/src/two"))
    for uri, off in (
        ("file:///src/one/src/a.py", True),
        ("file:///src/two/src/a%20b.py", True),
        ("vscode-notebook-cell:/src/two/src/a.ipynb#1", True),
        ("file:///src/one/a.py", False),  # the folder's own path does not count
        ("file:///src/a.py", False),
    ):
        document = Document(uri, "python", "")
        assert is_switched_off(document, ("src/**",), folders) is off, uri


@pytest.mark.parametrize(
    "entry",
    ["*a" * 200 + "b", "**/a" * 100 + "b", "*[a-z]" * 80 + "!", "*?" * 200 + "b", "*" * 5_000],
)
def test_a_glob_of_many_stars_takes_no_time(entry: str) -> None:
    """A backtracking matcher would not finish in this century."""
    document = Document("file:///p/" + "a" * 3_000, "python", "")
    assert not is_switched_off(document, (entry,) * 300, (Path("/p"),))
    assert is_switched_off(document, ("*.js", "python"), (Path("/p"),))
    long = Document("file:///p/" + "a/" * 50_000, "python", "")
    assert not is_switched_off(long, (entry,) * 300, (Path("/p"),))


@pytest.mark.parametrize(
    ("language", "drawn", "place"),
    [
        ("python", "x = 1\n│", "code"),
        ("python", "# a│\n", "comments"),
        ("html", "<script>\n// a│\n</script>\n", "comments"),
        ("html", "<script>\nlet a = 'b│';\n</script>\n", "strings"),
        ("html", "<script>\nlet a = 'b';│\n</script>\n", "code"),
        ("html", "<style>\na { b: url(//c│) }\n</style>\n", "code"),
        ("python", "x = 1  # a│\n", "comments"),
        ("python", "x = 'a│'\n", "strings"),
        ("python", "def f():\n    '''A\n    │\n    '''\n", "strings"),
        ("python", "x = f'{│}'\n", "code"),
        ("go", "var a = `\n│\n`\n", "strings"),
        ("javascript", "/**\n * │\n */\n", "comments"),
        ("nonsense", "x = 'a│\n", "strings"),
        ("nonsense", "x = 1\n│", "code"),
        ("markdown", "don't │\n", "code"),
        ("elm", "-- a\n{- b\n│\n-}\n", "comments"),
        # languages without a grammar, or of which little is known
        *[(language, "// a│\n", "comments") for language in ("zig", "scss", "groovy", "proto")],
        *[(language, "# a│\n", "comments") for language in ("cmake", "terraform", "nix", "fish")],
        *[(language, "% a│\n", "comments") for language in ("erlang", "latex")],
        ("clojure", "; a│\n", "comments"),
        ("vue", "<p>don't</p>\n<script setup>\n// a│\n</script>\n", "comments"),
        ("vue", "<script>\nconst a = 'b│';\n</script>\n", "strings"),
        ("vue", "<script>\n// a\n</script>\n<p>don't │</p>\n", "code"),
        # nodes that grammars name in their own way, and code in strings
        ("perl", 'my $a = "b│";\n', "strings"),
        ("perl", "=head1 A\n\nb│\n\n=cut\n", "comments"),
        ("elixir", "x = ~r/a│/\n", "strings"),
        ("ruby", "x = %w[a │ b]\n", "strings"),
        ("dockerfile", 'ENV A="b│"\n', "strings"),
        ("kotlin", 'val a = "b ${c│}"\n', "code"),
        ("kotlin", 'val a = "b ${c}│"\n', "strings"),
        ("swift", 'let a = "b \\(c│)"\n', "code"),
        ("swift", 'let a = "b \\(c)│"\n', "strings"),
    ],
)
def test_ghost_text_can_be_switched_off_in_code_comments_or_strings(
    language: str, drawn: str, place: str
) -> None:
    at = Cursor(Document("file:///a", language, drawn.replace("│", "")), drawn.index("│"))
    places = ("code", "comments", "strings")
    assert not scope_off(at, places)
    for scope in places:
        assert scope_off(at, (scope,)) is (scope != place)
    assert scope_off(at, ())


@pytest.mark.parametrize(
    ("language", "name", "is_telling"),
    [
        *[("python", "binary_search.py", True), ("java", "UserService.java", True)],
        *[("go", "test_parser.go", True), ("rust", "HTTPServer.rs", True)],
        *[("python", "main.py", False), ("python", "untitled-1", False), ("python", "a.py", False)],
        *[("javascript", "index.test.js", False), ("json", "settings.json", False)],
        *[("python", "__init__.py", False), ("python", "", False)],
    ],
)
def test_an_empty_file_is_completed_if_its_name_tells_what_it_is(
    language: str, name: str, is_telling: bool
) -> None:
    reason = silence_reason(Cursor(Document(f"file:///{name}", language, ""), 0), invoked=False)
    assert (reason is None) is is_telling


def test_of_a_long_line_only_its_end_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def unclosed(text: str, language: str) -> int:
        read.append(len(text))
        return 0

    monkeypatch.setattr("herdmate.completion.trigger.unclosed", unclosed)
    document = Document("a", "javascript", "a=b(c);" * 100_000)
    found = silence_reason(Cursor(document, len(document.text)), invoked=False)
    assert found is SilenceReason.STATEMENT_COMPLETE
    assert max(read) <= 4000
