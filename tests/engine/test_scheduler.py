"""Who is evaluated next, and what again: on the fake backend, whose bookkeeping is real."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from herdmate.engine.backend import Slot
from herdmate.engine.fake import FakeBackend, digest
from herdmate.engine.job import Event
from herdmate.engine.scheduler import Scheduler
from herdmate.engine.start import FakeStart
from herdmate.errors import ContextFullError
from herdmate.generation import Finished, Piece, Priority, Prompt, Request, Special, Text


def _request(
    text: str, lane: str = "a", priority: Priority = Priority.ASKED, **fields: object
) -> Request:
    request = Request(Prompt((Text(text),)), lane, max_tokens=100, priority=priority)
    return replace(request, **fields)  # type: ignore[arg-type]


class _Run:
    """A scheduler whose jobs write down what they say."""

    def __init__(self, script: FakeStart) -> None:
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
        return "".join(
            event.text
            for event in self.said[number]
            if isinstance(event, Piece) and not event.index
        )

    def finished(self, number: int) -> Finished:
        last = self.said[number][-1]
        assert isinstance(last, Finished), last
        return last


def test_a_request_is_answered_and_counted() -> None:
    run = _Run(FakeStart({"": "hello"}))
    run.submit(1, _request("x" * 300))
    run.until_idle()
    assert run.text(1) == "hello"
    assert run.finished(1).reason == "end"
    usage = run.finished(1).usage
    assert (usage.prompt_tokens, usage.evaluated_tokens, usage.reused_tokens) == (300, 300, 0)


def test_a_typed_character_costs_one_token() -> None:
    run = _Run(FakeStart({"": "hello"}))
    run.submit(1, _request("def f():", max_tokens=1))
    run.until_idle()
    run.submit(2, _request("def f():\n", max_tokens=1))
    run.until_idle()
    assert run.finished(2).usage.evaluated_tokens == 1
    assert run.finished(2).usage.reused_tokens == len("def f():")


def test_an_accepted_answer_is_not_evaluated_again() -> None:
    run = _Run(FakeStart({"": "hello"}))
    run.submit(1, _request("say "))
    run.until_idle()
    run.submit(2, _request("say hello!"))
    run.until_idle()
    assert run.finished(2).usage.evaluated_tokens == 1  # the exclamation mark


def test_typing_goes_before_an_explanation_which_then_goes_on() -> None:
    run = _Run(FakeStart({"explain": "a long explanation", "type": "ghost"}))
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
    run = _Run(FakeStart({"": "same"}))
    run.submit(1, _request("one", lane="one"))
    run.submit(2, _request("two", lane="two"))
    run.until_idle()
    assert (run.text(1), run.text(2)) == ("same", "same")
    assert abs(run.order.index(1) - run.order.index(2)) < len("same")


def test_a_more_urgent_request_takes_over_the_lane_of_its_document() -> None:
    run = _Run(FakeStart({"": "answer"}))
    run.submit(1, _request("prefix", priority=Priority.BACKGROUND))
    run.scheduler.step()
    run.submit(2, _request("prefix and more", priority=Priority.TYPING))
    run.until_idle()
    assert (run.text(1), run.text(2)) == ("answer", "answer")


def test_the_probability_of_each_piece_is_told_where_it_is_asked_for() -> None:
    run = _Run(FakeStart({"": "sure? né"}, doubtful="?"))
    run.submit(1, _request("x", logprobs=True))
    run.submit(2, _request("x", lane="b"))
    run.submit(3, _request("x", lane="c", alternatives=2, logprobs=True))
    run.until_idle()
    pieces = [event for event in run.said[1] if isinstance(event, Piece)]
    assert [piece.text for piece in pieces] == ["s", "u", "r", "e", "?", " ", "n", "é"]
    assert [piece.logprob for piece in pieces] == [*[-0.001] * 4, -4.0, *[-0.001] * 2, -0.002]
    assert all(event.logprob is None for event in run.said[2] if isinstance(event, Piece))
    others = [event for event in run.said[3] if isinstance(event, Piece) and event.index]
    assert others[0].text == "t"
    assert others[0].logprob == -0.001


def test_cancel_evaluates_nothing_more() -> None:
    run = _Run(FakeStart({"": "x" * 90}))
    run.submit(1, _request("p" * 400))
    run.scheduler.step()
    before = run.scheduler.totals.evaluated_tokens
    run.scheduler.cancel(1)
    run.until_idle()
    assert run.scheduler.totals.evaluated_tokens == before == 16
    assert run.finished(1).reason == "cancelled"


def test_cancel_stops_the_evaluation_that_runs() -> None:
    run = _Run(FakeStart({"": "x"}, seconds=1.0))
    run.submit(1, _request("p" * 100))
    stepping = threading.Thread(target=run.until_idle)
    stepping.start()
    ends = time.monotonic() + 60
    while not run.scheduler._running:
        assert time.monotonic() < ends
        time.sleep(0.001)
    run.scheduler.cancel(1)
    stepping.join(timeout=60)  # the evaluation itself would take 100 seconds
    assert not stepping.is_alive()
    assert run.finished(1).reason == "cancelled"
    assert run.backend.evaluated == []


def test_a_prompt_longer_than_the_context_is_refused_with_the_numbers() -> None:
    run = _Run(FakeStart({"": "x"}, context=200))
    run.submit(1, _request("p" * 150))
    run.until_idle()
    error = run.said[1][-1]
    assert isinstance(error, ContextFullError)
    assert "150" in str(error)
    assert "100" in str(error)


def test_old_lanes_make_room_for_new_ones() -> None:
    run = _Run(FakeStart({"": "x"}, context=300))
    for number in range(12):
        run.submit(number, _request("p" * 90, lane=str(number)))
        run.until_idle()
        assert run.text(number) == "x"
        assert sum(map(len, run.scheduler.lanes.values())) <= 300
    assert list(run.scheduler.lanes)[-1] == "11"


def test_stop_strings_end_a_request() -> None:
    run = _Run(FakeStart({"": "one line\nand another"}))
    run.submit(1, _request("x", stop=("\n",)))
    run.until_idle()
    assert run.text(1) == "one line"
    assert run.finished(1).reason == "stop"


def _infill(prefix: str, suffix: str, **fields: object) -> Request:
    """Prefix, suffix, middle, in control pieces of the fake's."""
    segments = (Special("<P>"), Text(prefix), Special("<S>"), Text(suffix), Special("<M>"))
    request = Request(Prompt(segments, cursor=1), "doc", 20, priority=Priority.TYPING)
    return replace(request, **fields)  # type: ignore[arg-type]


