"""A long prompt that nobody has evaluated yet, and someone who types on: in made-up time.

Each key cancels the request before it, as editors do, in the middle of whatever the model is
evaluating. What it has evaluated must stay, and count for the next one.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from herdmate.engine import scheduler as scheduling
from herdmate.engine.backend import Slot
from herdmate.engine.fake import FakeBackend, digest
from herdmate.engine.job import Event
from herdmate.engine.pacing import Pace
from herdmate.engine.scheduler import Scheduler
from herdmate.engine.start import FakeStart
from herdmate.generation import Finished, Piece, Priority, Prompt, Request, Special, Text

_CODE = "".join(f"line number {number:04} of it\n" for number in range(400))


class _Typist:
    """A model of a certain speed and events that happen while it evaluates."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tokens_per_second: float) -> None:
        self.now, self.speed = 0.0, tokens_per_second
        self.events: list[tuple[float, int, Callable[[], object]]] = []
        self.said: list[list[Event]] = []
        self._order = itertools.count()
        script = FakeStart({"": "<digest>"}, context=20_000, control_pieces=("<P>", "<S>", "<M>"))
        self.backend = FakeBackend(script)
        self.scheduler = Scheduler(self.backend)
        self._evaluate = self.backend.evaluate
        self.backend.evaluate = self._in_time  # type: ignore[method-assign]
        monkeypatch.setattr(scheduling, "time", SimpleNamespace(perf_counter=lambda: self.now))
        monkeypatch.setattr(threading, "Timer", self._timer)
        self.kept: list[int] = []

    def at(self, when: float, what: Callable[[], object]) -> None:
        self.events.append((when, next(self._order), what))

    def _timer(self, seconds: float, what: Callable[..., None], given: tuple[Any, ...]) -> Any:
        return SimpleNamespace(start=lambda: self.at(self.now + seconds, lambda: what(*given)))

    def _in_time(self, batch: Sequence[Slot]) -> bool:
        """Evaluate a batch while events happen; an abort ends it at once, as in llama.cpp."""
        ends = self.now + len(batch) / self.speed
        while self.events and min(self.events)[0] <= ends:
            self._happen()
            if self.backend._aborted.is_set():
                return False
        self.now = ends
        return self._evaluate(batch)

    def _happen(self) -> None:
        event = min(self.events)
        self.events.remove(event)
        self.now = max(self.now, event[0])
        event[2]()

    def ask(self, request: Request, cancels: int | None = None) -> int:
        """Submit a request now; the one that it replaces is cancelled first."""
        if cancels is not None:
            self.kept.append(sum(map(len, self.scheduler.lanes.values())))
            self.scheduler.cancel(cancels)
        number = len(self.said)
        self.said.append([])
        self.scheduler.submit(number, request, self.said[number].append)
        return number

    def run(self) -> None:
        """Until nothing is left to do and nothing more happens."""
        while self.scheduler.wait(0) or self.events:
            if not self.scheduler.wait(0):
                self._happen()
            self.scheduler.step()

    def finished(self, number: int) -> Finished:
        last = self.said[number][-1]
        assert isinstance(last, Finished), last
        return last

    def text(self, number: int) -> str:
        return "".join(event.text for event in self.said[number] if isinstance(event, Piece))


def _keys(seed: int, count: int) -> Iterator[float]:
    """Seconds at which keys are pressed, 80 to 200 ms apart."""
    dice, now = random.Random(seed), 0.0
    for _ in range(count):
        now += dice.uniform(0.08, 0.2)
        yield now


def _whole(order: str, before: str, after: str) -> str:
    return f"<S>{after}<P>{before}<M>" if order == "spm" else f"<P>{before}<S>{after}<M>"


def _hole(order: str, before: str, after: str, **fields: Any) -> Request:
    prefix, suffix = (Special("<P>"), Text(before)), (Special("<S>"), Text(after))
    parts = (*suffix, *prefix) if order == "spm" else (*prefix, *suffix)
    prompt = Prompt((*parts, Special("<M>")), cursor=3 if order == "spm" else 1)
    return replace(Request(prompt, "doc", 20, priority=Priority.TYPING), **fields)


