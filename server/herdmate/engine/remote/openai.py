"""OpenAI's API, as LM Studio, text-generation-webui, vLLM and llama-cpp-python implement it."""

from __future__ import annotations

from typing import Any

from herdmate.engine.remote.dialect import (
    Counted,
    RemoteRequest,
    Said,
    logprob_of,
    number,
    sum_of,
    word,
)
from herdmate.engine.remote.messages import Message
from herdmate.engine.remote.render_prompt import ChatPrompt, InfillPrompt, text_of
from herdmate.generation import FinishReason

_MOST_STOPS = 4  # OpenAI's own limit; the engine checks for all of them itself


def question(asked: RemoteRequest) -> tuple[str, dict[str, Any]]:
    """The request's path and body. The API has no infilling: a hole's prefix is continued."""
    body: dict[str, Any] = {
        "model": asked.model,
        "max_tokens": asked.max_tokens,
        "stop": list(asked.stop[:_MOST_STOPS]),
        "temperature": asked.sampling.temperature,
        "top_p": asked.sampling.top_p if asked.sampling.temperature else 1.0,
        "seed": asked.sampling.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        **(_vllm_options(asked) if asked.is_vllm else {}),
    }
    if isinstance(asked.prompt, ChatPrompt):
        turns = [{"role": role, "content": text} for role, text in asked.prompt.turns]
        return "/v1/chat/completions", {**body, "messages": turns}
    prompt = (
        asked.prompt.prefix if isinstance(asked.prompt, InfillPrompt) else text_of(asked.prompt)
    )
    if asked.logprobs:
        body["logprobs"] = 1
    return "/v1/completions", {**body, "prompt": prompt}


def _vllm_options(asked: RemoteRequest) -> dict[str, Any]:
    """What vLLM would otherwise decide itself.

    Where a request does not say how to sample, it does as the model's ``generation_config.json``
    says: often with a penalty for repetition, which spoils code. It hides control tokens, so that
    those that should end an answer do not.
    """
    sampling = asked.sampling
    return {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repetition_penalty": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "skip_special_tokens": isinstance(asked.prompt, ChatPrompt),
    }


def said(message: Message) -> Said:
    """The meaning of a message in the stream, or of the only one if the server does not stream."""
    choices = message.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    choice = choice if isinstance(choice, dict) else {}
    turn = choice.get("delta") or choice.get("message") or {}
    text = word(choice.get("text")) or word(turn.get("content") if isinstance(turn, dict) else "")
    ends = choice.get("finish_reason")
    reason: FinishReason | None = None if not ends else "length" if ends == "length" else "end"
    return Said(text, reason, _counted(message.get("usage")), _logprob(choice.get("logprobs")))


def _logprob(found: object) -> float | None:
    """OpenAI's list of numbers, or llama.cpp's list of tokens with a number each."""
    if not isinstance(found, dict):
        return None
    numbers = found.get("token_logprobs")
    if isinstance(numbers, list) and numbers:
        return sum_of(numbers)
    return logprob_of(found.get("content"))


def _counted(usage: object) -> Counted | None:
    if not isinstance(usage, dict) or not usage.get("prompt_tokens"):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Counted(
        int(number(usage.get("prompt_tokens"))),
        int(number(cached)),
        int(number(usage.get("completion_tokens"))),
    )