_PIECES = ("<P>", "<S>", "<M>")
_SUFFIX = "what follows the cursor"


def _digest_of(prefix: str, suffix: str = _SUFFIX) -> str:
    return digest(f"<P>{prefix}<S>{suffix}<M>")


def test_the_suffix_is_moved_and_not_evaluated_again() -> None:
    run = _Run(FakeStart({"": "<digest>"}, control_pieces=_PIECES))
    run.submit(1, _infill("def f():", _SUFFIX))
    run.until_idle()
    run.submit(2, _infill("def f():\n  re", _SUFFIX))
    run.until_idle()
    assert run.finished(2).usage.evaluated_tokens == len("\n  re") + 2  # and <S> and <M>
    assert run.text(2) == _digest_of("def f():\n  re")


def test_an_exact_request_evaluates_what_was_moved() -> None:
    run = _Run(FakeStart({"": "<digest>"}, control_pieces=_PIECES))
    run.submit(1, _infill("def f():", _SUFFIX))
    run.submit(2, _infill("def f():\n", _SUFFIX))
    run.submit(3, _infill("def f():\n", _SUFFIX, exact=True))
    run.submit(4, _infill("def f():\n", _SUFFIX, exact=True))
    run.until_idle()
    assert run.finished(2).usage.evaluated_tokens == 3
    assert run.finished(3).usage.evaluated_tokens == len(_SUFFIX) + 1
    assert run.finished(4).usage.evaluated_tokens == 1  # now it is exact


