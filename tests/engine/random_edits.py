"""What a person does to a text, by chance."""

from __future__ import annotations

import random


def edited(kind: str, text: str, cursor: int, source: str, dice: random.Random) -> tuple[str, int]:
    """A text and a cursor after typing from a ``source``, deleting or jumping, as ``kind`` says.

    Any other kind leaves them as they are.
    """
    if kind == "type":
        typed = source[(at := dice.randint(0, 2000)) : at + dice.randint(1, 12)]
        return text[:cursor] + typed + text[cursor:], cursor + len(typed)
    if kind == "delete":
        back = dice.randint(1, 20)
        return text[: cursor - back] + text[cursor:], cursor - back
    if kind == "jump":
        return text, dice.randint(100, len(text) - 100)
    return text, cursor
