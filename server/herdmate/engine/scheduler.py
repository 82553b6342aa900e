"""Who is evaluated next: lanes of cached tokens, jobs by urgency, one batch a step.

A *lane* is one sequence of the KV cache together with the tokens that it holds. A *job* is one
request while it runs. Its tokens are its prompt and what was sampled so far; its lane holds a
beginning of them, and each step evaluates some more. One step builds one batch of the jobs of the
most urgent priority: the newest token of each that generates, and a chunk of the first prompt that
is not evaluated yet. Less urgent jobs wait and go on afterwards, and lose nothing but time.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from herdmate.engine.backend import Backend, Sampler, Slot
from herdmate.engine.stream import TextStream
from herdmate.errors import ContextFullError, EngineError, HerdmateError
from herdmate.generation import Finished, FinishReason, Piece, Request, Totals, Usage

Event = Piece | Finished | HerdmateError
"""What a job says: pieces, and last of all ``Finished`` or an error."""


class Scheduler:
    """Runs requests on a backend. ``submit`` and ``cancel`` are thread safe; ``step`` is not."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lanes: dict[str, _Lane] = {}
        self._jobs: dict[int, _Job] = {}
        self._clock = itertools.count()
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._running: tuple[_Job, ...] = ()
        self.totals = Totals()

    def submit(self, number: int, request: Request, emit: Callable[[Event], None]) -> None:
        """Queue a request under a number of the caller's; ``emit`` is called from ``step``."""
        job = _Job(number, request, emit, next(self._clock))
        with self._lock:
            self._jobs[number] = job
            if any(job.urgency < other.urgency for other in self._running):
                self._backend.abort()
            self._work.notify()

    def cancel(self, number: int) -> None:
        """Stop a request; unknown numbers are ignored, since it may just have ended."""
        with self._lock:
            if (job := self._jobs.get(number)) is None:
                return
            job.cancelled = True
            if job in self._running:
                self._backend.abort()
            self._work.notify()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there is a job; ``False`` when none came in ``timeout`` seconds."""
        with self._lock:
            return self._work.wait_for(lambda: bool(self._jobs), timeout)

    def step(self) -> None:
        """Evaluate one batch, and tell the jobs of it."""
        self._drop_cancelled()
        jobs = self._most_urgent()
        for job in jobs:
            self._prepare(job)
        batch, parts = self._batch([job for job in jobs if job.lane is not None])
        if batch and self._evaluate(batch, parts):
            for part in parts:
                self._commit(part)

    @property
    def lanes(self) -> dict[str, tuple[int, ...]]:
        """The tokens that each lane holds now."""
        return {key: tuple(lane.tokens) for key, lane in self._lanes.items()}

    def _drop_cancelled(self) -> None:
        with self._lock:
            gone = [job for job in self._jobs.values() if job.cancelled]
        for job in gone:
            self._end(job, "cancelled")

    def _most_urgent(self) -> list[_Job]:
        """The jobs of the best priority, oldest first, one a lane."""
        with self._lock:
            jobs = sorted(self._jobs.values(), key=lambda job: job.rank)
        first: dict[str, _Job] = {}
        for job in jobs:
            if job.urgency == jobs[0].urgency:
                first.setdefault(job.request.lane, job)
        return list(first.values())[: self._backend.sequences]

    def _prepare(self, job: _Job) -> None:
        """Give a job its tokens, a lane and a sampler where it has none."""
        if job.lane is not None:
            return
        try:
            if not job.tokens:
                self._tokenize(job)
            lane = self._lane_for(job)
        except HerdmateError as error:
            self._fail(job, error)
            return
        kept = min(_common_prefix(lane.tokens, job.tokens), len(job.tokens) - 1)
        self._cut(lane, kept)
        if job.sampler is None:
            job.reused = kept
            self.totals.requests += 1
            self.totals.prompt_tokens += job.prompt_tokens
            self.totals.reused_tokens += kept
            job.sampler = self._backend.sampler(job.request.sampling)
        job.lane, lane.job, lane.used = lane, job, next(self._clock)

    def _tokenize(self, job: _Job) -> None:
        request = job.request
        tokens = self._backend.tokenize(request.prompt.segments)
        room = self._backend.info.context - request.max_tokens
        if not tokens:
            raise EngineError("There is nothing to ask the model: the prompt is empty.")
        if len(tokens) > room:
            raise ContextFullError(
                f"The prompt has {len(tokens)} tokens and the context has room for "
                f"{max(room, 0)}; select less or set herdmate.engine.contextTokens higher."
            )
        ids = (self._backend.token_of(piece) for piece in request.prompt.end_pieces)
        job.end_tokens = frozenset(token for token in ids if token is not None)
        job.tokens, job.prompt_tokens = tokens, len(tokens)

    def _lane_for(self, job: _Job) -> _Lane:
        """The lane of the job's name, taken from a less urgent job if need be, or a new one."""
        key = job.request.lane
        if (lane := self._lanes.get(key)) is None:
            taken = {lane.sequence for lane in self._lanes.values()}
            free = [number for number in range(self._backend.sequences) if number not in taken]
            sequence = free[0] if free else self._evict(job)
            if sequence is None:
                raise EngineError("The engine has too many requests at once; try again soon.")
            lane = self._lanes[key] = _Lane(sequence)
        if lane.job is not None:
            lane.job.lane = None
        return lane

    def _evict(self, job: _Job) -> int | None:
        """Empty and free the longest unused lane, or else the one of the job that ranks last.

        Only jobs that rank behind this one can lose their lane; they evaluate it again later.
        """
        idle = [(lane.used, key) for key, lane in self._lanes.items() if lane.job is None]
        behind = [
            (lane.job.rank, key)
            for key, lane in self._lanes.items()
            if lane.job is not None and lane.job.rank > job.rank
        ]
        if not idle and not behind:
            return None
        lane = self._lanes.pop(min(idle)[1] if idle else max(behind)[1])
        if lane.job is not None:
            lane.job.lane = None
        self._cut(lane, 0)
        return lane.sequence

    def _cut(self, lane: _Lane, length: int) -> None:
        if length < len(lane.tokens):
            self._backend.forget(lane.sequence, length)
            del lane.tokens[length:]

    def _batch(self, jobs: Sequence[_Job]) -> tuple[list[Slot], list[_Part]]:
        """The newest token of all that generate, and one chunk of the first unfinished prompt.

        In order of rank, so that who makes room never takes it from who is in the batch already.
        """
        batch: list[Slot] = []
        parts: list[_Part] = []
        prompting = [job for job in jobs if job.is_prompting]
        chunk = self._backend.chunk - (len(jobs) - len(prompting))
        for job in jobs:
            lane = job.lane
            if lane is None or job in prompting[1:]:
                continue  # evicted just now by an earlier one, or not its turn
            held = len(lane.tokens)
            tokens = job.tokens[held : held + (chunk if job.is_prompting else 1)]
            if not self._make_room(len(batch) + len(tokens), job):
                if job is jobs[0]:
                    self._end(job, "context")
                continue
            last = len(job.tokens) - 1
            batch += [
                Slot(lane.sequence, place, token, place == last)
                for place, token in enumerate(tokens, held)
            ]
            parts.append(_Part(job, lane, tokens, len(batch) - 1))
        return batch, parts

    def _make_room(self, count: int, job: _Job) -> bool:
        """Free cells until ``count`` more tokens fit, least recently used first; do they fit?"""
        cells = self._backend.info.context
        while sum(len(lane.tokens) for lane in self._lanes.values()) + count > cells:
            if self._evict(job) is None:
                return False
        return True

    def _evaluate(self, batch: Sequence[Slot], parts: Sequence[_Part]) -> bool:
        """Evaluate, and leave the cache as it was where that was aborted or failed."""
        if not self._may_run(tuple(part.job for part in parts)):
            return False
        started = time.perf_counter()
        failure: EngineError | None = None
        try:
            done = self._backend.evaluate(batch)
        except EngineError as error:
            done, failure = False, error
        with self._lock:
            self._running = ()
        seconds = time.perf_counter() - started
        self.totals.evaluated_tokens += len(batch) if done else 0
        self.totals.seconds += seconds
        for part in parts:
            part.job.spend(seconds)
            if not done:
                self._backend.forget(part.lane.sequence, len(part.lane.tokens))
            if failure is not None:
                self._fail(part.job, failure)
        return done

    def _may_run(self, jobs: tuple[_Job, ...]) -> bool:
        """Has nobody cancelled these, or come before them, since the batch was built?"""
        with self._lock:
            self._backend.allow()
            urgent = any(other.urgency < jobs[0].urgency for other in self._jobs.values())
            if urgent or any(job.cancelled for job in jobs):
                return False
            self._running = jobs
            return True

    def _commit(self, part: _Part) -> None:
        """What was evaluated is in the lane now; choose the next token where all of it is."""
        job, lane = part.job, part.lane
        lane.tokens += part.tokens
        job.evaluated += len(part.tokens) if job.generated == 0 else 0
        if len(lane.tokens) < len(job.tokens):
            return
        if job.generated >= job.request.max_tokens:
            self._end(job, "length")
            return
        assert job.sampler is not None
        token = job.sampler.sample(part.index)
        job.generated += 1
        self.totals.generated_tokens += 1
        if token in job.end_tokens or self._backend.is_end(token):
            self._end(job, "end")
            return
        job.tokens.append(token)
        self._say(job, job.stream.push(self._backend.piece(token)))
        if job.stream.stopped:
            self._end(job, "stop")
        elif job.generated >= job.request.max_tokens:
            self._end(job, "length")

    def _say(self, job: _Job, text: str) -> None:
        if text:
            job.emit(Piece(text))

    def _end(self, job: _Job, reason: FinishReason) -> None:
        if reason != "cancelled":
            self._say(job, job.stream.finish())
        self._release(job)
        job.emit(Finished(reason, job.usage()))

    def _fail(self, job: _Job, error: HerdmateError) -> None:
        self._release(job)
        job.emit(error)

    def _release(self, job: _Job) -> None:
        with self._lock:
            self._jobs.pop(job.number, None)
        if job.sampler is not None:
            job.sampler.close()
            job.sampler = None
        if job.lane is not None:
            job.lane.job = None
            job.lane = None


