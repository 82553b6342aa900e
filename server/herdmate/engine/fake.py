"""A backend without a model, for fast unit and protocol tests.

Its vocabulary is the 256 bytes and the control pieces that were asked for. It answers every prompt
with a scripted text, byte by byte, and keeps the same books as a real one. It proves nothing of the
product but the machinery around the model.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from herdmate.engine.backend import Sampler, Slot
from herdmate.generation import ModelInfo, Sampling, Segment, Text

_END = 256
_FIRST_PIECE = 257


@dataclass(frozen=True, slots=True)
class Script:
    """What the fake says.

    ``replies`` maps a text to look for in the prompt to the reply; the first that is found counts,
    and ``""`` matches every prompt. ``seconds`` is how long each evaluated token takes. A reply of
    ``"<die>"`` ends the process, as a crash in native code would.
    """

    replies: Mapping[str, str] = field(default_factory=lambda: {"": "fake"})
    seconds: float = 0.0
    context: int = 4096
    pieces: tuple[str, ...] = ()


class FakeBackend:
    """See ``backend.Backend``."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._pieces = {piece: _FIRST_PIECE + at for at, piece in enumerate(script.pieces)}
        self._cells: dict[int, list[int]] = {}
        self._ends: list[int] = []  # the sequence of each slot of the last batch
        self._aborted = threading.Event()
        self.evaluated: list[Slot] = []

    @property
    def info(self) -> ModelInfo:
        """A made-up model."""
        return ModelInfo(
            path="fake", name="Fake", architecture="fake", vocabulary="bpe",
            vocabulary_size=_FIRST_PIECE + len(self._pieces), context=self._script.context,
            context_trained=self._script.context, layers=0, parameters=0, size=0,
            pieces=self._pieces,
        )  # fmt: skip

    @property
    def chunk(self) -> int:
        """As the real one's on a processor."""
        return 128

    @property
    def sequences(self) -> int:
        """As the real one's."""
        return 8

    def tokenize(self, segments: Sequence[Segment]) -> list[int]:
        """Bytes, and ids of control pieces."""
        ids: list[int] = []
        for segment in segments:
            if isinstance(segment, Text):
                ids += segment.text.encode("utf-8", "replace")
            else:
                ids.append(self._pieces[segment.piece])
        return ids

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
        """Keep the books of the cache; takes ``seconds`` a token unless aborted."""
        if self._script.seconds and self._aborted.wait(self._script.seconds * len(batch)):
            return False
        if self._aborted.is_set():
            return False
        for slot in batch:
            cells = self._cells.setdefault(slot.sequence, [])
            if slot.position != len(cells):
                raise AssertionError(f"gap in sequence {slot.sequence} at {slot.position}")
            cells.append(slot.token)
        self._ends = [slot.sequence for slot in batch]
        self.evaluated += batch
        return True

    def forget(self, sequence: int, start: int) -> None:
        """Drop cached tokens."""
        del self._cells.setdefault(sequence, [])[start:]

    def sampler(self, sampling: Sampling) -> Sampler:
        """Says the script's reply to the prompt that is in the cache at the first sample."""
        return _ScriptSampler(self)

    def abort(self) -> None:
        """Stop the running evaluation."""
        self._aborted.set()

    def allow(self) -> None:
        """Let evaluations run again."""
        self._aborted.clear()

    def reply_to(self, index: int) -> bytes:
        """The scripted reply to what the sequence of batch slot ``index`` holds."""
        names = {token: piece for piece, token in self._pieces.items()}
        cells = self._cells[self._ends[index]]
        prompt = b"".join(
            names[token].encode() if token in names else self.piece(token) for token in cells
        ).decode("utf-8", "replace")
        return next(
            (text for mark, text in self._script.replies.items() if mark in prompt), ""
        ).encode()


class _ScriptSampler:
    """One reply, byte by byte."""

    def __init__(self, backend: FakeBackend) -> None:
        self._backend = backend
        self._reply: bytes | None = None
        self._at = 0

    def sample(self, index: int) -> int:
        """The next byte of the reply, or the end."""
        if self._reply is None:
            self._reply = self._backend.reply_to(index)
        if self._reply == b"<die>":
            os._exit(9)
        self._at += 1
        return self._reply[self._at - 1] if self._at <= len(self._reply) else _END

    def close(self) -> None:
        """Nothing is held."""
