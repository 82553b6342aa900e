"""A backend without a model, for fast unit and protocol tests.

Its vocabulary is the 256 bytes and the requested control pieces. It answers every prompt with a
scripted text, byte by byte, and does the same bookkeeping as a real one. It tests only the
machinery around the model.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from herdmate.engine.backend import Sampler, Slot
from herdmate.engine.start import FakeStart
from herdmate.engine.token_healing import PieceTable, Tokens
from herdmate.generation import ModelInfo, Sampling, Segment, Text

_END = 256
_FIRST_PIECE = 257
_SLOWLY, _SLOW = b"<slowly>", 0.1


def load(script: FakeStart, on_progress: Callable[[float], None]) -> FakeBackend:
    """The backend, after ``load_seconds``; blocks throughout, as loading in native code does."""
    if script.load_seconds:
        on_progress(0.5)
        time.sleep(script.load_seconds)
    return FakeBackend(script)


def digest(prompt: str) -> str:
    """What ``"<digest>"`` becomes after this prompt."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:12]


class FakeBackend:
    """See ``backend.Backend``."""

    def __init__(self, script: FakeStart) -> None:
        self._script = script
        self._pieces = {piece: _FIRST_PIECE + at for at, piece in enumerate(script.control_pieces)}
        self._cells: list[_Cell] = []
        self._ends: list[tuple[int, int]] = []  # sequence and position of the last batch's slots
        self._logits: set[int] = set()  # the last batch's slots that have them
        self._aborted = threading.Event()
        self.seconds = script.seconds
        self.evaluated: list[Slot] = []

    @property
    def doubtful(self) -> str:
        """The characters that the model is not sure of."""
        return self._script.doubtful

    @property
    def info(self) -> ModelInfo:
        """A made-up model."""
        return ModelInfo(
            path="fake-qwen2.5-coder", name="Fake", architecture="fake", vocabulary="bpe",
            vocabulary_size=_FIRST_PIECE + len(self._pieces), context=self._script.context,
            context_trained=self._script.context, layers=0, parameters=0, size=0,
            pieces=self._pieces,
        )  # fmt: skip

    @property
    def chunk(self) -> int:
        """The same as the real one's on a CPU."""
        return 128

    @property
    def lanes(self) -> int:
        """The same as the real one's."""
        return 8

    @property
    def can_shift(self) -> bool:
        """Always true."""
        return True

    @property
    def rewinds(self) -> bool:
        """Always true."""
        return True

    @property
    def step_seconds(self) -> Mapping[int, float]:
        """Cheap batches, so that drafts are made."""
        return {1: 1.0, 2: 1.1, 4: 1.3, 8: 2.0}

    @cached_property
    def pieces(self) -> PieceTable:
        """Single bytes: no token begins with another, so nothing is ever healed."""
        return PieceTable([bytes([token]) for token in range(_END)])

    def tokenize(self, segments: Sequence[Segment]) -> list[int]:
        """Bytes, and the ids of control pieces."""
        ids: list[int] = []
        for segment in segments:
            if isinstance(segment, Text):
                self._record(segment.text)
                ids += segment.text.encode("utf-8", "replace")
            else:
                ids.append(self._pieces[segment.piece])
        return ids

    def _record(self, text: str) -> None:
        if self._script.record:
            with open(self._script.record, "a", encoding="utf-8", errors="replace") as file:
                file.write(f"{text}\n")

    def piece(self, token: int) -> bytes:
        """The byte itself."""
        return bytes([token]) if token < _END else b""

    def is_end(self, token: int) -> bool:
        """Is it the one end token?"""
        return token == _END

    def token_of(self, piece: str) -> int | None:
        """The id of a control piece."""
        return self._pieces.get(piece)

    def evaluate(self, batch: Sequence[Slot]) -> bool:
        """Keep the cache's books; takes ``seconds`` per token unless aborted."""
        if self.seconds and self._aborted.wait(self.seconds * len(batch)):
            return False
        if self._aborted.is_set():
            return False
        sequences = {slot.sequence for slot in batch}
        held = {each: [cell.position for cell in self._held(each)] for each in sequences}
        for slot in batch:
            held[slot.sequence].append(slot.position)
            self._cells.append(_Cell(slot.position, slot.token, {slot.sequence}))
        for sequence, positions in held.items():
            if positions != list(range(len(positions))):
                raise AssertionError(f"gap in sequence {sequence}")
        if len(self._cells) > self._script.context:
            raise AssertionError("more cells than the context has")
        self._ends = [(slot.sequence, slot.position) for slot in batch]
        self._logits = {at for at, slot in enumerate(batch) if slot.wants_logits}
        self.evaluated += batch
        return True

    def save(self, sequence: int) -> bytes:
        """Nothing: there is no running state."""
        return b""

    def restore(self, sequence: int, state: bytes) -> bool:
        """Do nothing."""
        return True

    def forget(self, sequence: int, start: int, end: int = -1) -> bool:
        """Drop cached tokens."""
        for cell in self._held(sequence):
            if cell.position >= start and (end < 0 or cell.position < end):
                cell.sequences.remove(sequence)
        self._cells = [cell for cell in self._cells if cell.sequences]
        return True

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Share cached tokens."""
        for cell in self._held(source):
            if start <= cell.position < end:
                cell.sequences.add(target)

    def shift(self, sequence: int, by: int) -> None:
        """Move cached tokens in every sequence that shares them, as llama.cpp does."""
        for cell in self._held(sequence):
            cell.position += by

    def sampler(self, sampling: Sampling) -> Sampler:
        """Says the scripted reply to the prompt that is cached when it first samples."""
        return _ScriptSampler(self)

    def abort(self) -> None:
        """Stop the running evaluation."""
        self._aborted.set()

    def allow(self) -> None:
        """Let evaluations run again."""
        self._aborted.clear()

    def check_logits(self, index: int) -> None:
        """Fail, as llama.cpp does, if the last batch has no logits at a slot."""
        if index not in self._logits:
            raise AssertionError(f"no logits at slot {index}")

    def reply_to(self, index: int) -> bytes:
        """The scripted reply to what the sequence of batch slot ``index`` holds."""
        self.seconds = self._script.seconds
        names = {token: piece for piece, token in self._pieces.items()}
        sequence, place = self._ends[index]
        cells = [cell.token for cell in self._held(sequence)][: place + 1]
        prompt = b"".join(
            names[token].encode() if token in names else self.piece(token) for token in cells
        ).decode("utf-8", "replace")
        found = (text for mark, text in self._script.replies.items() if mark in prompt)
        return next(found, "").replace("<digest>", digest(prompt)).encode()

    def _held(self, sequence: int) -> list[_Cell]:
        """A sequence's cells in order of position."""
        mine = (cell for cell in self._cells if sequence in cell.sequences)
        return sorted(mine, key=lambda cell: cell.position)


