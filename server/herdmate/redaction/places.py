"""Where something is in a text, and the text in lower case with the same places."""

from __future__ import annotations

Place = tuple[int, int]
"""Start and end offsets in a text."""

_ASCII_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def lowered(text: str) -> str:
    """The text in lower case, with every place unchanged.

    Where lower case is longer, as that of a Turkish capital is, only ASCII letters are lowered.
    """
    lower = text.lower()
    return lower if len(lower) == len(text) else text.translate(_ASCII_LOWER)
