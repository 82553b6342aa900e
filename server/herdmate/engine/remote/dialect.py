"""The questions and answers that all dialects share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from herdmate.engine.remote.render_prompt import RenderedPrompt
from herdmate.generation import FinishReason, Sampling


@dataclass(frozen=True, slots=True)
class RemoteRequest:
    """One generation. ``context``: tokens to load the model with, if the server lets us choose.

    ``logprobs`` asks for the probability of each token. ``is_vllm``: is the server a vLLM?
    """

    model: str
    prompt: RenderedPrompt
    max_tokens: int
    stop: tuple[str, ...]
    sampling: Sampling
    context: int
    logprobs: bool = False
    is_vllm: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """A server's usage figures; -1 and 0.0 if it does not report them."""

    prompt_tokens: int = -1
    reused_tokens: int = 0
    generated_tokens: int = -1
    prompt_seconds: float = 0.0
    generation_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """One message: some text, the reason if it is the last one with text, and usage.

    ``logprob`` is the natural logarithm of the text's probability, ``None`` if it is not known.
    """

    text: str = ""
    reason: FinishReason | None = None
    counted: Counted | None = None
    logprob: float | None = None


def sampler_options(asked: RemoteRequest) -> dict[str, Any]:
    """Stop strings and sampling by llama.cpp's names, which Ollama shares."""
    sampling = asked.sampling
    return {
        "stop": list(asked.stop),
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "seed": sampling.seed,
    }


def logprob_of(tokens: object) -> float | None:
    """The sum over a list of tokens with a ``logprob`` each; ``None`` if one has none."""
    if not isinstance(tokens, list) or not tokens:
        return None
    return sum_of([token.get("logprob") if isinstance(token, dict) else None for token in tokens])


_LEAST = -10_000.0


def sum_of(logprobs: Sequence[object]) -> float | None:
    """The sum of log-probabilities from a server; ``None`` if one is not a number below 1."""
    known = [
        float(max(min(value, 0.0), _LEAST))
        for value in logprobs
        if isinstance(value, int | float) and not isinstance(value, bool) and value < 1
    ]
    return sum(known) if known and len(known) == len(logprobs) else None


_LARGEST = 1e15


def number(value: object) -> float:
    """A number from a server; 0 for anything else, and for what no count or time can be."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= _LARGEST else 0.0  # type: ignore[operator, arg-type]


def word(value: object) -> str:
    """A text from a server; empty for anything else."""
    return value if isinstance(value, str) else ""
