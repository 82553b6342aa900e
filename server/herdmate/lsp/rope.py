"""A text in pieces: the cost of an edit or lookup depends on a piece's length, not the text's.

Lines end at ``\\n``, ``\\r\\n`` or ``\\r`` and nowhere else, as the specification says. Columns
count units of the encoding: UTF-8 bytes, 16-bit units, or code points.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

from lsprotocol import types

from herdmate.text import LINE_BREAK

Encoding = types.PositionEncodingKind | str

_PIECE = 2048
"""Characters. Short enough to scan on each keystroke, long enough to keep the pieces few."""

_LONE = "surrogatepass"  # for half an emoji, which an editor may send in the middle of an edit


@dataclass(frozen=True, slots=True)
class Rope:
    """A text in ``pieces``, with counts of what precedes each piece.

    ``offsets``, ``units`` and ``breaks`` count the characters, the units of the encoding and the
    line endings; the last entry of each is the total. No line ending is split between two pieces.
    """

    pieces: tuple[str, ...]
    offsets: tuple[int, ...]
    units: tuple[int, ...]
    breaks: tuple[int, ...]
    encoding: Encoding

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)

    @property
    def size(self) -> int:
        """The number of characters."""
        return self.offsets[-1]

    @property
    def line_count(self) -> int:
        """The number of lines; a text that ends in a line ending has an empty last line."""
        return self.breaks[-1] + 1

    def line(self, number: int) -> tuple[int, int]:
        """The start and end of a line, without its line ending."""
        start = self._break(number)[1] if number else 0
        return start, self._break(number + 1)[0] if number < self.breaks[-1] else self.size

    def line_number(self, offset: int) -> int:
        """The line that an offset is in."""
        at = self._piece(self.offsets, offset)
        inside = offset - self.offsets[at]
        ends = (found.end() for found in LINE_BREAK.finditer(self.pieces[at], 0, inside + 1))
        return self.breaks[at] + sum(end <= inside for end in ends)

    def unit(self, offset: int) -> int:
        """The number of units before an offset."""
        at = self._piece(self.offsets, offset)
        return self.units[at] + _width(self.pieces[at][: offset - self.offsets[at]], self.encoding)

    def at_unit(self, unit: int) -> tuple[int, int]:
        """The offset of the character that contains a unit, and the unit's index in it."""
        unit = min(unit, self.units[-1])
        at = self._piece(self.units, unit)
        piece, inside = self.pieces[at], unit - self.units[at]
        if self.units[at + 1] - self.units[at] == len(piece):
            return self.offsets[at] + inside, 0
        count, rest = _characters(piece, inside, self.encoding)
        return self.offsets[at] + count, rest

    def character(self, offset: int) -> str:
        """The character at an offset; empty outside the text."""
        at = self._piece(self.offsets, offset)
        inside = offset - self.offsets[at]
        return self.pieces[at][inside : inside + 1] if inside >= 0 else ""

    def edited(self, start: int, end: int, new_text: str) -> Rope:
        """The rope with ``start:end`` replaced by ``new_text``."""
        # Include pieces that only touch the edit: two halves of a line ending may meet there.
        first = max(bisect_left(self.offsets, start) - 1, 0)
        last = min(bisect_right(self.offsets, end), len(self.pieces))
        before = self.offsets[first]
        old = "".join(self.pieces[first:last])
        text = old[: start - before] + new_text + old[end - before :]
        middle = rope_of(text, self.encoding)
        if first == 0 and last == len(self.pieces):
            return middle
        return Rope(
            (*self.pieces[:first], *middle.pieces, *self.pieces[last:]),
            _spliced(self.offsets, first, last, middle.offsets),
            _spliced(self.units, first, last, middle.units),
            _spliced(self.breaks, first, last, middle.breaks),
            self.encoding,
        )

    def _break(self, count: int) -> tuple[int, int]:
        """The start and end of a line ending, given its number counted from 1."""
        at = bisect_left(self.breaks, count) - 1
        found = islice(LINE_BREAK.finditer(self.pieces[at]), count - self.breaks[at] - 1, None)
        start, end = next(found).span()
        return self.offsets[at] + start, self.offsets[at] + end

    def _piece(self, counts: Sequence[int], count: int) -> int:
        """The index of the piece that contains a place; the last one for the end of the text."""
        return max(min(bisect_right(counts, count), len(self.pieces)), 1) - 1


def rope_of(text: str, encoding: Encoding) -> Rope:
    """The rope of a text."""
    pieces = tuple(_cut(text))
    return Rope(
        pieces,
        tuple(accumulate(map(len, pieces), initial=0)),
        tuple(accumulate((_width(piece, encoding) for piece in pieces), initial=0)),
        tuple(accumulate(map(_break_count, pieces), initial=0)),
        encoding,
    )


def with_whole_pairs(text: str) -> str:
    """The text with adjacent halves of a surrogate pair joined into one character."""
    if text.isascii():
        return text
    try:
        text.encode("utf-16-le")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", _LONE).decode("utf-16-le", _LONE)
    return text


def _spliced(
    counts: tuple[int, ...], first: int, last: int, middle: tuple[int, ...]
) -> tuple[int, ...]:
    """The counts of a rope, with those of pieces ``first:last`` replaced by ``middle``."""
    low = counts[first]
    more = low + middle[-1] - counts[last]
    # ``map`` of a bound method is twice as fast as a generator: this is most of an edit's cost.
    before = map(low.__add__, middle[:-1])
    return (*counts[:first], *before, *map(more.__add__, counts[last:]))


def _cut(text: str) -> list[str]:
    """Pieces of about the same length, none of which begins inside a line ending."""
    step = -(-len(text) // max(-(-len(text) // _PIECE), 1)) or 1
    pieces, start = [], 0
    while start < len(text):
        end = start + step
        end += text[end - 1 : end + 1] == "\r\n"
        pieces.append(text[start:end])
        start = end
    return pieces or [""]


def _break_count(text: str) -> int:
    ends = text.count("\n")
    return ends + text.count("\r") - text.count("\r\n") if "\r" in text else ends


def _width(text: str, encoding: Encoding) -> int:
    """The number of units in a text."""
    if text.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return len(text)
    if encoding == types.PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", _LONE))
    return len(text.encode("utf-16-le", _LONE)) // 2


def _characters(text: str, units: int, encoding: Encoding) -> tuple[int, int]:
    """How many whole characters fit into ``units``, and how many units are left over."""
    if encoding == types.PositionEncodingKind.Utf8:
        data, whole = text.encode("utf-8", _LONE), units
        while whole < len(data) and data[whole] & 0xC0 == 0x80:
            whole -= 1
        return len(data[:whole].decode("utf-8", _LONE)), units - whole
    data = text.encode("utf-16-le", _LONE)
    before, behind = data[2 * units - 1 : 2 * units], data[2 * units + 1 : 2 * units + 2]
    is_inside = b"\xd8" <= before <= b"\xdb" and b"\xdc" <= behind <= b"\xdf"
    whole = units - 1 if is_inside else units
    return len(data[: 2 * whole].decode("utf-16-le", _LONE)), units - whole