@dataclass(slots=True)
class _Cell:
    """One token of the cache and the sequences that share it."""

    position: int
    token: int
    sequences: set[int]


class _ScriptSampler:
    """One reply, byte by byte."""

    def __init__(self, backend: FakeBackend) -> None:
        self._backend = backend
        self._reply: bytes | None = None
        self._at = 0

    def sample(self, index: int, allowed: Tokens | None = None) -> int:
        """The next byte of the reply, or the end."""
        self._backend.check_logits(index)
        if self._reply is None:
            self._reply = self._backend.reply_to(index)
        if self._reply == b"<die>":
            os._exit(9)
        if self._reply == b"<illegal>":
            signal.raise_signal(signal.SIGILL)
        if self._reply.startswith(_SLOWLY, self._at):
            self._at += len(_SLOWLY)
            self._backend.seconds = _SLOW
        self._at += 1
        return self._reply[self._at - 1] if self._at <= len(self._reply) else _END

    def logprob(self, index: int, token: int, allowed: Tokens | None = None) -> float:
        """As scripted: little for the characters in ``doubtful``."""
        doubts = self._backend.doubtful.encode()
        return -4.0 if token < _END and token in doubts else -0.001

    def best(self, index: int, count: int) -> list[int]:
        """The next byte of the reply, then the byte values after it."""
        self._backend.check_logits(index)
        if self._reply is None:
            self._reply = self._backend.reply_to(index)
        first = self._reply[self._at] if self._at < len(self._reply) else _END
        return [first, *((first + at) % _END for at in range(1, count))]

    def clone(self) -> Sampler:
        """One that continues after the next byte, which the caller chooses."""
        other = _ScriptSampler(self._backend)
        other._reply, other._at = self._reply, self._at + 1
        return other

    def close(self) -> None:
        """Do nothing: there is nothing to free."""
