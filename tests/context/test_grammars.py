import random
from pathlib import Path

import pytest

from herdmate.context.grammars import language_of, parse_bytes, parser_for
from herdmate.context.languages import LANGUAGES

EVERYWHERE = [
    "c",
    "cpp",
    "csharp",
    "css",
    "go",
    "html",
    "java",
    "javascript",
    "javascriptreact",
    "json",
    "kotlin",
    "php",
    "python",
    "ruby",
    "rust",
    "shellscript",
    "sql",
    "typescript",
    "typescriptreact",
    "yaml",
]


@pytest.mark.parametrize("language", EVERYWHERE)
def test_the_main_languages_have_a_grammar_on_every_python(language: str) -> None:
    parser = parser_for(language)
    assert parser is not None
    assert parser.parse(b"x").root_node.end_byte == 1
    assert parser_for(language) is parser


@pytest.mark.parametrize("language", ["plaintext", "", "no such language", "../python"])
def test_an_unknown_language_has_none(language: str) -> None:
    assert parser_for(language) is None


def test_a_text_that_takes_too_long_is_given_up_and_the_next_one_parses() -> None:
    dice = random.Random(1)
    junk = "".join(dice.choices("(){}[]\"'`x=+,;\n abc", k=500_000)).encode()
    assert parse_bytes("javascript", junk) is None
    tree = parse_bytes("javascript", b"f();")
    assert tree is not None
    assert tree.root_node.end_byte == 4


SNIPPETS = {
    "c": "int f(int x) { return x + 1; }\n",
    "clojure": "(defn f [x] (+ x 1))\n",
    "cpp": "class A { int f(int x) { return x + 1; } };\n",
    "csharp": "class A { int F(int x) { return x + 1; } }\n",
    "css": "a { color: red; }\n",
    "dart": "int f(int a) { return a; }\n",
    "dockerfile": "FROM a\nRUN b && c\n",
    "elixir": "defmodule A do\n  def f(x) do\n    x + 1\n  end\nend\n",
    "elm": "module A exposing (..)\n\n\nf : Int -> Int\nf x =\n    x + 1\n",
    "erlang": "-module(a).\nf(X) -> X + 1.\n",
    "fortran-modern": "program a\n  integer :: x\n  x = 1\nend program a\n",
    "go": "package a\n\nfunc f(x int) int { return x + 1 }\n",
    "haskell": "module A where\n\nf :: Int -> Int\nf x = x + 1\n",
    "html": '<html><body><p class="a">x</p></body></html>\n',
    "java": "class A { int f(int x) { return x + 1; } }\n",
    "javascript": "const f = (x) => x + 1;\n",
    "javascriptreact": "const V = () => <p>{a}</p>;\n",
    "json": '{"a": [1]}\n',
    "jsonc": '{"a": [1]}\n',
    "julia": "function f(x)\n    x + 1\nend\n",
    "kotlin": "class A {\n  fun f(x: Int): Int { return x + 1 }\n}\n",
    "lua": "local function f(x)\n  return x + 1\nend\n",
    "makefile": "a: b\n\tcc -o a b\n",
    "markdown": "# A\n\ntext *b*\n",
    "objective-c": "@interface A : NSObject\n- (int)f;\n@end\n",
    "ocaml": "let f x = x + 1\n",
    "perl": "sub f {\n  my $x = 1;\n  return $x;\n}\n",
    "php": "<?php\nfunction f($x) { return $x + 1; }\n",
    "powershell": "function f($x) { return $x + 1 }\n",
    "python": "def f(x):\n    return x + 1\n",
    "r": "f <- function(x) {\n  x + 1\n}\n",
    "ruby": "class A\n  def f(x)\n    x + 1\n  end\nend\n",
    "rust": "fn f(x: u8) -> u8 { x + 1 }\n",
    "scala": "object A {\n  def f(x: Int): Int = x + 1\n}\n",
    "scss": "a { b { color: red; } }\n",
    "shellscript": 'f() {\n  echo "$1"\n}\n',
    "sql": "SELECT a FROM b WHERE c = 1;\n",
    "svelte": "<p>a</p>\n",
    "swift": "func f(x: Int) -> Int { return x + 1 }\n",
    "toml": "[a]\nb = 1\n",
    "typescript": "const f = (x: number) => x + 1;\n",
    "typescriptreact": "const V = () => <p>{a}</p>;\n",
    "vue": "<template><p>a</p></template>\n",
    "yaml": "a:\n  - b: 1\n",
    "zig": "fn f(x: u8) u8 { return x + 1; }\n",
}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_listed_grammar_reads_its_language_or_is_absent(language: str) -> None:
    tree = parse_bytes(language, SNIPPETS[language].encode())
    assert (tree is None) == (parser_for(language) is None)
    assert tree is None or not tree.root_node.has_error


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/b.py", "python"),
        (Path("x.TSX"), "typescriptreact"),
        ("main.C", "c"),
        ("src/lib.rs", "rust"),
        ("Dockerfile", "dockerfile"),
        ("deep/Makefile", "makefile"),
        ("a.b.min.js", "javascript"),
        (".bashrc", "plaintext"),
        ("noending", "plaintext"),
        ("", "plaintext"),
    ],
)
def test_language_of_a_file_name(path: str | Path, language: str) -> None:
    assert language_of(path) == language
