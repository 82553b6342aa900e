"""The last check before a request reaches an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from herdmate.generation import Request, Text
from herdmate.redaction.redact import Redactions, redacted, run_redaction

_prompts = Redactions()


async def request_without_secrets(request: Request) -> Request:
    """A request with its secrets replaced by asterisks, wherever it comes from."""
    texts = (segment.text for segment in request.prompt.segments if isinstance(segment, Text))
    return await run_redaction(sum(map(len, texts)), _without_secrets, request)


async def texts_without_secrets(texts: Sequence[str]) -> list[str]:
    """The same for texts whose tokens are to be counted."""
    return await run_redaction(sum(map(len, texts)), lambda: [redacted(text) for text in texts])


def _without_secrets(request: Request) -> Request:
    segments = tuple(
        replace(segment, text=_prompts.of((request.lane, at), segment.text))
        if isinstance(segment, Text)
        else segment
        for at, segment in enumerate(request.prompt.segments)
    )
    if segments == request.prompt.segments:
        return request
    return replace(request, prompt=replace(request.prompt, segments=segments))
