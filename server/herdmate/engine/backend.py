"""The interface through which the scheduler evaluates tokens: llama.cpp, or the fake for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from herdmate.engine.token_healing import PieceTable, Tokens
from herdmate.generation import ModelInfo, Sampling, Segment

LEAST_LOGPROB = -100.0
"""The least log-probability of a token; a logit can be minus infinity."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One token of a batch: where it goes, and whether its logits are needed."""

    sequence: int
    position: int
    token: int
    wants_logits: bool = False


class Sampler(Protocol):
    """Chooses next tokens for one generation; holds native memory until it is closed."""

    def sample(self, index: int, allowed: Tokens | None = None) -> int:
        """The token chosen from the logits of batch slot ``index`` of the last evaluation.

        If ``allowed`` is given, only its tokens are candidates.
        """

    def logprob(self, index: int, token: int, allowed: Tokens | None = None) -> float:
        """The natural logarithm of the model's probability of a token at that slot, at most 0.

        Among all tokens, or those ``allowed``; whatever the temperature.
        """

    def best(self, index: int, count: int) -> list[int]:
        """The ``count`` most probable tokens at that slot, best first."""

    def clone(self) -> Sampler:
        """A second sampler in the same state."""

    def close(self) -> None:
        """Free its native memory."""


class Backend(Protocol):
    """A model with a KV cache of several sequences. Not thread safe unless a method says so."""

    @property
    def info(self) -> ModelInfo:
        """The loaded model."""

    @property
    def chunk(self) -> int:
        """The most prompt tokens that one evaluation can take."""

    @property
    def lanes(self) -> int:
        """How many lanes the cache can hold, each with two sequences: ``n`` and ``lanes + n``."""

    @property
    def can_shift(self) -> bool:
        """Can cached tokens be moved to other positions?"""

    @property
    def rewinds(self) -> bool:
        """Can the end of a sequence be dropped? Models with a running state cannot go back in it.

        They have no second sequences, and are taken back to a saved state.
        """

    @property
    def pieces(self) -> PieceTable:
        """The bytes of every token that can occur in text."""

    @property
    def step_seconds(self) -> Mapping[int, float]:
        """Measured seconds of an evaluation by its number of tokens; empty if unknown."""

    def tokenize(self, segments: Sequence[Segment]) -> list[int]:
        """Token ids of a prompt; user text never becomes a control token. Thread safe."""

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for a control token."""

    def is_end(self, token: int) -> bool:
        """Is it one of the vocabulary's end-of-generation tokens?"""

    def token_of(self, piece: str) -> int | None:
        """The id of a control piece; ``None`` if the vocabulary does not have it."""

    def evaluate(self, batch: Sequence[Slot]) -> bool:
        """Evaluate a batch; ``False`` if it was aborted, in which case none of it counts.

        Raises ``EngineError`` if the model fails.
        """

    def forget(self, sequence: int, start: int, end: int = -1) -> bool:
        """Drop a sequence's cached tokens at positions ``start:end``; -1 means to its end.

        ``False`` if the model cannot do that, in which case nothing has changed. All of a sequence
        can always be dropped.
        """

    def save(self, sequence: int) -> bytes:
        """A sequence's running state after its last token; see ``rewinds``."""

    def restore(self, sequence: int, state: bytes) -> bool:
        """Give a sequence back a state of its own; tokens after it can then be dropped.

        ``False`` if that failed.
        """

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Let a sequence share another's cached tokens at positions ``start:end``."""

    def shift(self, sequence: int, by: int) -> None:
        """Move all cached tokens of a sequence ``by`` positions, in every sequence sharing them."""

    def sampler(self, sampling: Sampling) -> Sampler:
        """A sampler for one generation."""

    def abort(self) -> None:
        """Stop the current evaluation, if any. Thread safe."""

    def allow(self) -> None:
        """Undo an earlier ``abort``. Thread safe."""
