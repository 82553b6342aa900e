"""Conversion between the protocol's lines and columns and Herdmate's offsets.

Only this module and ``rope`` know both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lsprotocol import types

from herdmate.lsp.rope import Encoding, Rope, rope_of, with_whole_pairs
from herdmate.text import Edit, Span

UTF16 = types.PositionEncodingKind.Utf16
"""The default for a client that does not negotiate an encoding."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of what the client sees as one text, which starts at ``base`` in a document.

    The text is the whole document, except for a notebook's cell.
    """

    rope: Rope
    base: int = 0

    @property
    def whole(self) -> Span:
        """The span of the whole text in the document."""
        return Span(self.base, self.base + self.rope.size)

    def offset(self, position: types.Position) -> int:
        """The offset of a position; a column past the end of its line means the line's end."""
        return self._place(position)[0]

    def position(self, offset: int) -> types.Position:
        """The position of an offset, which is clamped to the text."""
        inside = min(max(offset - self.base, 0), self.rope.size)
        number = self.rope.line_number(inside)
        start, end = self.rope.line(number)
        return types.Position(number, self.rope.unit(min(inside, end)) - self.rope.unit(start))

    def span(self, range_: types.Range) -> Span:
        """The span of a range, with its ends in order."""
        start, end = self.offset(range_.start), self.offset(range_.end)
        return Span(min(start, end), max(start, end))

    def range(self, span: Span) -> types.Range:
        """The range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def edit(self, range_: types.Range, new_text: str) -> Edit:
        """The edit that replaces a range with a text, as a client that counts units would.

        If the range splits a surrogate pair, the half outside it stays, and halves that meet form
        a pair again. This keeps the units in step with the client's.
        """
        places = [self._place(range_.start)]
        if range_.start != range_.end:
            places.append(self._place(range_.end))
        (start, before), (end, behind) = min(places), max(places)
        if self.rope.encoding != UTF16:
            return Edit(Span(start, end), new_text)
        first, last = self._character(start), self._character(end)
        if before:
            new_text = _halves(first)[0] + new_text
        elif _is_half(left := self._character(start - 1)):
            start, new_text = start - 1, left + new_text
        if behind:
            end, new_text = end + 1, new_text + _halves(last)[1]
        elif _is_half(last):
            end, new_text = end + 1, new_text + last
        return Edit(Span(start, end), with_whole_pairs(new_text))

    def edited(self, edit: Edit) -> Lines:
        """The lines after an edit; only the pieces around it are processed."""
        start, end = edit.span.start - self.base, edit.span.end - self.base
        return replace(self, rope=self.rope.edited(start, end, edit.new_text))

    def _place(self, position: types.Position) -> tuple[int, int]:
        """The offset of a position, and how many units it is into the character there."""
        if position.line >= self.rope.line_count:
            return self.base + self.rope.size, 0
        start, end = self.rope.line(max(position.line, 0))
        offset, rest = self.rope.at_unit(self.rope.unit(start) + max(position.character, 0))
        return (self.base + offset, rest) if offset < end else (self.base + end, 0)

    def _character(self, offset: int) -> str:
        return self.rope.character(offset - self.base)


def lines_of(text: str, encoding: Encoding) -> Lines:
    """The lines of a text."""
    return Lines(rope_of(with_whole_pairs(text) if encoding == UTF16 else text, encoding))


def edits_from_lsp(
    changes: Iterable[types.TextDocumentContentChangeEvent], lines: Lines
) -> tuple[tuple[Edit, ...], Lines]:
    """The edits in an editor's changes, and the lines after all of them.

    Each edit refers to the text that those before it left. A change without a range replaces the
    whole text.
    """
    edits = []
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            edits.append(lines.edit(change.range, change.text))
        else:
            text = with_whole_pairs(change.text) if lines.rope.encoding == UTF16 else change.text
            edits.append(Edit(lines.whole, text))
        lines = lines.edited(edits[-1])
    return tuple(edits), lines


def edits_to_lsp(edits: Sequence[Edit], lines: Lines) -> list[types.TextEdit]:
    """Edits of the text in ``lines``, as LSP edits."""
    return [types.TextEdit(lines.range(edit.span), edit.new_text) for edit in edits]


def _is_half(character: str) -> bool:
    """Is it half of a surrogate pair?"""
    return "\ud800" <= character <= "\udfff"


def _halves(character: str) -> tuple[str, str]:
    data = character.encode("utf-16-le")
    first, second = data[:2], data[2:]
    return first.decode("utf-16-le", "surrogatepass"), second.decode("utf-16-le", "surrogatepass")
