"""When the model is asked, and how large its window is."""

from __future__ import annotations

import pytest

from herdmate.engine.latency import Latency, delay, share_of_window


def _pace(gap: float, answer: float) -> Latency:
    latency = Latency()
    for _ in range(8):
        latency.note_key(gap)
    latency.note_answer(answer)
    return latency


@pytest.mark.parametrize(
    ("gap", "answer", "expected"),
    [
        (0.2, 0.1, 0.075),  # the answer is there before the next key
        (0.2, 2.0, 0.22),  # asked in a pause
        (0.2, 0.6, 0.15),  # but not for more than a quarter of the answer's time
        (0.05, 2.0, 0.075),  # never less than the setting
    ],
)
def test_the_delay_follows_rhythm_and_answers(gap: float, answer: float, expected: float) -> None:
    assert delay(_pace(gap, answer), 0.075, in_word=True) == pytest.approx(expected)


def test_the_model_is_asked_soon_where_a_word_has_ended() -> None:
    assert delay(_pace(0.2, 2.0), 0.02, in_word=False) == 0.02


def test_pauses_are_no_rhythm_and_nothing_known_is_the_setting() -> None:
    latency = Latency()
    for gap in (5.0, 0.0, 60.0, 1.5, 2.0):
        latency.note_key(gap)
    latency.note_answer(2.0)
    assert delay(latency, 0.075, in_word=True) == 0.075


@pytest.mark.parametrize(
    ("speed", "share"), [(0, 1.0), (100, 1.0), (64, 1.0), (50, 0.75), (40, 0.5), (6, 0.25)]
)
def test_a_slow_machine_has_a_smaller_window(speed: int, share: float) -> None:
    latency = Latency()
    latency.note_reading(speed * 100, 100.0)
    latency.note_reading(10, 0.001)  # too few to tell
    assert share_of_window(latency, 640) == share


def test_one_slow_prompt_makes_no_slow_machine() -> None:
    latency = Latency()
    latency.note_reading(400, 40.0)
    assert share_of_window(latency, 640) == 1.0
    latency.note_reading(400, 40.0)
    assert share_of_window(latency, 640) == 0.25
    latency.note_reading(100, 1.0)
    assert share_of_window(latency, 640) == 1.0
