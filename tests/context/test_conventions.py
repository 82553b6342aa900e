"""How the code of a file is written."""

from __future__ import annotations

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
