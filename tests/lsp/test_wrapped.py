"""Markdown with short lines."""

from __future__ import annotations

import pytest

from herdmate.lsp.wrapped import wrapped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("short\n\nlines\n", "short\n\nlines\n"),
        ("one two three four five six\n", "one two three\nfour five six\n"),
        ("- one two three four", "- one two three\n  four"),
        ("12. one two three four", "12. one two\n    three four"),
        ("> one two three four", "> one two three\n> four"),
        ("a_word_longer_than_any_line b", "a_word_longer_than_any_line\nb"),
        ("```\none two three four five\n```\none two three four", None),
        ("~~~\n```\none two three four five\n~~~", "~~~\n```\none two three four five\n~~~"),
        ("| one | two | three | four |", "| one | two | three | four |"),
        ("```\none two three four five", "```\none two three four five"),
    ],
)
def test_long_lines_are_broken_where_that_changes_nothing(text: str, expected: str | None) -> None:
    code = "```\none two three four five\n```\none two three\nfour"
    assert wrapped(text, 16) == (code if expected is None else expected)


def test_what_is_long_and_odd_takes_no_time() -> None:
    for text in (
        " " * 200_000 + "x",
        "- " * 100_000,
        "x" * 500_000,
        "`" * 100_000 + "\n" + "> " * 99,
    ):
        assert wrapped(text).split() == text.split() or ">" in text
