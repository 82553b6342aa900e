"""The last check before a request reaches an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from herdmate.generation import Request, Text
from herdmate.redaction.redact import Redactions, redacted

_prompts = Redactions()


def request_without_secrets(request: Request) -> Request:
    """A request with its secrets replaced by asterisks, wherever it comes from."""
    segments = tuple(
        replace(segment, text=_prompts.of((request.lane, at), segment.text))
        if isinstance(segment, Text)
        else segment
        for at, segment in enumerate(request.prompt.segments)
    )
    if segments == request.prompt.segments:
        return request
    return replace(request, prompt=replace(request.prompt, segments=segments))


def texts_without_secrets(texts: Sequence[str]) -> list[str]:
    """The same for texts whose tokens are to be counted."""
    return [redacted(text) for text in texts]
