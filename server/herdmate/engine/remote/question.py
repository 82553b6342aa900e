"""What every dialect is asked with and answers: values."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.engine.remote.render_prompt import Put
from herdmate.generation import FinishReason, Sampling


@dataclass(frozen=True, slots=True)
class Question:
    """One generation. ``context`` is the one to load a model with, where the server lets us say."""

    model: str
    put: Put
    max_tokens: int
    stop: tuple[str, ...]
    sampling: Sampling
    context: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a server tells of its work; -1 and 0.0 where it does not."""

    prompt_tokens: int = -1
    reused_tokens: int = 0
    generated_tokens: int = -1
    prompt_seconds: float = 0.0
    generation_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """One message: some text, why it is the last one with text, and figures."""

    text: str = ""
    reason: FinishReason | None = None
    counted: Counted | None = None


def number(value: object) -> float:
    """A number that a server told, 0 for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def word(value: object) -> str:
    """A text that a server told, empty for anything else."""
    return value if isinstance(value, str) else ""