def _type(typist: _Typist, requests: Sequence[Request], when: Sequence[float]) -> None:
    """Each request replaces the one before it; the first one comes at once."""
    typist.ask(requests[0])
    for number, (at, request) in enumerate(zip(when, requests[1:], strict=True)):
        typist.at(at, lambda r=request, n=number: typist.ask(r, cancels=n))  # type: ignore[misc]
    typist.run()


@pytest.mark.parametrize("order", ["psm", "spm"])
@pytest.mark.parametrize("speed", [25, 60, 200, 1000, 20_000])
@pytest.mark.parametrize("seed", range(2))
def test_every_key_adds_to_what_is_evaluated(
    monkeypatch: pytest.MonkeyPatch, order: str, speed: int, seed: int
) -> None:
    """4,000 tokens, of which a slow machine evaluates a dozen between two keys."""
    typist, typed = _Typist(monkeypatch, speed), "for item in self.items_of_it():"
    before, after = _CODE[:3400], _CODE[5000:5600]
    requests = [_hole(order, before + typed[:at], after) for at in range(len(typed) + 1)]
    when = list(_keys(seed, len(typed)))
    _type(typist, requests, when)
    assert typist.kept == sorted(typist.kept)
    # A chunk has 16 tokens at least.
    assert len({*typist.kept}) >= min(when[-1] * speed // 20, len(typed)) or speed > 200
    last = typist.finished(len(typed)).usage
    assert last.reused_tokens + last.evaluated_tokens == last.prompt_tokens
    # The machine has lost less than a tenth of its time, once it knew how fast it is.
    assert last.reused_tokens > 0.9 * min((when[-1] - 0.5) * speed, last.prompt_tokens - 20)
    assert typist.text(len(typed)) == digest(_whole(order, before + typed, after))
    assert typist.scheduler.totals.evaluated_tokens < 4500


def test_a_suffix_grows_while_its_beginning_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prefix is known. Of the suffix behind it a part is evaluated between two keys."""
    typist, before, after = _Typist(monkeypatch, 200), _CODE[:300], _CODE[5000:5600]
    typist.ask(_hole("psm", before, "\n", max_tokens=1))
    typist.run()
    requests = [_hole("psm", before + "x" * at, after) for at in range(20)]
    _type(typist, requests, [typist.now + at for at in _keys(1, 19)])
    assert typist.finished(20).usage.evaluated_tokens < 300  # 2.5 s are enough for 500
    assert typist.text(20) == digest(_whole("psm", before + "x" * 19, after))


@pytest.mark.parametrize(
    ("first", "then", "least"),
    [
        ("\nrest of the file", ")\nrest of the file", 17),  # an editor closed a bracket
        (")\nrest of the file", "\nrest of the file", 17),  # and it was typed over
        ("')\nrest of the file", "\nrest of the file", 17),
        ("\nrest of the file, and one more line\n", "\nrest of the file", 17),
        ("\nrest of the file", "\nrest of the file, and one more line\n", 17),
        ("\nrest of the file", "something else altogether", 0),
        ("\nrest of the file", "", 0),
        ("", "\nrest of the file", 0),
    ],
)
def test_what_two_suffixes_share_is_moved(
    monkeypatch: pytest.MonkeyPatch, first: str, then: str, least: int
) -> None:
    typist = _Typist(monkeypatch, 200)
    typist.ask(_hole("psm", "call", first))
    typist.run()
    typist.ask(_hole("psm", "call(", then))
    typist.run()
    assert typist.text(1) == digest(_whole("psm", "call(", then))
    assert typist.finished(1).usage.reused_tokens == len("<call") + least
    typist.ask(_hole("psm", "call(", then, exact=True))
    typist.run()
    assert typist.finished(2).usage.reused_tokens >= len("<call(")
    assert typist.text(2) == digest(_whole("psm", "call(", then))


def test_an_explanation_that_is_stopped_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typist = _Typist(monkeypatch, 200)
    ask = Request(Prompt((Text("Explain this: " + _CODE[:2000]),)), "explain", 20)
    _type(typist, [ask] * 8, [0.3 * number for number in range(1, 8)])
    assert typist.kept == sorted(typist.kept)
    assert len({*typist.kept}) == 7
    assert typist.finished(7).usage.reused_tokens > 0.9 * 2.1 * 200
    assert typist.text(7) == digest("Explain this: " + _CODE[:2000])


def test_reading_ahead_counts_for_the_key_that_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """More urgent, in the same lane: what is being evaluated is what it needs."""
    typist, ahead = _Typist(monkeypatch, 200), _hole("psm", _CODE[:2000], "\n")
    typist.ask(replace(ahead, max_tokens=0, priority=Priority.BACKGROUND))
    typist.at(0.1, lambda: typist.ask(ahead, cancels=0))
    typist.run()
    assert typist.finished(1).usage.reused_tokens >= 16


def test_ghost_text_does_not_wait_for_an_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    typist = _Typist(monkeypatch, 200)
    typist.ask(Request(Prompt((Text(_CODE[:2000]),)), "explain", 20))
    seen: list[float] = []
    typist.at(0.1, lambda: typist.ask(_hole("psm", "x", "\n", max_tokens=1)))
    evaluate = typist.backend.evaluate

    def watched(batch: Sequence[Slot]) -> bool:
        if batch[0].position == 0 and typist.said[1:]:
            seen.append(typist.now)
        return evaluate(batch)

    typist.backend.evaluate = watched  # type: ignore[method-assign]
    typist.run()
    assert seen[0] == 0.1


def test_generating_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    typist = _Typist(monkeypatch, 2)
    typist.ask(Request(Prompt((Text("x"),)), "explain", 20))
    typist.at(1.1, lambda: typist.scheduler.cancel(0))
    typist.run()
    assert typist.finished(0).reason == "cancelled"
    assert typist.now == 1.1


def test_a_chunk_that_takes_far_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    typist = _Typist(monkeypatch, 1)
    typist.ask(Request(Prompt((Text("x" * 200),)), "explain", 20))
    typist.at(0.1, lambda: typist.scheduler.cancel(0))
    typist.run()
    assert typist.finished(0).reason == "cancelled"
    assert typist.now == 0.1 + 1.0


def test_a_machine_far_slower_than_the_keys_gets_on_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its shortest chunk takes two seconds."""
    typist = _Typist(monkeypatch, 8)
    requests = [_hole("psm", _CODE[:2000] + "x" * at, "\n") for at in range(120)]
    _type(typist, requests, list(_keys(2, 119)))
    assert typist.finished(119).usage.reused_tokens >= 64


@pytest.mark.parametrize(
    ("speed", "most", "chunk"),
    [(10, 128, 16), (60, 128, 16), (250, 128, 32), (500, 128, 64), (9999, 128, 128),
     (9999, 480, 480), (2000, 480, 256)],
)  # fmt: skip
def test_a_chunk_takes_no_longer_than_a_key(speed: float, most: int, chunk: int) -> None:
    pace = Pace()
    assert pace.chunk(most) == 16  # while nothing is known
    pace.note(4, 10.0)  # tells nothing
    assert pace.chunk(most) == 16
    for _ in range(3):
        pace.note(32, 32 / speed)
    assert pace.chunk(most) == chunk


def test_the_pace_follows_the_load() -> None:
    pace = Pace()
    pace.note(32, 0.032)
    assert pace.chunk(128) == 128
    for _ in range(6):
        pace.note(128, 1.28)
    assert pace.chunk(128) == 16
    for _ in range(12):
        pace.note(16, 0.016)
    assert pace.chunk(128) == 128
    pace.note_stopped(128, 1.28)
    assert pace.chunk(128) == 16


def test_chunks_grow_while_nobody_disturbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt of which nothing is disturbed costs few evaluations more than before."""
    typist, sizes = _Typist(monkeypatch, 240), []
    typist.ask(_hole("psm", _CODE[:2000], "\n", max_tokens=0))
    evaluate = typist.backend.evaluate
    typist.backend.evaluate = lambda batch: (sizes.append(len(batch)), evaluate(batch))[1]  # type: ignore[method-assign,func-returns-value]
    typist.run()
    assert sizes[:6] == [16, 32, 32, 32, 32, 64]
    assert sizes[9:-1] == [128] * len(sizes[9:-1])
    assert len(sizes) < 25


def test_after_a_pause_a_key_loses_a_third_of_it_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in (0.3, 0.7, 1.1, 1.9, 3.3, 5.1):
        typist = _Typist(monkeypatch, 200)
        _type(typist, [_hole("psm", _CODE, "\n")] * 2, [pause])
        assert typist.finished(1).usage.reused_tokens >= 200 * pause * 2 / 3 - 16
