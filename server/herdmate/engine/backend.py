"""What the scheduler needs of whoever evaluates tokens: llama.cpp, or the fake for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from herdmate.engine.healing import PieceTable, Tokens
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

    def sample(self, index: int, allowed: Tokens | None = None) -> int:
        """The token chosen from the logits of batch slot ``index`` of the last evaluation.

        Only from ``allowed`` where that is given.
        """

    def best(self, index: int, count: int) -> list[int]:
        """The ``count`` most probable tokens there, best first."""

    def clone(self) -> Sampler:
        """Another sampler in the same state."""

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
    def lanes(self) -> int:
        """How many lanes the cache can hold, each with two sequences: ``n`` and ``lanes + n``."""

    @property
    def can_shift(self) -> bool:
        """Can cached tokens be moved to other positions?"""

    @property
    def pieces(self) -> PieceTable:
        """The bytes of all tokens that text consists of."""

    @property
    def step_seconds(self) -> Mapping[int, float]:
        """Measured seconds of an evaluation by its number of tokens; empty where unknown."""

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

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Let a sequence share another's cached tokens at positions ``start:end``."""

    def shift(self, sequence: int, by: int) -> None:
        """Move all cached tokens of a sequence by some positions, for all that share them."""

    def sampler(self, sampling: Sampling) -> Sampler:
        """A sampler for one generation."""

    def abort(self) -> None:
        """Stop the evaluation that runs now, if one runs. Thread safe."""

    def allow(self) -> None:
        """Take back an earlier ``abort``. Thread safe."""
