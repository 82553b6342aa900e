"""Token counts where no tokenizer can be asked: rather too many than too few."""

from __future__ import annotations

import re

_PART = re.compile(r"[A-Za-z]+|[0-9]|[^\S\n]+|\n|[^\sA-Za-z0-9]")

_LETTERS = 4
"""Letters to a token. Names in code are made of short pieces."""


def estimated(text: str) -> int:
    """About how many tokens a text has: see the test for how far it is from real vocabularies."""
    return sum(_cost(part) for part in _PART.findall(text))


def _cost(part: str) -> int:
    if part.isspace():
        return 0 if part == " " else 1  # one space goes with the word behind it
    if part[0].isascii():
        return -(-len(part) // _LETTERS)
    return len(part.encode("utf-8", "replace"))
