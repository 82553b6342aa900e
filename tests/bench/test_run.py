"""Figures of keystrokes that were made up here, so that each is known."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest

from herdmate.bench.conditions import Conditions
from herdmate.bench.keystroke import keystroke
from herdmate.bench.memory import kv_bytes
from herdmate.bench.paced import paced_of
from herdmate.bench.rhythm import Beat, rhythm_of
from herdmate.bench.rivals import Measured, Reply
from herdmate.bench.run import by_floor, compared
from herdmate.bench.scene import scene_of
from herdmate.bench.speed import Floor
from herdmate.bench.typist import Stroke
from herdmate.bench.while_explaining import beside_of

ASKED = Stroke(0.4, True, 1, 1000, 990, 14, 5)
ASKED_IN_VAIN = Stroke(0.2, False, 1, 1000, 998, 3, 1)
CACHED = Stroke(0.01, True, 0, 0, 0, 0, 0)
SILENT = Stroke(0.01, False, 0, 0, 0, 0, 0)
STROKES = (ASKED, ASKED_IN_VAIN, CACHED, SILENT)


def test_keystrokes_are_told_apart() -> None:
    figures = paced_of(STROKES)
    assert figures.seconds is not None
    assert figures.seconds.count == 4
    assert figures.seconds_asked is not None
    assert figures.seconds_asked.median == pytest.approx(0.3)
    assert figures.evaluated_prompt is not None
    assert figures.evaluated_prompt.median == 6
    assert figures.evaluated_prompt_of_all is not None
    assert figures.evaluated_prompt_of_all.median == 1
    assert (figures.from_cache, figures.silent) == (0.25, 0.25)
    assert figures.reuse == pytest.approx(1988 / 2000)


def test_nothing_asked_has_no_figures() -> None:
    figures = paced_of((SILENT,))
    assert figures.seconds_asked is None
    assert figures.reuse is None


def test_a_rival_is_compared_where_herdmate_was_not_silent() -> None:
    replies = tuple(Reply(0.1, seconds, 1000, 20, 5) for seconds in (0.8, 1.0, 1.2))
    rival = Measured("other", 9.0, None, None, None, replies)
    found = compared(paced_of(STROKES), rival)
    assert found.keystrokes == 3
    assert found.ratio == pytest.approx(0.2 / 1.0)
    assert found.ratio_asked == pytest.approx(0.3 / 0.9)


def test_the_floor_is_one_evaluation_and_the_further_tokens() -> None:
    least = Floor(1000, {1: 0.02, 10: 0.1, 20: 0.2}, 1)
    typed = paced_of((ASKED,))
    assert by_floor(typed, least, one_batch=False) == pytest.approx(0.4 / (0.1 + 4 * 0.02))
    assert by_floor(typed, least, one_batch=True) == pytest.approx(0.4 / 0.14)


def test_rhythm_counts_what_came_in_time() -> None:
    beats = (
        Beat(0.1, None, False), Beat(0.1, 0.05, False), Beat(0.9, 0.3, True), Beat(0.9, None, False)
    )  # fmt: skip
    figures = rhythm_of(beats)
    assert (figures.answered, figures.shown) == (0.5, 0.25)
    assert (figures.pauses, figures.missed_pauses) == (2, 1)
    assert figures.seconds_after_pause is not None
    assert figures.seconds_after_pause.median == 0.3


def test_beside_compares_the_same_keystrokes() -> None:
    twice = Stroke(0.8, True, 1, 1000, 990, 14, 5)
    figures = beside_of(STROKES, (twice, CACHED), "the same text", "the same")
    assert figures.keystrokes == 1
    assert figures.ratio == pytest.approx(2)
    assert figures.same_text
    assert figures.characters == 8
    assert not beside_of((), (), "one", "two").same_text
    assert beside_of((), (), "one", "only").same_characters == 2
    assert not beside_of((), (), "", "two").same_text


def test_kv_is_two_bytes_for_each_number_of_keys_and_values(tmp_path: Path) -> None:
    path = tmp_path / "shape.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(32)
    writer.add_embedding_length(4096)
    writer.add_head_count(32)
    writer.add_head_count_kv(8)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    assert kv_bytes(path, 4096) == 32 * 8 * 128 * 2 * 2 * 4096


async def test_the_own_work_of_a_keystroke_is_told_for_a_short_and_a_long_file() -> None:
    """Its parts make up the whole: none is forgotten, and none counted twice."""
    given = Conditions(Path("no-model"), scene_of(None, 20), (), 2)
    found = await keystroke(given)
    assert sorted(found.milliseconds) == [500, 20_000]
    for parts in found.milliseconds.values():
        assert set(parts) == {"all", "edit", "tree", "window", "rules", "pause"}
        assert parts["all"] > 0
    assert found.ratio > 0
