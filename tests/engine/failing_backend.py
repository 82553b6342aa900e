"""A fake backend that fails as real ones do, and notices every mistake in the cache's books."""

from __future__ import annotations

import random
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

from herdmate.engine.backend import Sampler, Slot
from herdmate.engine.fake import FakeBackend, _Cell
from herdmate.engine.start import FakeStart
from herdmate.engine.token_healing import PieceTable, Tokens
from herdmate.errors import EngineError
from herdmate.generation import Sampling, Segment, Text

_END = 256
_FIRST_LONG = 400
_DIGITS = "0123456789abcdef"
_LONG = (
    b"xx", b"xxxx", b"px", b"pp", b"xf", b"wh", b"what",
    *((one + other).encode() for one in _DIGITS for other in _DIGITS[::3]),
)  # fmt: skip
_TOKENS = {piece: _FIRST_LONG + at for at, piece in enumerate(_LONG)}


class FailingBackend(FakeBackend):
    """Answers the request whose number is its seed, once the right tokens are cached.

    Some tokens are several bytes long. With ``has_state`` it cannot drop the end of a sequence.
    ``meanwhile`` is called in the middle of everything, as if by another thread, and can abort an
    evaluation. That and a failure leave half of a batch behind.
    """

    def __init__(self, script: FakeStart, dice: random.Random, lanes: int, has_state: bool) -> None:
        super().__init__(script)
        self._dice, self._lanes, self._has_state = dice, lanes, has_state
        self.failures = 0.0
        self.meanwhile: Callable[[float], None] = lambda _: None
        self.wanted: dict[int, tuple[list[int], bytes, bool]] = {}
        """By number: the tokens of the prompt, the answer, and whether no cell may be moved."""
        self.states: dict[int, list[int]] = {}  # the tokens that each running state has seen
        self.samplers = 0  # not closed yet
        self._histories: dict[int, int] = {}  # by cell: a digest of all that it has seen
        self._has_moved = self._is_busy = False

    @property
    def chunk(self) -> int:
        """Several for most prompts."""
        return 32

    @property
    def lanes(self) -> int:
        """Few."""
        return self._lanes

    @property
    def can_shift(self) -> bool:
        """Not with a running state."""
        return not self._has_state

    @property
    def rewinds(self) -> bool:
        """Not with a running state."""
        return not self._has_state

    @property
    def step_seconds(self) -> Mapping[int, float]:
        """So cheap that drafts are as long as they can be."""
        return {1: 1.0, 2: 1.1, 4: 1.3, 8: 1.4, 16: 1.5}

    @cached_property
    def pieces(self) -> PieceTable:
        """Some begin with others."""
        single = [bytes([token]) for token in range(_END)]
        return PieceTable([*single, *[b""] * (_FIRST_LONG - _END), *_LONG])

    def tokenize(self, segments: Sequence[Segment]) -> list[int]:
        """Always the longest token."""
        ids: list[int] = []
        for segment in segments:
            if isinstance(segment, Text):
                data = segment.text.encode()
                while data:
                    ids.append(longest(data))
                    data = data[len(self.piece(ids[-1])) :]
            else:
                ids.append(self._pieces[segment.piece])
        return ids

    def piece(self, token: int) -> bytes:
        """One byte or several."""
        return _LONG[token - _FIRST_LONG] if token >= _FIRST_LONG else super().piece(token)

    def evaluate(self, batch: Sequence[Slot]) -> bool:
        """Fail, be aborted, or keep the books."""
        assert 0 < len(batch) <= self.chunk + 16
        assert sum(slot.wants_logits for slot in batch) <= 32
        self._logits = set()
        with self._interrupted(10.0 if self._has_moved else 1.0):
            fails = self._dice.random() < self.failures
        if fails or self._aborted.is_set():
            assert fails or not self._has_moved, "stopped while keys are rotated"
            for slot in batch[: self._dice.randint(0, len(batch))]:
                self._cells.append(_Cell(slot.position, slot.token, {slot.sequence}))
                self.states.setdefault(slot.sequence, []).append(-1)
            if fails:
                raise EngineError("It fails.")
            return False
        for slot in batch:
            state = self.states.setdefault(slot.sequence, [])
            assert not self._has_state or len(state) == slot.position
            state.append(slot.token)
        self._has_moved = False
        done = super().evaluate(batch)
        self._note_histories(batch)
        return done

    def _note_histories(self, batch: Sequence[Slot]) -> None:
        sequences = {slot.sequence for slot in batch}
        held = {each: {cell.position: cell for cell in self._held(each)} for each in sequences}
        for slot in batch:
            before = held[slot.sequence].get(slot.position - 1)
            history = 0 if before is None else self._histories[id(before)]
            cell = held[slot.sequence][slot.position]
            self._histories[id(cell)] = hash((history, slot.token))

    def save(self, sequence: int) -> bytes:
        """The tokens that the state has seen."""
        with self._interrupted():
            return array("i", self.states.get(sequence, [])).tobytes() if self._has_state else b""

    def restore(self, sequence: int, state: bytes) -> bool:
        """Does not always succeed."""
        if self._dice.random() < 0.1:
            return False
        self.states[sequence] = array("i", state).tolist()
        return True

    def forget(self, sequence: int, start: int, end: int = -1) -> bool:
        """A running state can only be dropped as a whole."""
        with self._interrupted():
            if self._has_state:
                assert end == -1
                assert sequence < self.lanes
                if start and start < len(self.states.get(sequence, [])):
                    return False
            if not start and end == -1:
                self.states[sequence] = []
            return super().forget(sequence, start, end)

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Only what is there, to where nothing is."""
        with self._interrupted():
            places = set(range(start, end))
            assert places <= {cell.position for cell in self._held(source)}
            assert places.isdisjoint(cell.position for cell in self._held(target))
            if self._has_state:
                assert len(self.states.get(source, [])) == end
                self.states[target] = list(self.states.get(source, []))
            super().copy(source, target, start, end)

    def shift(self, sequence: int, by: int) -> None:
        """Only cells that no other sequence has."""
        assert all(cell.sequences == {sequence} for cell in self._held(sequence))
        self._has_moved = True
        super().shift(sequence, by)

    def sampler(self, sampling: Sampling) -> Sampler:
        """For the request whose number is the seed."""
        with self._interrupted():
            return _Sampler(self, *self.wanted[sampling.seed])

    def held(self) -> dict[int, list[tuple[int, int]]]:
        """Position and token of each cell, by sequence."""
        found: dict[int, list[tuple[int, int]]] = {}
        for cell in self._cells:
            for sequence in cell.sequences:
                found.setdefault(sequence, []).append((cell.position, cell.token))
        return {sequence: sorted(cells) for sequence, cells in found.items()}

    def check(self, index: int, tokens: Sequence[int | None], is_exact: bool) -> None:
        """Is it these tokens that are cached up to a slot?"""
        self.check_logits(index)
        sequence, place = self._ends[index]
        cells = self._held(sequence)[: place + 1]
        found = [cell.token for cell in cells]
        assert len(found) == len(tokens)
        assert all(one in (other, None) for one, other in zip(tokens, found, strict=True))
        assert not self._has_state or self.states[sequence] == found
        if is_exact:
            history = 0
            for token in found:
                history = hash((history, token))
            assert self._histories[id(cells[-1])] == history

    @contextmanager
    def _interrupted(self, share: float = 0.05) -> Iterator[None]:
        if not self._is_busy:
            self._is_busy = True
            self.meanwhile(share)
            self._is_busy = False
        yield


def longest(data: bytes) -> int:
    """The longest token with which some bytes begin."""
    return next((_TOKENS[data[:size]] for size in (4, 2) if data[:size] in _TOKENS), data[0])


class _Sampler:
    """One answer, in tokens that are not always the longest ones."""

    def __init__(
        self, backend: FailingBackend, tokens: Sequence[int | None], answer: bytes, is_exact: bool
    ) -> None:
        self._backend, self._tokens, self._answer = backend, list(tokens), answer
        self._is_exact, self._is_open = is_exact, True
        backend.samplers += 1

    def sample(self, index: int, allowed: Tokens | None = None) -> int:
        """The next token of the answer, or the end."""
        token = self._next(index)
        assert allowed is None or token in allowed
        self._answer = self._answer[len(self._backend.piece(token)) :]
        self._tokens.append(token)
        return token

    def logprob(self, index: int, token: int, allowed: Tokens | None = None) -> float:
        """Always the same."""
        self._backend.check_logits(index)
        return -0.001

    def best(self, index: int, count: int) -> list[int]:
        """The next token, then others of one byte."""
        first = self._next(index)
        return [first, *((first + at) % 128 for at in range(1, count))]

    def clone(self) -> Sampler:
        """One that goes on after another token, which the caller chooses."""
        assert self._is_open
        return _Sampler(self._backend, [*self._tokens, None], self._answer[1:], self._is_exact)

    def close(self) -> None:
        """Once."""
        assert self._is_open
        self._is_open = False
        self._backend.samplers -= 1

    def _next(self, index: int) -> int:
        assert self._is_open
        self._backend.check(index, self._tokens, self._is_exact)
        if not self._answer:
            return _END
        return longest(self._answer) if zlib.crc32(self._answer) % 3 else self._answer[0]
