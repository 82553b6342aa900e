"""A text and its UTF-8, which tree-sitter counts in."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.text import Edit


@dataclass(frozen=True, slots=True)
class Source:
    """A text, its UTF-8, and one place known in both: the last edit, near which most is asked."""

    text: str
    data: bytes
    mark: tuple[int, int] = (0, 0)

    def to_byte(self, offset: int) -> int:
        """The byte at which a character begins."""
        if len(self.data) == len(self.text):
            return offset
        known, at = self._nearest(offset)
        if offset >= known:
            return at + len(utf_8(self.text[known:offset]))
        return at - len(utf_8(self.text[offset:known]))

    def to_offset(self, at: int) -> int:
        """The character that begins at a byte."""
        if len(self.data) == len(self.text):
            return at
        known, byte = self.mark
        if at >= byte:
            return known + len(self.data[byte:at].decode("utf-8", "ignore"))
        return known - len(self.data[at:byte].decode("utf-8", "ignore"))

    def point(self, offset: int) -> tuple[int, int]:
        """Row and column in bytes; tree-sitter ends a row at a line feed only."""
        start = self.text.rfind("\n", 0, offset) + 1
        return self.text.count("\n", 0, start), len(utf_8(self.text[start:offset]))

    def edited(self, edit: Edit) -> Source:
        """What an edit makes of it; only the edit is encoded."""
        start, end = edit.span.start, edit.span.end
        low, high = self.to_byte(start), self.to_byte(end)
        text = self.text[:start] + edit.new_text + self.text[end:]
        data = self.data[:low] + utf_8(edit.new_text) + self.data[high:]
        return Source(text, data, (start, low))

    def _nearest(self, offset: int) -> tuple[int, int]:
        """The known place from which it is not far: the mark, the beginning or the end."""
        known = ((0, 0), self.mark, (len(self.text), len(self.data)))
        return min(known, key=lambda place: abs(place[0] - offset))


def source_of(text: str) -> Source:
    """The source of a text."""
    return Source(text, utf_8(text))


def utf_8(text: str) -> bytes:
    """A lone surrogate, which JSON can carry, has no UTF-8: one byte stands for it."""
    return text.encode("utf-8", "replace")
