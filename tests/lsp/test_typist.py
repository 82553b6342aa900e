"""The keys that write a text."""

from __future__ import annotations

import pytest

from herdmate.lsp.typist import keystrokes


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ab", ("a", "b")),
        ("a:\n    b", ("a", ":", "\n    ", "b")),
        ("a\n\n  b", ("a", "\n", "\n  ", "b")),
        ("a\n   \nb", ("a", "\n", " ", " ", " ", "\n", "b")),
        ("", ()),
    ],
)
def test_return_writes_the_indent_too(text: str, keys: tuple[str, ...]) -> None:
    assert keystrokes(text) == keys
    assert "".join(keys) == text
