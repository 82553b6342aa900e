"""What the model did not change stays as it was, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdmate.actions.reply import Place, code_of
from herdmate.actions.unchanged_lines import with_unchanged_lines
from herdmate.context import syntax
from herdmate.context.grammars import language_of
from herdmate.context.syntax_queries import enclosing_definition, rows_in_strings
from herdmate.text import Span, line_ending, whole_lines, with_line_feeds

CASES = [
    ("one line of another end", "a\r\nb\nc", "a\nd\nc", "a\r\nd\nc"),
    ("a lone carriage return", "a\rb\nc", "a\nb\nd", "a\rb\nd"),
    ("hard breaks of Markdown", "One  \ntwo\nthree", "One\ntwo!\nthree", "One  \ntwo!\nthree"),
    ("spaces on a blank line", "a\n   \nb", "a\n\nc", "a\n   \nc"),
    ("a form feed", "a\n\x0c\nb", "a\n\nc", "a\n\x0c\nc"),
    ("a line in between", "a  \r\nb\r\n", "a\nnew\nb\n", "a  \r\nnew\nb\r\n"),
    ("nothing in common", "a \r\nb", "c\nd", "c\nd"),
    ("moved to the right", "a\r\nb\r\n", "if x:\n    a\n    b\n", "if x:\n    a\r\n    b\r\n"),
    ("one line", "a", "b", "b"),
    ("no line end at the end", "a\r\nb", "a\nb\nc", "a\r\nb\nc"),
    ("a shorter text", "a\r\nb\r\nc", "a", "a"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_what_both_have_stays(case: tuple[str, str, str, str]) -> None:
    _, original, code, expected = case
    assert with_unchanged_lines(code, original) == expected


def test_lines_in_strings_get_their_indentation_back() -> None:
    original = "f(`\n  a: 1\n    b: 2\n`)\n  g()"
    code = "f(`\n\ta: 1\n\t\tb: 3\n`)\n\tg()"
    expected = "f(`\n  a: 1\n\t\tb: 3\n`)\n  g()"
    assert with_unchanged_lines(code, original, {1, 2, 3}) == expected


def test_a_changed_line_in_a_string_that_the_model_repeats_is_as_the_model_wrote_it() -> None:
    original = "\tf(`\n  a: 1\n    b: 2\n`)\n\tg()"
    said = "f(`\n  a: 1\n    b: 3\n    c: 4\n`)\ng(1)"
    placed = "\tf(`\n\ta: 1\n\t\tb: 3\n\t\tc: 4\n`)\n\tg(1)"
    after = with_unchanged_lines(placed, original, {1, 2, 3}, said)
    assert after == "\tf(`\n  a: 1\n    b: 3\n    c: 4\n`)\n\tg(1)"


def test_very_long_code_keeps_what_is_alike_at_its_ends() -> None:
    original = "".join(f"{at} \r\n" for at in range(10_000))
    code = "".join(f"{at}\n" for at in range(10_000)).replace("\n5000\n", "\nx\n")
    code = code.replace("\n1000\n", "\ny\n")
    after = with_unchanged_lines(code, original)
    assert after.startswith("0 \r\n1 \r\n")
    assert after.endswith("9999 \r\n")


_TEXTS = st.lists(st.sampled_from(["a", "b ", " a", "\n", "\r\n", "\r", "\x0c", "\u2028"])).map(
    "".join
)


@given(_TEXTS)
def test_a_text_given_back_is_the_same(text: str) -> None:
    lines = with_line_feeds(text).split("\n")
    stripped = "\n".join(line.rstrip(" ") for line in lines)
    assert with_unchanged_lines(stripped, text) == text


@given(_TEXTS, _TEXTS)
def test_only_spaces_and_line_ends_differ_from_the_code(code: str, original: str) -> None:
    after = with_unchanged_lines(code, original)
    assert "".join(after.split()) == "".join(code.split())


@pytest.mark.parametrize("path", ["server/herdmate/actions/omissions.py", "extension/src/setup.ts"])
@pytest.mark.parametrize("form", ["exact", "without spaces at line ends", "further left", "CRLF"])
def test_real_code_given_back_is_the_same(path: str, form: str) -> None:
    text = (Path(__file__).parents[2] / path).read_text("utf-8")
    text = text.replace("\n", "\r\n") if form == "CRLF" else text
    language = language_of(path)
    tree = syntax.parse(text, language)
    assert tree is not None
    spans = {enclosing_definition(tree, text, Span(at, at)) for at in range(0, len(text), 200)}
    assert len(spans) > 5
    for span in filter(None, spans):
        span = whole_lines(text, span)
        original = text[span.start : span.end].rstrip("\r\n")
        rows = rows_in_strings(tree, text, span)
        lines = with_line_feeds(original).split("\n")
        if form == "further left":
            indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
            lines = [line.removeprefix(indent) for line in lines]
        if form == "without spaces at line ends":
            lines = [line.rstrip() for line in lines]
        reply = "\n".join(["`````", *lines, "`````"])
        place = Place(language, rows)
        assert code_of(reply, original, True, line_ending(text), place=place).code == original
