"""Line ends: one way to normalise them, and one to tell which a document has."""

from __future__ import annotations

import pytest

from herdmate.text import line_ending, with_line_feeds


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("", "\n"), ("a", "\n"), ("a\nb\r\nc", "\n"), ("\n", "\n"), ("a\r\nb\nc", "\r\n"),
        ("\r\n", "\r\n"), ("a\rb\r", "\r"),
    ],
)  # fmt: skip
def test_the_first_line_end_tells_a_documents(text: str, ending: str) -> None:
    assert line_ending(text) == ending


def test_every_line_end_becomes_a_line_feed() -> None:
    assert with_line_feeds("a\r\nb\rc\n\rd\r\r\n\u2028e\x0c") == "a\nb\nc\n\nd\n\n\u2028e\x0c"
