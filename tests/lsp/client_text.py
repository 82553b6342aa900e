"""A text as a strict client keeps it: as units of its encoding, in which it applies edits itself.

It shares no code with the server: what the two have in common is the specification.
"""

from __future__ import annotations

from dataclasses import dataclass

_SIZES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
_CODECS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


@dataclass
class ClientText:
    """Units, one after the other, as bytes."""

    data: bytes
    encoding: str

    def edit(self, start: tuple[int, int], end: tuple[int, int], new: str) -> None:
        """Put a text between two positions, whichever comes first."""
        low, high = sorted((self._place(*start), self._place(*end)))
        size = _SIZES[self.encoding]
        self.data = (
            self.data[: low * size] + units_of(new, self.encoding) + self.data[high * size :]
        )

    @property
    def lines(self) -> list[tuple[int, int]]:
        """Where each line starts, and where it ends before its line end, in units."""
        size, found, start, at = _SIZES[self.encoding], [], 0, 0
        units = [self.data[place : place + size] for place in range(0, len(self.data), size)]
        carriage, feed = b"\r".ljust(size, b"\0"), b"\n".ljust(size, b"\0")
        while at < len(units):
            if units[at] in (carriage, feed):
                found.append((start, at))
                at += units[at : at + 2] == [carriage, feed]
                start = at + 1
            at += 1
        return [*found, (start, len(units))]

    def _place(self, line: int, column: int) -> int:
        lines = self.lines
        if line >= len(lines):
            return lines[-1][1]
        start, end = lines[line]
        place = min(start + column, end)
        if self.encoding == "utf-8":  # a byte in the middle of a character counts as its first
            while place < len(self.data) and self.data[place] & 0xC0 == 0x80:
                place -= 1
        return place


def units_of(text: str, encoding: str) -> bytes:
    """The units of a text; a lone half of a pair is a unit too."""
    return text.encode(_CODECS[encoding], "surrogatepass")
