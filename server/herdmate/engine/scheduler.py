"""Which jobs are evaluated next: the most urgent ones, one batch per step.

A *job* is one request while it runs; its *lane* holds a prefix of its tokens in the KV cache, and
each step evaluates more of them. A step builds one batch from the jobs of the most urgent priority:
the newest token of each that is generating, and a chunk of the first unfinished prompt. A draft of
the tokens expected next can follow the newest token; it is kept as far as the model agrees. Less
urgent jobs wait and resume later; they lose only time.

What was evaluated of a prompt stays in its lane when the job is cancelled, for the next one in that
lane. So the chunk under way may end by itself (see ``pacing``); generating stops at once.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from herdmate.engine.backend import Backend, Slot
from herdmate.engine.interface import OnRead, unheard
from herdmate.engine.job import Emit, Job
from herdmate.engine.kv_cache import Lane, Lanes
from herdmate.engine.pacing import measured
from herdmate.engine.token_healing import Tokens
from herdmate.errors import EngineError, HerdmateError
from herdmate.generation import Finished, FinishReason, Request, Totals

_SPARE_TOKENS = 8
"""Extra candidates beyond the alternatives wanted, since some end the answer."""


class Scheduler:
    """Runs requests on a backend. ``submit`` and ``cancel`` are thread safe; ``step`` is not."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lanes = Lanes(backend)
        self._jobs: list[Job] = []
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._running: tuple[Job, ...] = ()
        self._pace = measured(backend.step_seconds)
        self._chunk = 0  # tokens of the running batch, if it has a chunk of a prompt
        self._batches = 0
        self._started = 0.0
        self.totals = Totals()

    def submit(self, number: int, request: Request, emit: Emit, on_read: OnRead = unheard) -> None:
        """Queue a request under the caller's number; ``step`` calls ``emit`` and ``on_read``."""
        job = Job(number, request, emit, next(self._order), on_read)
        with self._lock:
            self._jobs.append(job)
            if any(job.urgency < other.urgency for other in self._running):
                # In one lane they share a document, and probably what is being evaluated.
                self._stop(any(job.lane_name == other.lane_name for other in self._running))
            self._work.notify()

    def cancel(self, number: int) -> None:
        """Stop a request; unknown numbers are ignored, since the request may just have ended."""
        with self._lock:
            for job in self._jobs:
                if job.number == number:
                    job.cancelled = True
                    if job in self._running:
                        self._stop(is_of_use=True)
            self._work.notify()

    def _stop(self, is_of_use: bool) -> None:
        """Stop the running batch; the lock is held.

        ``is_of_use``: what a chunk of a prompt adds will be reused, so it gets a moment to end.
        """
        elapsed = time.perf_counter() - self._started
        seconds = self._pace.patience(self._chunk, elapsed) if self._chunk and is_of_use else 0.0
        if not seconds:
            self._backend.abort()
            return
        timer = threading.Timer(seconds, self._stop_batch, (self._batches,))
        timer.daemon = True
        timer.start()

    def _stop_batch(self, number: int) -> None:
        """Stop the batch of that number if it is still running."""
        with self._lock:
            if self._running and self._batches == number:
                self._backend.abort()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there is a job; ``False`` if none came within ``timeout`` seconds."""
        with self._lock:
            return self._work.wait_for(lambda: bool(self._jobs), timeout)

    def step(self) -> None:
        """Evaluate one batch and advance its jobs."""
        self._drop_cancelled()
        jobs = self._most_urgent()
        for job in jobs:
            if job.lane is None:
                self._prepare(job)
        batch, parts = self._batch([job for job in jobs if job.lane is not None])
        if batch and self._evaluate(batch, parts):
            for part in parts:
                self._lanes.extend(part.lane, part.tokens)
            for part in parts:
                if part.job.lane is part.lane:  # else an alternative has just taken it
                    self._commit(part)

    @property
    def lanes(self) -> dict[str, tuple[int, ...]]:
        """The tokens in each lane."""
        return {name: tuple(lane.tokens) for name, lane in self._lanes.by_name.items()}

    def _drop_cancelled(self) -> None:
        with self._lock:
            gone = [job for job in self._jobs if job.cancelled]
        for job in gone:
            self._end(job, "cancelled")

    def _most_urgent(self) -> list[Job]:
        """The jobs of the most urgent priority, oldest first, one per lane."""
        with self._lock:
            jobs = sorted(self._jobs, key=lambda job: job.rank)
        first: dict[str, Job] = {}
        for job in jobs:
            if job.urgency == jobs[0].urgency:
                first.setdefault(job.lane_name, job)
        return list(first.values())[: self._backend.lanes]

    def _prepare(self, job: Job) -> None:
        """Give a job without a lane its tokens, a lane and a sampler."""
        try:
            if not job.tokens:
                job.tokenize(self._backend)
            lane = self._lanes.claim(job.lane_name, job)
        except HerdmateError as error:
            self._fail(job, error)
            return
        kept = self._lanes.reuse(lane, job.tokens, job.tail, not job.request.exact)
        if job.sampler is None:
            job.reused = kept
            job.sampler = self._backend.sampler(job.request.sampling)
            self.totals.requests += 1
            self.totals.prompt_tokens += job.prompt_tokens
            self.totals.reused_tokens += kept

    def _batch(self, jobs: Sequence[Job]) -> tuple[list[Slot], list[_Part]]:
        """The newest token of each generating job, and one chunk of the first unfinished prompt.

        Goes in order of rank, so that eviction never removes a job that is already in the batch.
        """
        batch: list[Slot] = []
        parts: list[_Part] = []
        prompting = [job for job in jobs if job.is_prompting]
        most = self._backend.chunk
        undisturbed = prompting[0].prompt_seconds if prompting else 0.0
        chunk = min(self._pace.chunk(most, undisturbed), most - (len(jobs) - len(prompting)))
        for job in jobs:
            if job.lane is None or job in prompting[1:]:
                continue  # just evicted by an earlier job, or not its turn
            part = self._part(job, job.lane, chunk if job.is_prompting else 1, len(jobs) == 1)
            if not self._lanes.make_room(len(batch) + len(part.tokens), job.rank):
                if job is jobs[0]:
                    self._end(job, "context")
                continue
            part.first = len(batch) + len(part.tokens) - 1 - part.drafted
            held = len(part.lane.tokens)
            batch += [
                Slot(part.lane.sequence, held + at, token, held + at >= len(job.tokens) - 1)
                for at, token in enumerate(part.tokens)
            ]
            parts.append(part)
        return batch, parts

    def _part(self, job: Job, lane: Lane, most: int, is_alone: bool) -> _Part:
        """What a job wants evaluated next: up to ``most`` tokens and a draft."""
        self._lanes.attach(lane)
        held = len(lane.tokens)
        end = lane.parked_to if lane.parked else len(job.tokens)
        end = min((length for length in job.saves if length > held), default=end)
        tokens = job.tokens[held : min(held + most, end)]
        draft: list[int] = []
        may_draft = self._backend.rewinds and not job.wants_alternatives
        if held + len(tokens) == len(job.tokens) and may_draft:
            draft = job.draft(self._backend.step_seconds, is_alone)
        return _Part(job, lane, tokens + draft, len(draft))

    def _evaluate(self, batch: Sequence[Slot], parts: Sequence[_Part]) -> bool:
        """Evaluate a batch; if that is aborted or fails, the cache stays as it was."""
        if not self._may_run(parts):
            return False
        failure: EngineError | None = None
        try:
            done = self._backend.evaluate(batch)
        except EngineError as error:
            done, failure = False, error
        seconds = time.perf_counter() - self._started
        with self._lock:
            self._running = ()
        if self._chunk:
            (self._pace.note if done else self._pace.note_stopped)(len(batch), seconds)
        self._lanes.has_moved = self._lanes.has_moved and not done
        self.totals.evaluated_tokens += len(batch) if done else 0
        self.totals.seconds += seconds
        for part in parts:
            part.job.spend(seconds)
            if not done:
                self._lanes.recover(part.lane)
            if failure is not None:
                self._fail(part.job, failure)
        return done

    def _may_run(self, parts: Sequence[_Part]) -> bool:
        """Is the batch still due: none of its jobs cancelled, no more urgent job submitted?

        If cached tokens have just been moved, this evaluation rotates their keys and must not be
        stopped halfway.
        """
        jobs = tuple(part.job for part in parts)
        with self._lock:
            self._batches, self._started = self._batches + 1, time.perf_counter()
            has_chunk = any(job.is_prompting for job in jobs)
            self._chunk = sum(len(part.tokens) for part in parts) if has_chunk else 0
            self._backend.allow()
            if self._lanes.has_moved:
                return True
            urgent = any(other.urgency < jobs[0].urgency for other in self._jobs)
            if urgent or any(job.cancelled for job in jobs):
                return False
            self._running = jobs
            return True

    def _commit(self, part: _Part) -> None:
        """Note what was evaluated; if nothing is left to evaluate, choose the next tokens."""
        job, lane = part.job, part.lane
        if len(lane.tokens) in job.saves:
            self._lanes.save(lane)
        job.note_evaluated(len(part.tokens), len(lane.tokens))
        if len(lane.tokens) < len(job.tokens):
            return
        if job.generated >= job.room:
            self._end(job, "length")
            return
        draft = part.tokens[len(part.tokens) - part.drafted :]
        held = len(lane.tokens) - len(draft)
        accepted, reason = self._choose(job, draft, part.first)
        self._lanes.cut(lane, held + accepted)
        if reason is not None:
            self._end(job, reason)

    def _choose(
        self, job: Job, draft: Sequence[int], first: int
    ) -> tuple[int, FinishReason | None]:
        """Sample while the model agrees with the draft; return how much stays, and why it ends."""
        assert job.sampler is not None
        for at in range(len(draft) + 1):
            if job.wants_alternatives:
                self._fork(job, first + at)
            allowed = job.allowed(self._backend)
            token = job.sampler.sample(first + at, allowed)
            logprob = _logprob(job, first + at, token, allowed)
            self.totals.generated_tokens += 1
            is_end = self._backend.is_end(token)
            was_healing = bool(job.healing)
            reason = job.take(token, self._backend.piece(token), is_end, logprob)
            agrees = at < len(draft) and token == draft[at] and not is_end
            job.drafted += agrees and not was_healing
            if reason is not None or not agrees:
                return at + (agrees and reason != "end"), reason
        raise AssertionError("a draft that never ends")

    def _fork(self, job: Job, index: int) -> None:
        """Start a request's alternatives, each with a different first token."""
        assert job.sampler is not None
        assert job.lane is not None
        job.is_forked = True
        wanted = job.request.alternatives
        found = job.sampler.best(index, wanted + _SPARE_TOKENS)
        # The first is the job's own, even if it ends the answer.
        others = [token for token in found[1:] if not self._ends(job, token)]
        for token in others[: wanted - 1]:
            other = job.fork(next(self._order))
            with self._lock:
                other.cancelled = job.cancelled
                self._jobs.append(other)
            with contextlib.suppress(EngineError):  # all lanes are taken: it waits for one
                self._lanes.fork(job.lane, other.lane_name, other)
            self.totals.generated_tokens += 1
            logprob = _logprob(job, index, token)
            if reason := other.take(token, self._backend.piece(token), False, logprob):
                self._end(other, reason)

    def _ends(self, job: Job, token: int) -> bool:
        return token in job.end_tokens or self._backend.is_end(token)

    def _end(self, job: Job, reason: FinishReason) -> None:
        """End a job; its request ends once all alternatives have."""
        if reason != "cancelled":
            job.say(job.stream.finish())
        job.reason = reason
        self._release(job)
        reasons = [other.reason for other in job.family if other.reason is not None]
        if len(reasons) == len(job.family):
            first = job.family[0]
            job.emit(Finished(reasons[0], first.usage(), tuple(reasons[1:])))

    def _fail(self, job: Job, error: HerdmateError) -> None:
        """Fail a request and all its alternatives."""
        is_news = job in self._jobs
        for other in job.family:
            self._release(other)
        if is_news:
            job.emit(error)

    def _release(self, job: Job) -> None:
        with self._lock:
            if job in self._jobs:
                self._jobs.remove(job)
        if job.sampler is not None:
            job.sampler.close()
            job.sampler = None
        if job.index and job.lane is not None:
            self._lanes.drop(job.lane_name)
        if job.lane is not None:
            job.lane.owner = None
            job.lane = None


def _logprob(job: Job, index: int, token: int, allowed: Tokens | None = None) -> float:
    """The log-probability of a token that a job takes, if it is asked for."""
    if not job.request.logprobs or job.sampler is None:
        return 0.0
    return job.sampler.logprob(index, token, allowed)


@dataclass(slots=True)
class _Part:
    """A job's share of a batch.

    The last ``drafted`` of its tokens are a draft; ``first`` is the slot just before them.
    """

    job: Job
    lane: Lane
    tokens: list[int]
    drafted: int
    first: int = -1
