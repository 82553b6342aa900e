"""The level that a user's own choices teach."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from herdmate.completion.complete import Completion
from herdmate.settings import CompletionSettings
from herdmate.text import Document, Span
from herdmate.usage.learnt_confidence import as_learnt, band, learnt_level
from herdmate.usage.statistics import Counts, Key, from_json, to_json
from herdmate.usage.tally import Tally
from tests.fake_model import cursor

TODAY = date(2026, 3, 31)


def _counts(given: dict[str, tuple[int, int]], day: str = "2026-03-20") -> Counts:
    counts: Counts = Counter()
    for name, (shown, accepted) in given.items():
        counts[Key(day, "python", f"{name} shown")] = shown // 2
        counts[Key(day, "rust", f"{name} shown")] = shown - shown // 2
        counts[Key(day, "python", f"{name} accepted")] = accepted
    return counts


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({}, 0.0),
        ({"sure 3": (39, 0)}, 0.0),  # too few to tell
        ({"sure 3": (40, 2)}, 0.0),
        ({"sure 3": (40, 1)}, 0.06),
        ({"sure 3": (400, 19), "sure 6": (400, 19), "sure 12": (400, 19)}, 0.25),
        ({"sure 3": (400, 19), "sure 6": (400, 21), "sure 12": (400, 19)}, 0.06),
        ({"sure 0": (400, 0), "sure 3": (10, 0)}, 0.03),
        ({"sure 25": (4000, 0)}, 0.0),  # what the model is sure of is always shown
    ],
)
def test_a_band_that_is_hardly_ever_accepted_is_left_out(
    given: dict[str, tuple[int, int]], level: float
) -> None:
    assert learnt_level(_counts(given), TODAY) == level
    assert learnt_level(from_json(to_json(_counts(given))), TODAY) == level


def test_after_a_month_it_is_tried_again() -> None:
    assert learnt_level(_counts({"sure 3": (400, 0)}, "2026-02-20"), TODAY) == 0.0


@pytest.mark.parametrize(
    ("confidence", "name"),
    [(None, ""), (0.0, "sure 0"), (0.029, "sure 0"), (0.03, "sure 3"), (0.1, "sure 6"),
     (0.2, "sure 12"), (0.25, "sure 25"), (1.0, "sure 25")],
)  # fmt: skip
def test_bands(confidence: float | None, name: str) -> None:
    assert band(confidence) == name


@pytest.mark.parametrize(
    ("wished", "level", "used"),
    [(0.03, 0.0, 0.03), (0.03, 0.12, 0.12), (0.5, 0.12, 0.5), (0.0, 0.25, 0.0)],
)
def test_the_setting_is_the_least(wished: float, level: float, used: float) -> None:
    assert as_learnt(CompletionSettings(confidence=wished), level).confidence == used


def test_what_is_shown_and_accepted_is_counted_in_its_band() -> None:
    tally = Tally(lambda: "2026-03-20")
    for text in ("one", "two"):
        before = f"{text} = "
        items = [Completion(text, Span(len(before), len(before)), confidence=0.04)]
        tally.offer(cursor(before, "\n", text), items)
        tally.offer(cursor(before, "\n", text), items)  # asked again, shown once
    tally.changed(Document("two", "python", "two = two\n"))
    found = {key.name: many for key, many in tally.counted.items() if key.name.startswith("sure")}
    assert found == {"sure 3 shown": 2, "sure 3 accepted": 1}
    unknown = Tally(lambda: "2026-03-20")
    unknown.offer(cursor("a = ", "\n"), [Completion("one", Span(4, 4))])
    assert not any(key.name.startswith("sure") for key in unknown.counted)


@pytest.mark.parametrize(
    ("typed", "later", "confidence"),
    [
        ("", "f(x)\ng(x)", None),  # it has grown
        ("f", "(x)", 0.2),  # its doubtful start has been typed
        ("f", "(x)", None),
    ],
)
def test_what_is_left_or_has_grown_counts_in_the_band_in_which_it_was_shown(
    typed: str, later: str, confidence: float | None
) -> None:
    tally = Tally(lambda: "2026-01-31")
    before = "def f(x):\n    "
    at = len(before)
    tally.offer(cursor(before, "\n"), [Completion("f(x)", Span(at, at), confidence=0.04)])
    at += len(typed)
    left = Completion(later, Span(at, at), is_cached=True, confidence=confidence)
    (number,) = tally.offer(cursor(before + typed, "\n"), [left])
    assert tally.accept(number) is not None
    counts = {key.name: many for key, many in tally.counted.items() if key.name.startswith("sure")}
    assert counts == {"sure 3 shown": 1, "sure 3 accepted": 1}
