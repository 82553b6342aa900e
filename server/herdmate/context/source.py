"""A text and its UTF-8 encoding, in whose bytes tree-sitter counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from herdmate.text import Edit


@dataclass(frozen=True, slots=True)
class Source:
    """A text and its UTF-8; ``mark`` is the last edit in both, since most queries are near it."""

    text: str
    data: bytes
    mark: tuple[int, int] = (0, 0)

    def to_byte(self, offset: int) -> int:
        """The byte at which the character at ``offset`` begins."""
        if len(self.data) == len(self.text):
            return offset
        known, at = self._nearest(offset)
        if offset >= known:
            return at + len(utf_8(self.text[known:offset]))
        return at - len(utf_8(self.text[offset:known]))

    def to_offset(self, at: int) -> int:
        """The offset of the character that begins at byte ``at``."""
        if len(self.data) == len(self.text):
            return at
        known, byte = self.mark
        if at >= byte:
            return known + len(self.data[byte:at].decode("utf-8", "ignore"))
        return known - len(self.data[at:byte].decode("utf-8", "ignore"))

    def text_of(self, node: Any) -> str:
        """The text of a node of tree-sitter."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def point(self, offset: int) -> tuple[int, int]:
        """Row, and column in bytes; for tree-sitter only a line feed ends a row."""
        start = self.text.rfind("\n", 0, offset) + 1
        return self.text.count("\n", 0, start), len(utf_8(self.text[start:offset]))

    def edited(self, edit: Edit) -> Source:
        """The source after an edit; encodes only the new text."""
        start, end = edit.span.start, edit.span.end
        low, high = self.to_byte(start), self.to_byte(end)
        text = self.text[:start] + edit.new_text + self.text[end:]
        data = self.data[:low] + utf_8(edit.new_text) + self.data[high:]
        return Source(text, data, (start, low))

    def _nearest(self, offset: int) -> tuple[int, int]:
        """The nearest known position: the mark, the start or the end."""
        known = ((0, 0), self.mark, (len(self.text), len(self.data)))
        return min(known, key=lambda place: abs(place[0] - offset))


def source_of(text: str) -> Source:
    """The source of a text."""
    return Source(text, utf_8(text))


def utf_8(text: str) -> bytes:
    """The text as UTF-8, with one byte for each lone surrogate, which JSON can contain."""
    return text.encode("utf-8", "replace")
