"""The words between the server and its engine process: JSON lines over pipes.

To the engine: ``generate``, ``cancel``, ``count``, ``measure``. From it: ``loading``,
``measuring``, ``ready``, ``failed``, ``piece``, ``finished``, ``error``, ``counts``, ``measures``.
Each message is a JSON object on one line with the word under ``"do"`` or ``"say"``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from herdmate import errors
from herdmate.generation import (
    Finished,
    ModelInfo,
    Priority,
    Prompt,
    Request,
    Sampling,
    Segment,
    Special,
    Text,
    Usage,
)

LINE_LIMIT = 64 * 1024 * 1024
"""Longest line in bytes that either side reads; a prompt of a whole context is far below."""


def encode(message: Mapping[str, Any]) -> bytes:
    """One line."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of one line."""
    message: dict[str, Any] = json.loads(line)
    return message


def request_to_wire(request: Request) -> dict[str, Any]:
    """A request as JSON has it."""
    return {
        "segments": [_segment_to_wire(segment) for segment in request.prompt.segments],
        "end_pieces": request.prompt.end_pieces,
        "prompt_stop": request.prompt.stop,
        "cursor": request.prompt.cursor,
        "lane": request.lane,
        "max_tokens": request.max_tokens,
        "stop": request.stop,
        "sampling": asdict(request.sampling),
        "priority": int(request.priority),
        "alternatives": request.alternatives,
        "exact": request.exact,
        "drafting": request.drafting,
    }


def request_from_wire(value: Mapping[str, Any]) -> Request:
    """A request from JSON."""
    prompt = Prompt(
        tuple(_segment_from_wire(segment) for segment in value["segments"]),
        tuple(value["end_pieces"]),
        tuple(value["prompt_stop"]),
        value["cursor"],
    )
    return Request(
        prompt=prompt,
        lane=value["lane"],
        max_tokens=value["max_tokens"],
        stop=tuple(value["stop"]),
        sampling=Sampling(**value["sampling"]),
        priority=Priority(value["priority"]),
        alternatives=value["alternatives"],
        exact=value["exact"],
        drafting=value["drafting"],
    )


def finished_to_wire(finished: Finished) -> dict[str, Any]:
    """The end of a generation as JSON has it."""
    return {
        "reason": finished.reason,
        "usage": asdict(finished.usage),
        "others": finished.others,
    }


def finished_from_wire(value: Mapping[str, Any]) -> Finished:
    """The end of a generation from JSON."""
    return Finished(value["reason"], Usage(**value["usage"]), tuple(value["others"]))


def info_to_wire(info: ModelInfo) -> dict[str, Any]:
    """What is loaded, as JSON has it."""
    return asdict(info)


def info_from_wire(value: Mapping[str, Any]) -> ModelInfo:
    """What is loaded, from JSON."""
    return ModelInfo(**value)


def error_to_wire(error: errors.HerdmateError) -> dict[str, str]:
    """An error by the name of its class and its sentence."""
    return {"kind": type(error).__name__, "message": str(error)}


def error_from_wire(value: Mapping[str, str]) -> errors.HerdmateError:
    """The error of that class; an ``EngineError`` where the class is unknown."""
    kind = getattr(errors, value["kind"], None)
    if isinstance(kind, type) and issubclass(kind, errors.HerdmateError):
        return kind(value["message"])
    return errors.EngineError(value["message"])


def _segment_to_wire(segment: Segment) -> list[Any]:
    if isinstance(segment, Text):
        return [segment.text, segment.leading_space]
    return [segment.piece]


def _segment_from_wire(value: list[Any]) -> Segment:
    return Text(value[0], value[1]) if len(value) == 2 else Special(value[0])
