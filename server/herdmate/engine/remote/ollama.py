"""Ollama's own API (its ``docs/api.md``): our prompt as it is (``raw``), or its own template."""

from __future__ import annotations

from typing import Any

from herdmate.engine.remote.dialect import (
    Counted,
    RemoteRequest,
    Said,
    logprob_of,
    number,
    sampler_options,
    word,
)
from herdmate.engine.remote.messages import Message
from herdmate.engine.remote.render_prompt import ChatPrompt, InfillPrompt, text_of


def question(asked: RemoteRequest) -> tuple[str, dict[str, Any]]:
    """The request's path and body."""
    options: dict[str, Any] = {
        "num_predict": asked.max_tokens,
        "num_ctx": asked.context,
        **sampler_options(asked),
    }
    body: dict[str, Any] = {"model": asked.model, "stream": True, "options": options}
    if isinstance(asked.prompt, ChatPrompt):
        turns = [{"role": role, "content": text} for role, text in asked.prompt.turns]
        return "/api/chat", {**body, "messages": turns}
    if asked.logprobs:
        body["logprobs"] = True
    if isinstance(asked.prompt, InfillPrompt):
        hole = {"prompt": asked.prompt.prefix, "suffix": asked.prompt.suffix}
        return "/api/generate", {**body, **hole}
    return "/api/generate", {**body, "prompt": text_of(asked.prompt), "raw": True}


def said(message: Message) -> Said:
    """The meaning of a line in the stream; its times are in nanoseconds."""
    turn = message.get("message")
    text = word(message.get("response")) or word(
        turn.get("content") if isinstance(turn, dict) else ""
    )
    if not message.get("done"):
        return Said(text, logprob=logprob_of(message.get("logprobs")))
    counted = Counted(
        int(number(message.get("prompt_eval_count"))),
        0,
        int(number(message.get("eval_count"))),
        number(message.get("prompt_eval_duration")) / 1e9,
        number(message.get("eval_duration")) / 1e9,
    )
    return Said(text, "length" if message.get("done_reason") == "length" else "end", counted)
