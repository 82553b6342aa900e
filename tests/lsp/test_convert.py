"""Positions and offsets, in every encoding that an editor may choose."""

from __future__ import annotations

import random
import re
from bisect import bisect_right

import pytest
from lsprotocol.types import Position, PositionEncodingKind, Range

from herdmate.lsp.convert import edits_to_lsp, lines_of
from herdmate.text import Edit, Span

TEXT = "a😀é\tb\r\nsecond\n\rlast"  # one emoji, one accent, all three line ends
ENCODINGS = (PositionEncodingKind.Utf8, PositionEncodingKind.Utf16, PositionEncodingKind.Utf32)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_offset_comes_back(encoding: PositionEncodingKind) -> None:
    lines = lines_of(TEXT, encoding)
    for offset in range(len(TEXT) + 1):
        if TEXT[offset - 1 : offset + 1] == "\r\n":
            continue  # between the two there is no position
        assert lines.offset(lines.position(offset)) == offset


@pytest.mark.parametrize(("encoding", "column"), [*zip(ENCODINGS, (8, 5, 4), strict=True)])
def test_columns_count_units_of_the_encoding(encoding: PositionEncodingKind, column: int) -> None:
    lines = lines_of(TEXT, encoding)
    assert lines.position(TEXT.index("b")) == Position(0, column)
    assert lines.offset(Position(0, column)) == TEXT.index("b")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_beyond_the_end(encoding: PositionEncodingKind) -> None:
    lines = lines_of(TEXT, encoding)
    assert lines.offset(Position(0, 99)) == TEXT.index("\r\n")
    assert lines.offset(Position(99, 0)) == len(TEXT)


def test_half_a_surrogate_pair_counts_as_before_it() -> None:
    lines = lines_of(TEXT, PositionEncodingKind.Utf16)
    assert lines.offset(Position(0, 2)) == 1


def test_only_the_line_ends_of_the_specification_end_lines() -> None:
    lines = lines_of("one\x0ctwo\u2028three\x85four", PositionEncodingKind.Utf16)
    assert lines.rope.line_count == 1


def test_lines_follow_any_edits_as_if_counted_anew() -> None:
    """Also edits that make two line ends of one or one of two."""
    dice = random.Random(2)
    pieces = ("", "x", "\n", "\r", "\r\n", "a\nb", "😀", "\r\n\r", "line\n" * 5)
    for _ in range(40):
        text = "".join(dice.choice(pieces) for _ in range(30))
        lines = lines_of(text, PositionEncodingKind.Utf16)
        for _ in range(60):
            start, end = sorted(dice.randrange(len(text) + 1) for _ in range(2))
            end = min(end, start + dice.choice((0, 0, 1, 2, 20)))
            new = dice.choice(pieces)
            text = text[:start] + new + text[end:]
            lines = lines.edited(Edit(Span(start, end), new))
            assert lines.rope.text == text
            starts = [0, *(end.end() for end in re.finditer("\r\n|\n|\r", text))]
            count = lines.rope.line_count
            assert [lines.rope.line(at)[0] for at in range(count)] == starts
            offset = dice.randrange(len(text) + 1)
            assert lines.rope.line_number(offset) == bisect_right(starts, offset) - 1


def test_a_range_given_backwards() -> None:
    lines = lines_of("abc", PositionEncodingKind.Utf16)
    assert lines.span(Range(Position(0, 2), Position(0, 1))) == Span(1, 2)


def test_edits() -> None:
    lines = lines_of("a\nb😀c\n", PositionEncodingKind.Utf16)
    (edit,) = edits_to_lsp([Edit(Span(4, 5), "x")], lines)
    assert edit.range == Range(Position(1, 3), Position(1, 4))
    assert edit.new_text == "x"