def test_a_suffix_that_goes_on_is_moved_and_its_end_evaluated() -> None:
    run = _Run(FakeStart({"": "<digest>"}, control_pieces=_PIECES))
    run.submit(1, _infill("def f():", _SUFFIX))
    run.until_idle()
    run.submit(2, _infill("def f():\n", _SUFFIX + "!"))
    run.until_idle()
    assert run.finished(2).usage.evaluated_tokens == 1 + 1 + 1 + 1
    assert run.text(2) == _digest_of("def f():\n", _SUFFIX + "!")


def test_a_suffix_that_is_not_the_same_is_not_moved() -> None:
    run = _Run(FakeStart({"": "<digest>"}, control_pieces=_PIECES))
    run.submit(1, _infill("def f():", _SUFFIX))
    run.until_idle()
    run.submit(2, _infill("def f():\n", _SUFFIX[:6] + "!" + _SUFFIX[6:]))
    run.until_idle()
    assert run.finished(2).usage.evaluated_tokens == 1 + 1 + len(_SUFFIX) + 1 + 1
    assert run.text(2) == _digest_of("def f():\n", _SUFFIX[:6] + "!" + _SUFFIX[6:])


def test_a_suffix_is_not_moved_for_ever() -> None:
    """After some dozen tokens it has seen too little of what precedes it."""
    run = _Run(FakeStart({"": "<digest>"}, control_pieces=_PIECES))
    evaluated = []
    for length in range(120):
        run.submit(length, _infill("x" * length, _SUFFIX))
        run.until_idle()
        assert run.text(length) == _digest_of("x" * length)
        evaluated.append(run.finished(length).usage.evaluated_tokens)
    assert 3 <= sum(count > len(_SUFFIX) for count in evaluated) <= 5
    assert sorted(evaluated)[60] == 3


def test_a_suffix_survives_a_cancel_between() -> None:
    run = _Run(FakeStart({"": "<digest>"}, control_pieces=_PIECES))
    run.submit(1, _infill("def f():", _SUFFIX))
    run.until_idle()
    run.submit(2, _infill("def f():\n  re", _SUFFIX))
    run.scheduler.step()  # evaluates the prefix; the suffix waits
    run.scheduler.cancel(2)
    run.submit(3, _infill("def f():\n  ret", _SUFFIX))
    run.until_idle()
    assert run.finished(2).reason == "cancelled"
    assert run.finished(3).usage.evaluated_tokens == 3  # "t", <S> and <M>
    assert run.text(3) == _digest_of("def f():\n  ret")


def test_what_explanations_have_in_common_is_evaluated_once() -> None:
    run = _Run(FakeStart({"": "<digest>"}))
    preamble = "You explain code. " * 3
    run.submit(1, _request(preamble + "one", lane="one"))
    run.until_idle()
    run.submit(2, _request(preamble + "two", lane="two"))
    run.until_idle()
    assert run.finished(2).usage.reused_tokens == len(preamble)
    assert run.text(2) == digest(preamble + "two")


def test_alternatives_share_the_prompt_and_each_batch() -> None:
    run = _Run(FakeStart({"": "abc"}))
    run.submit(1, _request("p" * 50, alternatives=3))
    run.until_idle()
    texts = ["", "", ""]
    for event in run.said[1]:
        if isinstance(event, Piece):
            texts[event.index] += event.text
    assert texts == ["abc", "bbc", "cbc"]
    end = run.finished(1)
    assert (end.reason, end.others) == ("end", ("end", "end"))
    assert run.scheduler.totals.evaluated_tokens == 50 + 3 * len("abc")
    assert end.usage.evaluated_tokens == 50
    assert list(run.scheduler.lanes) == ["a"]  # theirs are gone


