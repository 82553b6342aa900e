"""What a model has written of an answer that the token limit cut off, to go on from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from herdmate.generation import Piece


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The raw text of an answer without its end, and the pieces in which it came."""

    raw: str = ""
    pieces: tuple[Piece, ...] = ()

    def after(self, typed: str) -> Unfinished:
        """What is left of it after the user typed its beginning; empty if it begins otherwise."""
        if not self.raw.startswith(typed):
            return Unfinished()
        pieces, gone = list(self.pieces), len(typed)
        while pieces and gone >= len(pieces[0].text):
            gone -= len(pieces.pop(0).text)
        if pieces and gone:
            pieces[0] = replace(pieces[0], text=pieces[0].text[gone:])
        return Unfinished(self.raw[len(typed) :], tuple(pieces))
