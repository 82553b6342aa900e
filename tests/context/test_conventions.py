"""How the code of a file is written."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from herdmate.context.conventions import Conventions, conventions_of, editorconfig


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("", Conventions()),
        ("a = 1\nb = 2\n", Conventions()),
        ("def f():\n    if a:\n        return 'x' + 'y' + 'z'\n", Conventions(4, "'")),
        ('if (a) {\n  b("x", "y", "z", \'t\');\n}\n', Conventions(2, '"')),
        ("if (a) {\n\tb('x', \"y\", 'z');\n\tc();\n}\n", Conventions(0, "'")),
        (
            'def f():\n    """It\'s."""\n    return g("a", \'b\', "c", \'d\')\n',
            Conventions(4, None),
        ),
    ],
)
def test_what_the_text_tells(text: str, known: Conventions) -> None:
    assert conventions_of(text, None) == known


def test_what_the_project_says(tmp_path: Path) -> None:
    (tmp_path / ".editorconfig").write_text(
        "root = true\n\n[*]\nindent_size = 8\n\n[*.{ts,py}]\nindent_size = 2\n"
        "max_line_length = 90\n\n[lib/*.py]\nindent_style = tab\n",
        "utf-8",
    )
    (tmp_path / "lib").mkdir()
    assert conventions_of("def f():\n    return 1\n", tmp_path / "a.py") == Conventions(2, None, 90)
    assert conventions_of("", tmp_path / "lib" / "a.py") == Conventions(0, None, 90)
    assert conventions_of("", tmp_path / "a.go") == Conventions(8)
    (tmp_path / "lib" / ".editorconfig").write_text("[*.py]\nmax_line_length = off\n", "utf-8")
    assert editorconfig(tmp_path / "lib" / "a.py")["max_line_length"] == "off"
    assert conventions_of("", tmp_path / "lib" / "a.py").width is None


def test_a_broken_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / ".editorconfig").write_bytes(b"root = true\n[*\nnonsense\n\xff")
    assert editorconfig(tmp_path / "a.py") == {}


def _says(tmp_path: Path, pattern: str, name: str) -> bool:
    (tmp_path / ".editorconfig").write_text(f"root = true\n[{pattern}]\nfound = yes\n", "utf-8")
    return editorconfig(tmp_path / name) == {"found": "yes"}


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        ("*", ["a.py", "lib/a.py"], []),
        ("*.py", ["a.py", "lib/a.py"], ["a.pyc"]),
        ("/*.py", ["a.py"], ["lib/a.py"]),
        ("lib/**.js", ["lib/a.js", "lib/b/a.js"], ["a.js"]),
        ("{package.json,.travis.yml}", ["package.json", "lib/.travis.yml"], ["a"]),
        ("a{b,c{d,e}}.*", ["ab.x", "acd.x", "ace.x"], ["ac.x", "a.x"]),
        ("{single}.b", ["{single}.b"], ["single.b"]),
        ("file{1..3}", ["file1", "file3"], ["file4", "file0", "file"]),
        ("{-1..+1}", ["-1", "0", "1"], ["2"]),
        ("[!a-c]{x,\\{}", ["dx", "d{"], ["ax"]),
        ("{a,b", ["{a,b"], ["a"]),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, matched: list[str], others: list[str]) -> None:
    assert [name for name in matched if not _says(tmp_path, pattern, name)] == []
    assert [name for name in others if _says(tmp_path, pattern, name)] == []


@pytest.mark.parametrize(
    "bomb",
    [
        "[" + "{a,b}" * 20 + "]",
        "[" + "{a,b}" * 800 + "]",
        "[" + "{" * 1_000 + "a,b" + "}" * 1_000 + "]",
        "[" + "{{a,b},{c,{d,e}}}" * 12 + "]",
        "[{1..1000000000}]",
        f"[{{1..{'9' * 4_000}}}]",
        "[" + "{1..999}" * 3 + "]",
        "[" + "*a" * 2_000 + "]",
        "[" + "{," * 2_000 + "]",
        "[*]\n" * 60_000,
        "a" + " " * 200_000 + "b",
        "a = " + "9" * 100_000,
        "[" * 200_000,
        "\n" * 200_000,
    ],
)
def test_patterns_that_stand_for_more_than_anybody_writes(tmp_path: Path, bomb: str) -> None:
    text = f"root = true\n[*.py]\nindent_size = 2\n{bomb}\nx = y\n"
    (tmp_path / ".editorconfig").write_text(text, "utf-8")
    start = time.process_time()
    assert editorconfig(tmp_path / "a.py")["indent_size"] == "2"
    assert time.process_time() - start < 20  # it would be days


@pytest.mark.parametrize("size", ["9" * 5_000, "1000000", "-1", "x", "²"])
def test_a_number_that_nobody_means_is_none(tmp_path: Path, size: str) -> None:
    text = f"[*]\nindent_size = {size}\nmax_line_length = {size}\n"
    (tmp_path / ".editorconfig").write_text(text, "utf-8")
    assert conventions_of("", tmp_path / "a.py") == Conventions()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
@pytest.mark.parametrize(
    "target", ["pipe", "/dev/zero", "/dev/stdin", "/proc/self/mem", "loop", "outside"]
)
def test_what_is_no_file_of_the_project_says_nothing(tmp_path: Path, target: str) -> None:
    (tmp_path / "w" / ".git").mkdir(parents=True)
    (tmp_path / "outside").write_text("[*]\nindent_size = 3\n")
    path = tmp_path / "w" / ".editorconfig"
    if target == "pipe":
        os.mkfifo(path)
    elif target == "loop":
        path.symlink_to(path)
    else:
        path.symlink_to(tmp_path / target)
    assert editorconfig(tmp_path / "w" / "a.py") == {}
    path.unlink()
    path.symlink_to("own")
    (tmp_path / "w" / "own").write_text("[*]\nindent_size = 3\n")
    assert editorconfig(tmp_path / "w" / "a.py") == {"indent_size": "3"}
