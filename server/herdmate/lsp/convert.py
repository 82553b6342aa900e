"""Between the protocol's lines and columns and Herdmate's offsets; the only place that knows both.

A column counts units of the negotiated encoding: bytes of UTF-8, 16-bit units, or code points.
Lines end at ``\\n``, ``\\r\\n`` or ``\\r`` and nowhere else, as the specification says.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from lsprotocol import types

from herdmate.text import Edit, Span

_LONE = "surrogatepass"  # half an emoji, which an editor may send while it is being edited
_CUT = "ignore"

_LINE_END = re.compile(r"\r\n|\n|\r")

Encoding = types.PositionEncodingKind | str

UTF16 = types.PositionEncodingKind.Utf16
"""What a client means that says nothing about encodings."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A text with the offsets at which its lines start.

    ``head`` holds those of the first lines, ``tail`` those of the others as distances from the
    text's end: so typing between the two moves neither (see ``edited``).
    """

    text: str
    head: tuple[int, ...]
    tail: tuple[int, ...]
    encoding: Encoding

    @property
    def whole(self) -> Span:
        """All that the client knows as this text."""
        return Span(0, len(self.text))

    @property
    def count(self) -> int:
        """How many lines there are; a text that ends a line has an empty one behind it."""
        return len(self.head) + len(self.tail)

    def start(self, number: int) -> int:
        """The offset at which a line starts."""
        if number < len(self.head):
            return self.head[number]
        return len(self.text) - self.tail[number - len(self.head)]

    def number(self, offset: int) -> int:
        """The line that an offset is in."""
        if not self.tail or offset < len(self.text) - self.tail[0]:
            return bisect_right(self.head, offset) - 1
        size = len(self.text)
        at = bisect_right(self.tail, offset, key=lambda distance: size - distance)
        return len(self.head) + at - 1

    def offset(self, position: types.Position) -> int:
        """The offset of a position; beyond a line's end it is the line's end."""
        if position.line >= self.count:
            return len(self.text)
        start, line = self._line(position.line)
        return start + _code_points(line, position.character, self.encoding)

    def position(self, offset: int) -> types.Position:
        """The position of an offset."""
        number = self.number(offset)
        start = self.start(number)
        return types.Position(number, _units(self.text[start:offset], self.encoding))

    def span(self, range_: types.Range) -> Span:
        """The span of a range, its ends put in order."""
        start, end = self.offset(range_.start), self.offset(range_.end)
        return Span(min(start, end), max(start, end))

    def range(self, span: Span) -> types.Range:
        """The range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def edited(self, edit: Edit, text: str) -> Lines:
        """The lines of the text that an edit makes; only what is around the edit is looked at."""
        first = max(self.number(edit.span.start) - 1, 0)
        last = min(self.number(edit.span.end) + 2, self.count)
        low = self.start(first)
        high = self.start(last) + len(text) - len(self.text) if last < self.count else len(text) + 1
        new = (end.end() for end in _LINE_END.finditer(text, low, min(high, len(text))))
        head = (*self._starts_before(first), low, *(start for start in new if start < high))
        return Lines(text, head, self._tail_from(last), self.encoding)

    def _starts_before(self, number: int) -> tuple[int, ...]:
        if number <= len(self.head):
            return self.head[:number]
        size = len(self.text)
        return (*self.head, *(size - far for far in self.tail[: number - len(self.head)]))

    def _tail_from(self, number: int) -> tuple[int, ...]:
        if number >= len(self.head):
            return self.tail[number - len(self.head) :]
        size = len(self.text)
        return (*(size - start for start in self.head[number:]), *self.tail)

    def _line(self, number: int) -> tuple[int, str]:
        start = self.start(number)
        end = self.start(number + 1) if number + 1 < self.count else len(self.text)
        return start, self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class PartLines(Lines):
    """The same, where the client knows only ``rows`` lines of the text, from ``first`` on."""

    first: int
    rows: int

    @property
    def whole(self) -> Span:
        """All that the client knows as this text."""
        last = self.first + self.rows - 1
        start, line = self._line(last)
        return Span(self.start(self.first), start + len(line))

    def offset(self, position: types.Position) -> int:
        """The offset of a position; beyond a line's end it is the line's end."""
        if position.line >= self.rows:
            return self.whole.end
        # ``super()`` does not work in slotted dataclasses.
        return Lines.offset(self, types.Position(self.first + position.line, position.character))

    def position(self, offset: int) -> types.Position:
        """The position of an offset; one outside of the part is at its nearer end."""
        whole = self.whole
        found = Lines.position(self, min(max(offset, whole.start), whole.end))
        return types.Position(found.line - self.first, found.character)


def part_of(lines: Lines, first: int, rows: int) -> PartLines:
    """Lines of which the client knows only ``rows``, from the line ``first`` on."""
    return PartLines(lines.text, lines.head, lines.tail, lines.encoding, first, rows)


def lines_of(text: str, encoding: Encoding) -> Lines:
    """The lines of a text."""
    return Lines(text, (0, *(end.end() for end in _LINE_END.finditer(text))), (), encoding)


def edit_from_lsp(change: types.TextDocumentContentChangeEvent, lines: Lines) -> Edit:
    """An edit as an editor tells it; without a range it replaces all that the client knows."""
    if isinstance(change, types.TextDocumentContentChangePartial):
        return Edit(lines.span(change.range), change.text)
    return Edit(lines.whole, change.text)


def edits_to_lsp(edits: Sequence[Edit], lines: Lines) -> list[types.TextEdit]:
    """Edits of the text that ``lines`` holds."""
    return [types.TextEdit(lines.range(edit.span), edit.new_text) for edit in edits]


def _code_points(line: str, units: int, encoding: Encoding) -> int:
    """How many code points the first ``units`` units of a line are; a cut one does not count."""
    if line.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return min(units, len(line))
    if encoding == types.PositionEncodingKind.Utf8:
        return len(line.encode("utf-8", _LONE)[:units].decode("utf-8", _CUT))
    return len(line.encode("utf-16-le", _LONE)[: 2 * units].decode("utf-16-le", _CUT))


def _units(text: str, encoding: Encoding) -> int:
    """How many units a text without line ends has."""
    if text.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return len(text)
    if encoding == types.PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", _LONE))
    return len(text.encode("utf-16-le", _LONE)) // 2
