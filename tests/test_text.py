"""Line ends: one way to normalise them, and one to tell which a document has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herdmate.text import Span, line_ending, path_of, rows_of, shown_path, with_line_feeds


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


@pytest.mark.skipif(os.name == "nt", reason="there names are not bytes")
@pytest.mark.parametrize(
    "name",
    [b"a\xff.py", b"\xe4\xf6.c", b"\xed\xa0\x80", "ä日.go".encode(), b"50%25", b"%FF", b"\xf0\x9f"],
)
def test_a_file_whose_name_is_no_text_is_the_one_that_its_uri_names(
    name: bytes, tmp_path: Path
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    assert path_of(path.as_uri()) == path
    assert path_of(path.as_uri().replace("file://", "file://localhost", 1)) == path
    shown_path(path, (tmp_path,)).encode()  # for a prompt


@pytest.mark.parametrize("uri", ["file:///a%00b", "file:///a\ud800b", "http://a/b", "file:a", ""])
def test_what_names_no_file_here_has_no_path(uri: str) -> None:
    assert path_of(uri) is None


@pytest.mark.parametrize(
    ("text", "span", "rows"),
    [
        ("a\nb\nc", Span(2, 3), range(1, 2)),
        ("a\nb\nc", Span(2, 4), range(1, 2)),
        ("a\r\nb\r\nc", Span(3, 6), range(1, 2)),
        ("a\rb\r\nc", Span(0, 6), range(3)),
        ("a\n\x0c\nb\u2028\n", Span(4, 7), range(2, 3)),  # they end lines for str.splitlines alone
        ("", Span(0, 0), range(1)),
    ],
)
def test_the_rows_of_a_span(text: str, span: Span, rows: range) -> None:
    assert rows_of(text, span) == rows
