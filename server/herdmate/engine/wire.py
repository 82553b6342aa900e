"""The words between the server and its engine process: JSON lines over pipes.

To the engine: ``generate``, ``cancel``, ``count``, ``measure``, ``ping``. From it: ``loading``,
``measuring``, ``ready``, ``failed``, ``piece``, ``finished``, ``error``, ``counts``, ``measures``,
``alive``. Each message is a JSON object on one line with the word under ``"do"`` or ``"say"``.

What the engine says is checked here: native code reads files of strangers in that process, and may
have been taken over by one. The functions ``…_from_wire`` raise ``LookupError``, ``TypeError`` or
``ValueError`` where it is not what it should be.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from herdmate import errors
from herdmate.generation import (
    Finished,
    FinishReason,
    ModelInfo,
    Piece,
    Priority,
    Prompt,
    Request,
    Sampling,
    Segment,
    Special,
    Text,
    Totals,
    Usage,
)

_T = TypeVar("_T")

LINE_LIMIT = 64 * 1024 * 1024
"""Longest line in bytes that the engine reads; a prompt of a whole context is far below."""

ANSWER_LIMIT = 4 * 1024 * 1024
"""Longest line in bytes that is read of the engine: the counts of many texts, all else is short."""

_LARGEST = 1 << 63


def encode(message: Mapping[str, Any]) -> bytes:
    """One line."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of one line; raises ``ValueError``, ``TypeError`` or ``RecursionError``."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise TypeError("a message is an object")
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
    others = tuple(_checked(reason, FinishReason) for reason in _sequence(value["others"]))
    return Finished(_checked(value["reason"], FinishReason), _made(Usage, value["usage"]), others)


def piece_from_wire(value: Mapping[str, Any]) -> Piece:
    """Some more text, from JSON."""
    return Piece(_checked(value["text"], str), _checked(value["index"], int))


def counts_from_wire(value: Mapping[str, Any]) -> list[int]:
    """Token counts, from JSON."""
    return [_checked(count, int) for count in _sequence(value["counts"])]


def totals_from_wire(value: Mapping[str, Any]) -> Totals:
    """What was done, from JSON."""
    return _made(Totals, value["totals"])


def fraction_from_wire(value: Mapping[str, Any]) -> float:
    """How far a load is, from 0 to 1."""
    return min(max(float(_checked(value["fraction"], float)), 0.0), 1.0)


def number_from_wire(value: Mapping[str, Any]) -> int:
    """Which question is answered."""
    return int(_checked(value["id"], int))


def info_to_wire(info: ModelInfo) -> dict[str, Any]:
    """What is loaded, as JSON has it."""
    return asdict(info)


def info_from_wire(value: Any) -> ModelInfo:
    """What is loaded, from JSON."""
    return _made(ModelInfo, value)


def error_to_wire(error: errors.HerdmateError) -> dict[str, str]:
    """An error by the name of its class and its sentence."""
    return {"kind": type(error).__name__, "message": str(error)}


def error_from_wire(value: Mapping[str, Any]) -> errors.HerdmateError:
    """The error of that class; an ``EngineError`` where the class is unknown."""
    message = _checked(value["message"], str)
    kind = getattr(errors, _checked(value["kind"], str), None)
    if isinstance(kind, type) and issubclass(kind, errors.HerdmateError):
        return kind(message)
    return errors.EngineError(message)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _made(kind: type[_T], value: Any) -> _T:
    """A dataclass of plain values, all of which are there."""
    plain: Any = kind
    hints = _hints(plain)
    return kind(**{name: _checked(value[name], hint) for name, hint in hints.items()})


def _checked(value: Any, hint: Any) -> Any:
    """The value, which is of this type; raises ``ValueError``."""
    origin = get_origin(hint)
    if origin is Literal:
        is_right = value in get_args(hint)
    elif origin is not None:  # a mapping of texts to numbers, which is the only one
        is_right = isinstance(value, dict) and all(
            _checked(item, int) >= 0 for item in value.values()
        )
    elif hint in (int, float):
        is_number = isinstance(value, int | float if hint is float else int)
        is_right = is_number and not isinstance(value, bool) and abs(value) < _LARGEST
        is_right = is_right and math.isfinite(value)
    else:
        is_right = isinstance(value, hint)
    if not is_right:
        raise ValueError(f"not of the type {hint}")
    return value


def _sequence(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError("a list is wanted")
    return value


def _segment_to_wire(segment: Segment) -> list[Any]:
    if isinstance(segment, Text):
        return [segment.text, segment.leading_space]
    return [segment.piece]


def _segment_from_wire(value: list[Any]) -> Segment:
    return Text(value[0], value[1]) if len(value) == 2 else Special(value[0])