def test_cancelling_alternatives_cancels_them_all() -> None:
    run = _Run(FakeStart({"": "a long reply"}))
    run.submit(1, _request("prompt", alternatives=3))
    for _ in range(4):
        run.scheduler.step()
    run.scheduler.cancel(1)
    run.until_idle()
    assert run.finished(1).reason == "cancelled"
    assert [isinstance(event, Finished) for event in run.said[1]].count(True) == 1
    assert list(run.scheduler.lanes) == ["a"]


def test_the_best_other_answer_is_given_where_the_first_is_to_end() -> None:
    run = _Run(FakeStart({"": ""}))
    run.submit(1, _request("p" * 20, alternatives=2, max_tokens=1))
    run.until_idle()
    said = [(event.index, event.text) for event in run.said[1] if isinstance(event, Piece)]
    assert said == [(1, "\x01")]  # after its end, 256, the fake continues with 1


def test_alternatives_of_a_request_that_is_cancelled_meanwhile_are_too() -> None:
    run = _Run(FakeStart({"": "a long reply"}))
    run.submit(1, _request("prompt", alternatives=3))
    evaluate = run.backend.evaluate

    def cancel_too_late(batch: Sequence[Slot]) -> bool:
        done = evaluate(batch)
        run.scheduler.cancel(1)
        return done

    run.backend.evaluate = cancel_too_late  # type: ignore[method-assign]
    run.scheduler.step()
    run.backend.evaluate = evaluate  # type: ignore[method-assign]
    run.until_idle()
    end = run.finished(1)
    assert {end.reason, *end.others} == {"cancelled"}


@pytest.mark.parametrize("seed", range(30))
def test_alternatives_of_several_requests_in_one_lane_are_right(seed: int) -> None:
    """Those of a newer request take the lanes of an older one's, and all lanes are in use."""
    dice = random.Random(seed)
    run = _Run(FakeStart({"": "<digest>"}, context=4000))
    texts = {number: "p" * dice.randint(1, 140) + str(number) for number in range(1, 30)}
    for number, text in texts.items():
        request = _request(text, lane=dice.choice("abcde"), alternatives=3)
        run.submit(number, replace(request, max_tokens=dice.choice((1, 3, 100))))
        for _ in range(dice.choice((0, 0, 0, 1, 5, 9))):
            run.scheduler.step()
    run.until_idle()
    for number, text in texts.items():
        said = ["", "", ""]
        for event in run.said[number]:
            if isinstance(event, Piece):
                said[event.index] += event.text
        reply, end = digest(text), run.finished(number)
        assert reply.startswith(said[0])
        assert all(reply[1:].startswith(other[1:]) for other in said[1:])
        assert {end.reason, *end.others} <= {"end", "length"}


def test_drafts_change_nothing_but_the_number_of_steps() -> None:
    code = "def double(numbers):\n    return [number * 2 for number in numbers]\n" * 3
    steps = {}
    for drafting in (False, True):
        run = _Run(FakeStart({"": code}))
        run.submit(1, _request(code, max_tokens=len(code) + 9, drafting=drafting))
        count = 0
        while run.scheduler.wait(0):
            run.scheduler.step()
            count += 1
        assert run.text(1) == code
        assert run.finished(1).reason == "end"
        steps[drafting] = count
        assert (run.finished(1).usage.drafted_tokens > 0) == drafting
    assert steps[True] < steps[False] / 2


def test_a_stop_string_inside_a_draft_ends_there() -> None:
    code = "one two three four five six seven eight nine ten STOP eleven twelve\n" * 2
    run = _Run(FakeStart({"": code}))
    run.submit(1, _request(code, max_tokens=500, drafting=True, stop=("STOP",)))
    run.until_idle()
    assert run.text(1) == code.partition("STOP")[0]
    assert run.finished(1).reason == "stop"
    assert (
        run.scheduler.lanes["a"]
        == tuple(code.encode() + code.partition("STOP")[0].encode() + b"STOP")[
            : len(run.scheduler.lanes["a"])
        ]
    )


