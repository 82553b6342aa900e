"""What a line shows by its characters alone."""

from __future__ import annotations

import time

import pytest

from herdmate.context.lexical import brackets, opens_block, trailing_comment, unclosed


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("python", "f(a[0], '(')  # (", "([])"),
        ("python", "a // b(c)", "()"),
        ("python", 'rb"(" + f"[" + u"{"', ""),
        ("javascript", "f('(', `[`) // {", "()"),
        ("javascript", "a = b / c(d) / e", "()"),
        ("javascript", "if (/[)/(]\\)/.test(a)) {", "(()){"),
        ("javascript", "x.#private(y)", "()"),
        ("rust", "fn f<'a>(x: &'a str, y: char) { '(' }", "(){}"),
        ("c", "c = '\\''; d = ')'; f(1);", "()"),
        ("cpp", "f(1'000'000)", "()"),
        ("markdown", "1) you can't (really)", ""),
        ("sql", "f(a) -- (", "()"),
    ],
)
def test_brackets(language: str, text: str, found: str) -> None:
    assert "".join(char for _, char in brackets(text, language)) == found


def test_unclosed() -> None:
    assert unclosed("f(a, [b", "python") == 2
    assert unclosed(") f(", "python") == 1


@pytest.mark.parametrize(
    ("language", "line", "at"),
    [
        ("python", "x = 1  # one", 7),
        ("python", "# one", None),
        ("python", "x = '# one'", None),
        ("python", "x = 1 #one", None),
        ("go", "x := 1 // one", 7),
        ("go", 'x := "http://a"', None),
        ("css", "color: red; // one", None),
        ("markdown", "see # 12", None),
    ],
)
def test_trailing_comment(language: str, line: str, at: int | None) -> None:
    assert trailing_comment(line, language) == at


@pytest.mark.parametrize(
    ("language", "line", "opens"),
    [
        ("python", "def f():", True),
        ("python", "# so:", False),
        ("typescript", "case 1:", False),
        ("c", "} else", True),
        ("c", "what we do", False),
        ("shellscript", "for a in b; do", True),
        ("python", "what we do", False),
        ("markdown", "Steps:", False),
        ("java", "/* { */ {", False),
        ("javascript", "(", False),
        ("plaintext", "while (true) {", True),
    ],
)
def test_opens_block(language: str, line: str, opens: bool) -> None:
    assert opens_block(line, language) is opens


@pytest.mark.parametrize("language", ["python", "javascript", "rust"])
@pytest.mark.parametrize(
    "unit", ['\\"', "\\'", "\\`", "=/[", "(/a", "(/\\", "#", " # ", "//", " // ", "'", '"\\', "/*"]
)
def test_a_long_line_takes_no_longer_than_it_is(language: str, unit: str) -> None:
    start = time.process_time()  # minutes, if each looked through the rest of the line
    for text in ('"' + unit * 20_000, "x = " + unit * 20_000 + " # a", "'" + unit * 20_000 + "\n"):
        assert unclosed(text, language) >= 0
        trailing_comment(text, language)
    assert time.process_time() - start < 20
