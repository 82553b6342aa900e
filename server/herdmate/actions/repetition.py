"""Replies that go round in circles, as small models write them until they are stopped."""

from __future__ import annotations

import re

_SHORTEST, _LONGEST = 20, 400
"""Characters that a circle may have."""

_ROUNDS = 4

_WORD = re.compile(r"[^\W\d_]{3}")

_SENTENCE = re.compile(r"[.!?:;]\s|\n")


def goes_round(text: str, known: str = "") -> bool:
    """Does a text end in the same lines or sentences, four times in a row, and not as in ``known``?

    Cheap enough for each piece of a reply.
    """
    tail = text[-_SHORTEST:]
    for size in range(_SHORTEST, min(_LONGEST, len(text) // _ROUNDS) + 1):
        if text[-size - _SHORTEST : -size] != tail:
            continue
        rounds = text[-size * _ROUNDS :]
        is_said = _WORD.search(rounds) and _SENTENCE.search(rounds)
        if is_said and rounds == text[-size:] * _ROUNDS and rounds not in known:
            return True
    return False