@dataclass(eq=False, slots=True)
class _Lane:
    """One sequence of the cache, and the tokens that stand in it from position 0 on."""

    sequence: int
    tokens: list[int] = field(default_factory=list)
    used: int = 0
    job: _Job | None = None


class _Job:
    """One request while it runs."""

    def __init__(
        self, number: int, request: Request, emit: Callable[[Event], None], order: int
    ) -> None:
        self.number, self.request, self.emit = number, request, emit
        self.urgency = int(request.priority)
        self.rank = (self.urgency, order)
        self.tokens: list[int] = []  # the prompt, and what was sampled so far
        self.end_tokens: frozenset[int] = frozenset()
        self.stream = TextStream((*request.stop, *request.prompt.stop))
        self.lane: _Lane | None = None
        self.sampler: Sampler | None = None
        self.prompt_tokens = self.reused = self.evaluated = self.generated = 0
        self.prompt_seconds = self.generation_seconds = 0.0
        self.cancelled = False

    @property
    def is_prompting(self) -> bool:
        """Is more than the newest token still to be evaluated?"""
        held = len(self.lane.tokens) if self.lane else 0
        return self.generated == 0 or len(self.tokens) - held > 1

    def spend(self, seconds: float) -> None:
        """Count the time of one evaluation."""
        if self.generated == 0:
            self.prompt_seconds += seconds
        else:
            self.generation_seconds += seconds

    def usage(self) -> Usage:
        """The figures so far."""
        return Usage(
            prompt_tokens=self.prompt_tokens,
            reused_tokens=self.reused,
            evaluated_tokens=self.evaluated,
            generated_tokens=self.generated,
            prompt_seconds=self.prompt_seconds,
            generation_seconds=self.generation_seconds,
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """A job's share of a batch; ``index`` is its last slot."""

    job: _Job
    lane: _Lane
    tokens: list[int]
    index: int


def _common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second))
