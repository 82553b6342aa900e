"""What the scheduler needs of whoever evaluates tokens: llama.cpp, or the fake for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from herdmate.generation import ModelInfo, Sampling, Segment


@dataclass(frozen=True, slots=True)
class Slot:
    """One token of a batch: where it goes, and whether logits are wanted behind it."""

    sequence: int
    position: int
    token: int
    wants_logits: bool = False


class Sampler(Protocol):
    """Chooses next tokens for one generation; holds native memory until it is closed."""

    def sample(self, index: int) -> int:
        """The token chosen from the logits of batch slot ``index`` of the last evaluation."""

    def close(self) -> None:
        """Free what it holds."""


class Backend(Protocol):
    """A model with a KV cache of several sequences. Not thread safe, but for ``abort``."""

    @property
    def info(self) -> ModelInfo:
        """What is loaded."""

    @property
    def chunk(self) -> int:
        """How many prompt tokens one evaluation may carry."""

    @property
    def sequences(self) -> int:
        """How many sequences the cache can hold."""

    def tokenize(self, segments: Sequence[Segment]) -> list[int]:
        """Token ids of a prompt; user text never becomes a control token. Thread safe."""

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for a control token."""

    def is_end(self, token: int) -> bool:
        """Does the vocabulary say that generation ends with this token?"""

    def token_of(self, piece: str) -> int | None:
        """The id of a control piece, or ``None`` where the vocabulary has none."""

    def evaluate(self, batch: Sequence[Slot]) -> bool:
        """Evaluate a batch; ``False`` when it was aborted and nothing of it counts.

        Raises ``EngineError`` when the model fails.
        """

    def forget(self, sequence: int, start: int) -> None:
        """Drop the cached tokens of a sequence from position ``start`` on."""

    def sampler(self, sampling: Sampling) -> Sampler:
        """A sampler for one generation."""

    def abort(self) -> None:
        """Stop the evaluation that runs now, if one runs. Thread safe."""

    def allow(self) -> None:
        """Take back an earlier ``abort``. Thread safe."""
