"""Who is evaluated next, and what is evaluated again: on the fake backend, whose books are real."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import pytest

from herdmate.engine.fake import FakeBackend, Script
from herdmate.engine.scheduler import Event, Scheduler
from herdmate.errors import ContextFullError
from herdmate.generation import Finished, Piece, Priority, Prompt, Request, Text


def _request(
    text: str, lane: str = "a", priority: Priority = Priority.ASKED, **fields: object
) -> Request:
    request = Request(Prompt((Text(text),)), lane, max_tokens=100, priority=priority)
    return replace(request, **fields)  # type: ignore[arg-type]


class _Run:
    """A scheduler whose jobs write down what they say."""

    def __init__(self, script: Script) -> None:
        self.backend = FakeBackend(script)
        self.scheduler = Scheduler(self.backend)
        self.said: dict[int, list[Event]] = {}
        self.order: list[int] = []

    def submit(self, number: int, request: Request) -> None:
        self.said[number] = []

        def emit(event: Event) -> None:
            self.said[number].append(event)
            self.order.append(number)

        self.scheduler.submit(number, request, emit)

    def until_idle(self) -> None:
        while self.scheduler.wait(0):
            self.scheduler.step()

    def text(self, number: int) -> str:
        return "".join(event.text for event in self.said[number] if isinstance(event, Piece))

    def finished(self, number: int) -> Finished:
        last = self.said[number][-1]
        assert isinstance(last, Finished), last
        return last


def test_a_request_is_answered_and_counted() -> None:
    run = _Run(Script({"": "hello"}))
    run.submit(1, _request("x" * 300))
    run.until_idle()
    assert run.text(1) == "hello"
    assert run.finished(1).reason == "end"
    usage = run.finished(1).usage
    assert (usage.prompt_tokens, usage.evaluated_tokens, usage.reused_tokens) == (300, 300, 0)


def test_a_typed_character_costs_one_token() -> None:
    run = _Run(Script({"": "hello"}))
    run.submit(1, _request("def f():", max_tokens=1))
    run.until_idle()
    run.submit(2, _request("def f():\n", max_tokens=1))
    run.until_idle()
    assert run.finished(2).usage.evaluated_tokens == 1
    assert run.finished(2).usage.reused_tokens == len("def f():")


def test_an_accepted_answer_is_not_evaluated_again() -> None:
    run = _Run(Script({"": "hello"}))
    run.submit(1, _request("say "))
    run.until_idle()
    run.submit(2, _request("say hello!"))
    run.until_idle()
    assert run.finished(2).usage.evaluated_tokens == 1  # the exclamation mark


def test_typing_goes_before_an_explanation_which_then_goes_on() -> None:
    run = _Run(Script({"explain": "a long explanation", "type": "ghost"}))
    run.submit(1, _request("explain", lane="ask"))
    for _ in range(4):
        run.scheduler.step()
    run.submit(2, _request("type", lane="doc", priority=Priority.TYPING))
    run.until_idle()
    assert (run.text(1), run.text(2)) == ("a long explanation", "ghost")
    ghost = [at for at, number in enumerate(run.order) if number == 2]
    assert ghost == list(range(ghost[0], ghost[0] + len(ghost)))  # nobody came between
    assert run.finished(1).usage.evaluated_tokens == len("explain")  # nothing evaluated twice


def test_two_explanations_share_each_batch() -> None:
    run = _Run(Script({"": "same"}))
    run.submit(1, _request("one", lane="one"))
    run.submit(2, _request("two", lane="two"))
    run.until_idle()
    assert (run.text(1), run.text(2)) == ("same", "same")
    assert abs(run.order.index(1) - run.order.index(2)) < len("same")


def test_a_more_urgent_request_takes_over_the_lane_of_its_document() -> None:
    run = _Run(Script({"": "answer"}))
    run.submit(1, _request("prefix", priority=Priority.BACKGROUND))
    run.scheduler.step()
    run.submit(2, _request("prefix and more", priority=Priority.TYPING))
    run.until_idle()
    assert (run.text(1), run.text(2)) == ("answer", "answer")


def test_cancel_evaluates_nothing_more() -> None:
    run = _Run(Script({"": "x" * 90}))
    run.submit(1, _request("p" * 400))
    run.scheduler.step()
    before = run.scheduler.totals.evaluated_tokens
    run.scheduler.cancel(1)
    run.until_idle()
    assert run.scheduler.totals.evaluated_tokens == before == run.backend.chunk
    assert run.finished(1).reason == "cancelled"


def test_cancel_stops_the_evaluation_that_runs() -> None:
    run = _Run(Script({"": "x"}, seconds=1.0))
    run.submit(1, _request("p" * 100))
    stepping = threading.Thread(target=run.until_idle)
    stepping.start()
    while not run.scheduler._running:
        pass
    run.scheduler.cancel(1)
    stepping.join(timeout=10)  # the evaluation itself would take 100 seconds
    assert not stepping.is_alive()
    assert run.finished(1).reason == "cancelled"
    assert run.backend.evaluated == []


def test_a_prompt_longer_than_the_context_is_refused_with_the_numbers() -> None:
    run = _Run(Script({"": "x"}, context=200))
    run.submit(1, _request("p" * 150))
    run.until_idle()
    error = run.said[1][-1]
    assert isinstance(error, ContextFullError)
    assert "150" in str(error)
    assert "100" in str(error)


def test_old_lanes_make_room_for_new_ones() -> None:
    run = _Run(Script({"": "x"}, context=300))
    for number in range(12):
        run.submit(number, _request("p" * 90, lane=str(number)))
        run.until_idle()
        assert run.text(number) == "x"
        assert sum(map(len, run.scheduler.lanes.values())) <= 300
    assert list(run.scheduler.lanes)[-1] == "11"


def test_stop_strings_end_a_request() -> None:
    run = _Run(Script({"": "one line\nand another"}))
    run.submit(1, _request("x", stop=("\n",)))
    run.until_idle()
    assert run.text(1) == "one line"
    assert run.finished(1).reason == "stop"


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_every_request_is_answered_and_right(seed: int) -> None:
    """Random requests, priorities, lanes and cancels, with a context that is always too small."""
    dice = random.Random(seed)
    run = _Run(Script({"": "the same reply to all"}, context=400))
    cancelled = set()
    for number in range(60):
        run.submit(
            number,
            _request(
                "p" * dice.randint(1, 120) + str(number % 7),
                lane=str(dice.randint(0, 10)),
                priority=dice.choice(list(Priority)),
            ),
        )
        for _ in range(dice.randint(0, 6)):
            run.scheduler.step()
        if dice.random() < 0.3:
            victim = dice.randint(0, number)
            run.scheduler.cancel(victim)
            cancelled.add(victim)
    run.until_idle()
    for number in range(60):
        reason = run.finished(number).reason
        if reason == "end":
            assert run.text(number) == "the same reply to all"
        else:
            assert reason == "cancelled"
            assert number in cancelled
