"""Random requests on a backend that fails at random: each ends once, and is right."""

from __future__ import annotations

import random
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import pytest

from herdmate.engine.fake import digest
from herdmate.engine.job import Event, Job
from herdmate.engine.kv_cache import Lane
from herdmate.engine.scheduler import Scheduler
from herdmate.engine.start import FakeStart
from herdmate.errors import ContextFullError, EngineError
from herdmate.generation import Finished, Piece, Priority, Prompt, Request, Sampling, Special, Text
from tests.engine.failing_backend import FailingBackend

_PREFIX, _SUFFIX_MARK, _MIDDLE = _PIECES = Special("<P>"), Special("<S>"), Special("<M>")
_SUFFIX = "what follows the cursor"


class _Timer:
    """A timer that ends when the test says."""

    made: ClassVar[list[_Timer]] = []

    def __init__(self, _seconds: float, call: Callable[[int], None], arguments: tuple[int]) -> None:
        self._call, self._arguments = call, arguments
        self.daemon = False

    def start(self) -> None:
        """Begin to wait."""
        _Timer.made.append(self)

    def end(self) -> None:
        """Call, as after the seconds."""
        self._call(*self._arguments)


class _Storm:
    """Requests with all that can be asked, cancelled and begun in the middle of everything."""

    def __init__(self, seed: int, has_state: bool) -> None:
        self.dice = dice = random.Random(seed)
        context, lanes = dice.choice((200, 260, 400)), dice.choice((1, 2, 4, 8))
        names = tuple(piece.piece for piece in _PIECES)
        script = FakeStart({}, names, context=context)
        self.backend = FailingBackend(script, dice, lanes, has_state)
        self.backend.failures = dice.choice((0.0, 0.0, 0.01, 0.05))
        self.backend.meanwhile = self.meanwhile
        self.scheduler = Scheduler(self.backend)
        self.said: dict[int, list[Event]] = {}
        self.requests: dict[int, Request] = {}
        self.right: dict[int, str] = {}
        self.cancelled: set[int] = set()
        self.surprises = dice.choice((0.0, 0.0, 0.02, 0.2))
        self.most, self.steps = dice.choice((20, 50)), 0
        self.prefix = ""

    def submit(self) -> None:
        """Anything that can be asked for."""
        dice, number = self.dice, len(self.requests)
        prompt, right = self._infill() if dice.random() < 0.6 else self._question()
        said = right[: dice.randint(1, 5)] if dice.random() < 0.15 else ""
        request = Request(
            replace(prompt, said=said),
            lane=dice.choice("aaaaab" if prompt.cursor else "abcdef"[: dice.choice((2, 6))]),
            max_tokens=dice.choice((0, 1, 2, 30, 60, 60, 60)),
            stop=dice.choice(((), (), (right[6:8],), (right[20:23], "\n"))),
            sampling=Sampling(seed=number),
            priority=dice.choice(list(Priority)),
            alternatives=dice.choice((1, 1, 1, 2, 3, 5)),
            exact=dice.random() < 0.2,
            drafting=dice.random() < 0.4,
            logprobs=dice.random() < 0.2,
        )
        self.requests[number], self.right[number], self.said[number] = (
            request,
            right[len(said) :],
            [],
        )
        job = Job(0, request, lambda _: None, 0)
        try:
            job.tokenize(self.backend)
        except ContextFullError:
            pass
        else:
            answer = job.healing + self.right[number].encode()
            self.backend.wanted[number] = job.tokens, answer, request.exact
        self.scheduler.submit(number, request, self.said[number].append)

    def _infill(self) -> tuple[Prompt, str]:
        dice = self.dice
        kept = self.prefix[: dice.choice((-3, -1, 60, 60, 60, 0)) if len(self.prefix) < 60 else 9]
        self.prefix = kept + dice.choice("xpf") * dice.choice((0, 0, 1, 2, 9))
        suffix = _SUFFIX[dice.choice((0, 0, 0, 0, 0, 1, 2)) :] + "y" * dice.choice((0, 0, 0, 1))
        before, after = Text(self.prefix), Text(suffix)
        if dice.random() < 0.7:
            prompt = Prompt((_PREFIX, before, _SUFFIX_MARK, after, _MIDDLE), cursor=1)
        else:
            prompt = Prompt((_PREFIX, _SUFFIX_MARK, after, _MIDDLE, before), cursor=4)
        return prompt, digest(f"{prompt.cursor} {self.prefix} {suffix}") * 3

    def _question(self) -> tuple[Prompt, str]:
        dice = self.dice
        text = "p" * dice.randint(0, 120) + "x" * dice.randint(0, 60) + str(dice.randint(0, 6))
        return Prompt((Text(text),)), digest(text) * 3

    def cancel(self) -> None:
        """One that is running, or any, perhaps one that has ended."""
        running = [job.number for job in self.scheduler._jobs]
        victim = self.dice.choice((*running, self.dice.randint(0, len(self.requests))))
        self.scheduler.cancel(victim)
        self.cancelled.add(victim)

    def meanwhile(self, share: float) -> None:
        """What other threads do in a share of the time."""
        if self.dice.random() < self.surprises * share:
            for _ in range(self.dice.randint(1, 3)):
                if self.dice.random() < 0.5:
                    self.cancel()
                elif len(self.requests) < self.most:
                    self.submit()
        if self.dice.random() < 0.3:
            for timer in _Timer.made:
                timer.end()
            _Timer.made.clear()

    def step(self) -> None:
        """Evaluate something, and look at all the books."""
        self.steps += 1
        assert self.steps < 300 * self.most, "it never ends"
        self.scheduler.step()
        lanes, cells = self.scheduler._lanes.by_name, {}
        for name, lane in lanes.items():
            self._check_lane(name, lane)
            cells[lane.sequence] = list(enumerate(lane.tokens))
            spare = self.backend.lanes + lane.sequence
            cells[spare] = list(enumerate(lane.parked, lane.parked_at))
        assert self.backend.held() == {at: held for at, held in cells.items() if held}
        assert len({lane.sequence for lane in lanes.values()}) == len(lanes) <= self.backend.lanes
        for job in self.scheduler._jobs:
            assert job.reason is None
            if job.lane is not None:
                assert job.lane.owner is job
                assert lanes[job.lane_name] is job.lane
        states = self.scheduler._lanes._states._states
        tokens = {lane.sequence: lane.tokens for lane in lanes.values()}
        for (sequence, length), state in states.items():
            assert array("i", state).tolist() == tokens[sequence][:length]
            assert length <= len(tokens[sequence])

    def _check_lane(self, name: str, lane: Lane) -> None:
        assert lane.exact <= len(lane.tokens)
        if not self.backend.rewinds:
            assert self.backend.states.get(lane.sequence, []) == lane.tokens
        if isinstance(job := lane.owner, Job):
            assert job.lane is lane
            assert job in self.scheduler._jobs
            assert job.lane_name == name

    def judge(self, number: int) -> str:
        """Did a request end once, and as it should?"""
        events, request, right = self.said[number], self.requests[number], self.right[number]
        *pieces, end = events
        texts = [""] * request.alternatives
        for piece in pieces:
            assert isinstance(piece, Piece)
            assert (piece.logprob is not None) == request.logprobs
            texts[piece.index] += piece.text
        assert right.startswith(texts[0])
        assert all(any(_is_other(right, text, at) for at in range(3)) for text in texts[1:])
        if not isinstance(end, Finished):
            assert isinstance(
                end, ContextFullError if number not in self.backend.wanted else EngineError
            )
            assert isinstance(end, ContextFullError) or str(end) == "It fails."
            return type(end).__name__
        reasons = {end.reason, *end.others}
        assert len(end.others) < request.alternatives
        assert reasons <= {"end", "stop", "length", "cancelled"}
        assert "cancelled" not in reasons or number in self.cancelled
        cuts = [at for stop in request.stop if (at := right.find(stop)) >= 0]
        if end.reason in ("end", "stop"):
            assert texts[0] == right[: min(cuts, default=len(right))]
            assert (end.reason == "stop") == bool(cuts)
        return end.reason


def _is_other(right: str, text: str, at: int) -> bool:
    """Is a text the right one but for the character at a place?"""
    return right[:at] == text[:at] and right[at + 1 :].startswith(text[at + 1 :])


@pytest.mark.parametrize("has_state", [False, True], ids=["rewinds", "has a state"])
@pytest.mark.parametrize("seed", range(30))
def test_whatever_fails_every_request_ends_once_and_is_right(
    seed: int, has_state: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threading.Timer", _Timer)
    assert sum(run(seed, has_state).values()) >= 20


def run(seed: int, has_state: bool) -> Counter[str]:
    """One storm; how many requests ended in which way."""
    _Timer.made.clear()
    storm = _Storm(seed, has_state)
    while len(storm.requests) < storm.most:
        storm.submit()
        for _ in range(storm.dice.choice((0, 0, 0, 1, 3, 9, 30))):
            storm.step()
        if storm.dice.random() < 0.15:
            storm.cancel()
    while storm.scheduler.wait(0):
        storm.step()
    assert storm.backend.samplers == 0
    return Counter(map(storm.judge, storm.requests))
