"""Places in a text and in its UTF-8, after edits as after none."""

from __future__ import annotations

import random

import pytest

from herdmate.context.source import source_of
from herdmate.text import Edit, Span

TEXTS = ("", "a\nbc\n\nd", "ä\n€uro\r\n\u2028x\n🐑🐑\nend", "no line end 🐑")


@pytest.mark.parametrize("text", TEXTS)
def test_each_offset_has_its_byte_row_and_column(text: str) -> None:
    source = source_of(text)
    for offset in range(len(text) + 1):
        before = text[:offset]
        at = len(before.encode())
        assert source.to_byte(offset) == at
        assert source.to_offset(at) == offset
        row, _, column = before.rpartition("\n")
        expected = (before.count("\n"), len(column.encode()))
        assert source.point(offset) == expected, (row, offset)


def test_edits_leave_the_same_source_as_a_text_that_was_never_edited() -> None:
    chance = random.Random(4)
    source = source_of("def f(ä):\n    return '🐑'\n")
    for _ in range(300):
        start = chance.randint(0, len(source.text))
        end = min(start + chance.choice((0, 0, 1, 3)), len(source.text))
        new = chance.choice(("", "x", "ä", "🐑\n", "\n", "€ = 1\n"))
        source = source.edited(Edit(Span(start, end), new))
        assert source.data == source.text.encode()
        offset = chance.randint(0, len(source.text))
        assert source.to_byte(offset) == len(source.text[:offset].encode())
        assert source.to_offset(source.to_byte(offset)) == offset
