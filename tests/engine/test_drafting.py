"""Prompt lookup: what it expects, and whether expecting pays."""

from __future__ import annotations

from herdmate.engine.drafting import Lookup, draft_length

CHEAP = {1: 1.0, 2: 1.1, 4: 1.3, 8: 2.0}
DEAR = {1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0}


def test_what_followed_the_last_three_tokens_the_last_time() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 9, 9, 1, 2, 3])
    assert lookup.draft(3) == [4, 5, 9]
    lookup.follow(4)
    assert lookup.draft(2) == [5, 9]


def test_the_latest_place_counts() -> None:
    assert Lookup([1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3]).draft(1) == [5]


def test_nothing_where_nothing_is_known() -> None:
    assert Lookup([]).draft(4) == []
    assert Lookup([1, 2, 3]).draft(4) == []
    assert Lookup([1, 2, 3, 4, 5, 6]).draft(4) == []


def test_being_right_makes_bold_and_being_wrong_makes_shy() -> None:
    text = list(range(100, 140))
    right, wrong = Lookup(text + text[:3]), Lookup(text + text[:3])
    for token in text[3:]:
        right.follow(token)
        wrong.follow(token if token % 2 else 1)
    assert right.accuracy > 0.95
    assert wrong.accuracy < 0.6
    assert draft_length(right.accuracy, CHEAP) == 7
    assert draft_length(wrong.accuracy, CHEAP) < 4


def test_where_a_batch_costs_as_much_as_its_tokens_nothing_is_drafted() -> None:
    assert draft_length(1.0, DEAR) == 0
    assert draft_length(1.0, {}) == 0
    assert draft_length(0.0, CHEAP) == 0
