"""Circles are found soon, and what code and prose repeat for a reason is none."""

from __future__ import annotations

import random

import pytest

from herdmate.actions.repetition import goes_round

LINE = "// The function is not affected by the type of the list items.\n"
PAIR = "// It is safe to use in a concurrent setting.\n// It is fast in a large list.\n"

CIRCLES = {
    "a line": "// It sums the items.\n" + LINE * 4,
    "two lines": PAIR * 4,
    "a sentence within one line": "It sums. " + "The list may be empty or it may not. " * 4,
    "a call": "    total = total + price(item)\n" * 4,
    "in another script": "הפונקציה מחזירה את הסכום. " * 4,
    "in the middle of a round": LINE * 4 + LINE[:30],
}

STRAIGHT = {
    "three times": "// It sums the items.\n" + LINE * 3,
    "signs": "-" * 400,
    "letters": "x" * 400,
    "a long name": "an_identifier_" * 20,
    "numbers": "    0, 0, 0, 0, 0, 0, 0, 0,\n" * 8,
    "tests of one form": "".join(
        f"def test_{n}():\n    with pytest.raises(ValueError):\n        check({n})\n\n\n"
        for n in range(8)
    ),
    "nothing": "",
    "words that differ at their end": "".join(
        f"// This is the item {n} of all.\n" for n in range(8)
    ),
}


@pytest.mark.parametrize("text", CIRCLES.values(), ids=CIRCLES)
def test_circles(text: str) -> None:
    assert goes_round(text)
    assert not goes_round(text, known=text)


@pytest.mark.parametrize("text", STRAIGHT.values(), ids=STRAIGHT)
def test_what_is_none(text: str) -> None:
    assert not any(goes_round(text[:end]) for end in range(len(text) + 1))


def test_any_text_ends_soon() -> None:
    chance = random.Random(1)
    for signs in ("a", "ab", "ab \n"):
        text = "".join(chance.choice(signs) for _ in range(20_000))
        for end in range(0, len(text), 997):
            goes_round(text[:end])
