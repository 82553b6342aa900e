"""llama-server's own API (llama.cpp, ``tools/server/README.md``)."""

from __future__ import annotations

from typing import Any

from herdmate.engine.remote import openai
from herdmate.engine.remote.dialect import (
    Counted,
    RemoteRequest,
    Said,
    logprob_of,
    number,
    sampler_options,
    word,
)
from herdmate.engine.remote.endpoint import Endpoint
from herdmate.engine.remote.messages import Message, fetch_message
from herdmate.engine.remote.render_prompt import ChatPrompt, InfillPrompt, text_of


def question(asked: RemoteRequest) -> tuple[str, dict[str, Any]]:
    """The request's path and body."""
    if isinstance(asked.prompt, ChatPrompt):
        return openai.question(asked)
    body: dict[str, Any] = {
        "n_predict": asked.max_tokens,
        **sampler_options(asked),
        "stream": True,
        "cache_prompt": True,
    }
    if asked.logprobs:
        body["n_probs"] = 1
    if isinstance(asked.prompt, InfillPrompt):
        hole = {"input_prefix": asked.prompt.prefix, "input_suffix": asked.prompt.suffix}
        return "/infill", {**body, **hole}
    return "/completion", {**body, "prompt": text_of(asked.prompt)}


def said(message: Message) -> Said:
    """The meaning of a message in the stream."""
    if "choices" in message or "content" not in message:
        return openai.said(message)
    text = word(message.get("content"))
    if not message.get("stop"):
        return Said(text, logprob=logprob_of(message.get("completion_probabilities")))
    cut = message.get("stop_type") == "limit" or message.get("stopped_limit") is True
    return Said(text, "length" if cut else "end", _counted(message))


async def count_tokens(endpoint: Endpoint, texts: list[str]) -> list[int]:
    """Token counts of texts in one exchange; a token counts for the text in which it begins.

    Raises ``EngineError``.
    """
    body = {"content": "".join(texts), "with_pieces": True}
    answer = await fetch_message(endpoint, "/tokenize", body)
    tokens = answer.get("tokens")
    lengths = [_length(token) for token in tokens] if isinstance(tokens, list) else []
    counts, at, token, end = [], 0, 0, 0
    for text in texts:
        end += len(text.encode("utf-8", "replace"))
        first = token
        while token < len(lengths) and at < end:
            at += lengths[token]
            token += 1
        counts.append(token - first)
    return counts


def _length(token: object) -> int:
    """Bytes of a token; incomplete characters come as a list of numbers."""
    piece = token.get("piece") if isinstance(token, dict) else ""
    if isinstance(piece, str):
        return len(piece.encode("utf-8", "replace"))
    return len(piece) if isinstance(piece, list) else 0


def _counted(message: Message) -> Counted:
    timings = message.get("timings")
    timings = timings if isinstance(timings, dict) else {}
    evaluated, cached = int(number(timings.get("prompt_n"))), int(number(timings.get("cache_n")))
    whole = int(number(message.get("tokens_evaluated"))) or evaluated + cached
    return Counted(
        whole,
        max(whole - evaluated, 0),
        int(number(timings.get("predicted_n")) or number(message.get("tokens_predicted"))),
        number(timings.get("prompt_ms")) / 1000,
        number(timings.get("predicted_ms")) / 1000,
    )