class _Model:
    """What the scheduler should do with one request after another, written down plainly.

    Lanes by name, the least recently used first. A request reuses what its own lane begins with, or
    another if that has at least 16 tokens more; afterwards its lane holds prompt and answer but for
    the last token, and the least recently used ones go until all fit.
    """

    def __init__(self, cells: int, lanes: int) -> None:
        self.cells, self.most = cells, lanes
        self.lanes: dict[str, str] = {}

    def ask(self, name: str, prompt: str, answer: str) -> int:
        if name not in self.lanes and len(self.lanes) == self.most:
            del self.lanes[next(iter(self.lanes))]
        own = self._common(self.lanes.pop(name, ""), prompt)
        best = max((self._common(held, prompt) for held in self.lanes.values()), default=0)
        reused = best if best >= own + 16 else own
        held = prompt + answer
        while sum(map(len, self.lanes.values())) + len(held) > self.cells:
            del self.lanes[next(iter(self.lanes))]
        self.lanes[name] = held
        return reused

    def _common(self, held: str, prompt: str) -> int:
        pairs = zip(held, prompt[:-1], strict=False)
        return len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))


@pytest.mark.parametrize("seed", range(30))
def test_one_after_another_it_does_what_the_written_model_does(seed: int) -> None:
    dice = random.Random(seed)
    run = _Run(FakeStart({"": "<digest>"}, context=600))
    model = _Model(600, run.backend.lanes)
    for number in range(80):
        prompt = "the same beginning " * dice.randint(0, 3) + "ab"[number % 2] * dice.randint(1, 80)
        name = str(dice.randint(0, 10))
        run.submit(number, _request(prompt, lane=name))
        run.until_idle()
        assert run.text(number) == digest(prompt)
        reused = model.ask(name, prompt, digest(prompt))
        assert run.finished(number).usage.reused_tokens == reused
        lanes = {lane: bytes(held).decode() for lane, held in run.scheduler.lanes.items()}
        assert lanes == model.lanes


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_every_request_is_answered_and_right(seed: int) -> None:
    """Random requests, priorities, lanes and cancels, with a context that is always too small.

    The reply is a digest of what was cached, so that any cell out of place shows.
    """
    dice = random.Random(seed)
    run = _Run(FakeStart({"": "<digest>"}, context=400, control_pieces=_PIECES))
    expected: dict[int, str] = {}
    cancelled = set()
    prefix = ""
    for number in range(80):
        priority = dice.choice(list(Priority))
        if dice.random() < 0.5:
            prefix = prefix[: dice.randint(0, 60)] + "x" * dice.randint(0, 9)
            suffix = _SUFFIX[dice.randint(0, 1) :]
            request = _infill(prefix, suffix, priority=priority, exact=dice.random() < 0.2)
            expected[number] = _digest_of(prefix, suffix)
        else:
            text = "p" * dice.randint(1, 120) + str(number % 7)
            request = _request(text, lane=str(dice.randint(0, 10)), priority=priority)
            expected[number] = digest(text)
        alternatives = dice.choice((1, 1, 1, 3))
        run.submit(number, replace(request, alternatives=alternatives, drafting=number % 3 == 0))
        for _ in range(dice.randint(0, 6)):
            run.scheduler.step()
        if dice.random() < 0.3:
            victim = dice.randint(0, number)
            run.scheduler.cancel(victim)
            cancelled.add(victim)
    run.until_idle()
    for number, text in expected.items():
        end = run.finished(number)
        assert [isinstance(event, Finished) for event in run.said[number]].count(True) == 1
        if end.reason == "end":
            assert run.text(number) == text
        else:
            assert end.reason == "cancelled"
            assert number in cancelled
