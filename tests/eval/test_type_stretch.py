"""A simulated person: what is taken over, what counts as shown, wrong and late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from herdmate.eval.type_stretch import Clock, right_part, type_stretch
from herdmate.eval.writers import first_line


@pytest.mark.parametrize(
    ("shown", "coming", "count"),
    [
        ("return x", "return x", 8),
        ("return x", "return x\nelse", 8),
        ("return x", "return xs", 6),  # the first word alone
        ("retur", "return", 0),  # half a word
        ("return", "returned", 0),
        ("foo(a, b)", "foo(a, c)", 3),
        ("(self)", "(other)", 0),
        ("(self)", "(self):", 6),
        ("):\n    return 1", "):\n    return 2\n", 2),  # one line of two
        ("a = 1\nb = 2\nc = 3", "a = 1\nb = 2\nd = 4", 11),
        ("a = 1\nb = 2\n", "a = 1\nb = 2", 11),
        ("a = 1\nb = 2", "a = 12\nb = 2", 1),
        ("\n    pass\n", "\n    pass", 9),
        ("\n    pass", "\n    password", 0),
        ("\n\n", "\n\nx", 0),  # nothing one could see
        ("   ", "   x", 0),
        ("]", "]", 1),
        ("]", ")", 0),
        ("größe = 1", "größe = 2", 5),
        ("", "x", 0),
        ("x", "", 0),
    ],
)
def test_what_a_person_takes_over(shown: str, coming: str, count: int) -> None:
    assert right_part(shown, coming) == count


class _Scripted:
    """Suggests by the text before the cursor; answers after ``seconds``."""

    def __init__(self, by_text: dict[str, str], seconds: float = 0.0) -> None:
        self.by_text, self.seconds = by_text, seconds
        self.text, self.cancelled = "", 0
        self.growing: dict[str, str] = {}

    def press(self, text: str) -> None:
        self.text += text

    async def suggestion(self, _shown: str) -> str | None:
        if self.text and self.seconds:
            try:
                await asyncio.sleep(self.seconds)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return self.by_text.get(self.text)

    async def grown(self, shown: str) -> str:
        return self.growing.get(shown, shown)

    def leave(self) -> None:
        """Nothing is open."""


async def _typed(text: str, writer: _Scripted, gap: float = 0.1) -> Any:
    return await type_stretch(text, [gap] * len(text), writer, Clock())


async def test_without_suggestions_everything_is_typed() -> None:
    writer = _Scripted({})
    found = await _typed("if x:\n    return y", writer)
    assert writer.text == "if x:\n    return y"
    assert (found.characters, found.requests) == (14, 14)  # the line end writes the indent too
    assert (found.taken, found.presses, found.shown, found.wrong, found.late) == (0, 0, 0, 0, 0)
    assert found.seconds == []


async def test_a_right_suggestion_is_taken_over_with_one_key() -> None:
    writer = _Scripted({"if": " x:\n    return y"})
    found = await _typed("if x:\n    return y", writer)
    assert writer.text == "if x:\n    return y"
    assert (found.characters, found.taken, found.presses) == (14, 12, 1)
    assert (found.shown, found.wrong, found.requests) == (1, 0, 3)
    assert len(found.seconds) == 1


async def test_words_of_a_partly_right_suggestion_are_taken_over_one_by_one() -> None:
    writer = _Scripted({"x": " = call(one, two)", "x = call": "(one, two)"})
    found = await _typed("x = call(one, 2)", writer)
    assert writer.text == "x = call(one, 2)"
    assert (found.taken, found.presses) == (len(" = call(one"), 2)
    assert (found.shown, found.wrong) == (1, 0)


async def test_what_is_left_of_a_suggestion_is_no_new_one() -> None:
    writer = _Scripted({"a": "xyz", "ab": "xyz", "abc": "xyz"})
    found = await _typed("abcd", writer)
    assert (found.shown, found.wrong, found.taken) == (3, 3, 0)
    writer = _Scripted({"a": "b(one)", "ab": "(one)", "ab(": "one)"})
    found = await _typed("ab(two)", writer)
    assert (found.shown, found.wrong) == (1, 0)
    assert (found.taken, found.presses) == (1, 1)


async def test_a_suggestion_that_grows_is_one() -> None:
    writer = _Scripted({"a": "(", "a(": "b)\nreturn", "a(c": "d"})
    found = await _typed("a(c)", writer)
    assert found.shown == 3  # "(" is taken over, and what comes next was not shown before
    writer = _Scripted({"a": "b = x", "ab": " = x\nmore"})
    found = await _typed("ab = y", writer)
    assert found.shown == 1


async def test_what_has_grown_before_the_next_key_is_taken_over_too() -> None:
    writer = _Scripted({"a": "b"})
    writer.growing = {"b": "b\nc"}
    found = await _typed("ab\nc", writer)
    assert (found.shown, found.wrong, found.taken, found.presses) == (1, 0, 3, 1)


async def test_an_answer_after_the_next_key_is_cancelled_and_never_shown() -> None:
    writer = _Scripted({"a": "bc", "ab": "c"}, seconds=0.2)
    found = await _typed("abc", writer, gap=0.01)
    await asyncio.sleep(0)
    assert (found.late, found.requests, writer.cancelled) == (3, 3, 3)
    assert (found.shown, found.taken, found.seconds) == (0, 0, [])


async def test_time_in_which_nothing_happens_is_skipped_but_counts() -> None:
    """A quarter of an hour; the test would run into its time limit otherwise."""
    clock, now = Clock(), asyncio.get_running_loop().time
    began, many = now(), 5000
    await type_stretch("x" * many, [0.2] * many, _Scripted({}), clock)
    assert now() - began >= 0.2 * many


async def test_timers_see_the_skipped_time() -> None:
    clock, rung = Clock(), asyncio.Event()
    asyncio.get_running_loop().call_later(1000.0, rung.set)
    await clock.let_pass(1001.0, slept=0.0)
    await asyncio.wait_for(rung.wait(), 10)


@pytest.mark.parametrize(
    ("busy", "least", "expected"), [(100, 0.0, 5.0), (2, 0.0, 0.1), (0, 2.0, 2.0), (0, 9.0, 5.0)]
)
async def test_time_is_not_skipped_while_a_server_is_at_work(
    busy: int, least: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = 0.0
    sleep: Callable[[float], Any] = asyncio.sleep
    answers = iter([True] * busy + [False] * 100)

    async def counted(seconds: float) -> None:
        nonlocal slept
        slept += seconds
        await sleep(0)

    clock, now = Clock(lambda: next(answers)), asyncio.get_running_loop().time
    monkeypatch.setattr(asyncio, "sleep", counted)
    began = now()
    await clock.let_pass(5.0, slept=least)
    assert slept == pytest.approx(expected)
    assert now() - began >= 5.0 - slept


async def test_in_slow_motion_late_answers_are_in_time() -> None:
    writer = _Scripted({"a": "bc"}, seconds=0.05)
    found = await type_stretch("abc", [0.01] * 3, writer, Clock(), slower=1000.0)
    assert (found.late, found.shown, found.taken) == (0, 1, 2)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("one\ntwo", "one"),
        ("\n    one\ntwo", "\n    one"),
        ("\n\n", ""),
        ("   \none", ""),
        ("", ""),
    ],
)
def test_the_bare_models_first_line(said: str, shown: str) -> None:
    assert first_line(said) == shown
