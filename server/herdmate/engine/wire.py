"""The protocol between the server and its engine process: JSON lines over pipes.

To the engine: ``generate``, ``cancel``, ``count``, ``measure``, ``ping``. From it: ``loading``,
``measuring``, ``ready``, ``failed``, ``reading``, ``piece``, ``finished``, ``error``, ``counts``,
``measures``, ``alive``. Each message is a JSON object on one line with its name under ``"do"`` or
``"say"``.

The engine's messages are validated here: native code in that process reads untrusted files, and one
of them may have taken it over. The functions ``…_from_wire`` raise ``LookupError``, ``TypeError``
or ``ValueError`` for an invalid message.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from herdmate import errors
from herdmate.engine.start import FakeStart, LlamaStart, StartMessage
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
"""The longest line in bytes that the engine reads; a prompt of a whole context is far shorter."""

ANSWER_LIMIT = 4 * 1024 * 1024
"""The longest line in bytes read from the engine: the counts of many texts; the rest is short."""

_LARGEST = 1 << 63


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as one line."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message on one line; raises ``ValueError``, ``TypeError`` or ``RecursionError``."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise TypeError("a message must be an object")
    return message


def start_to_wire(message: StartMessage) -> dict[str, Any]:
    """The first message as JSON."""
    start = message.start
    is_fake = isinstance(start, FakeStart)
    return {"log_level": message.log_level, "fake" if is_fake else "load": asdict(start)}


def start_from_wire(value: Mapping[str, Any]) -> StartMessage:
    """The first message, from JSON."""
    log_level = _checked(value["log_level"], int)
    if "fake" in value:
        return StartMessage(_given(FakeStart, value["fake"]), log_level)
    return StartMessage(llama_start_from_wire(value["load"]), log_level)


def llama_start_to_wire(start: LlamaStart) -> dict[str, Any]:
    """A model file and its settings as JSON."""
    return asdict(start)


def llama_start_from_wire(value: Any) -> LlamaStart:
    """A model file and its settings, from JSON."""
    return _given(LlamaStart, value)


def request_to_wire(request: Request) -> dict[str, Any]:
    """A request as JSON."""
    return {
        "segments": [_segment_to_wire(segment) for segment in request.prompt.segments],
        "end_pieces": request.prompt.end_pieces,
        "prompt_stop": request.prompt.stop,
        "cursor": request.prompt.cursor,
        "said": request.prompt.said,
        "lane": request.lane,
        "max_tokens": request.max_tokens,
        "stop": request.stop,
        "sampling": asdict(request.sampling),
        "priority": int(request.priority),
        "alternatives": request.alternatives,
        "exact": request.exact,
        "drafting": request.drafting,
        "logprobs": request.logprobs,
    }


def request_from_wire(value: Mapping[str, Any]) -> Request:
    """A request from JSON."""
    prompt = Prompt(
        tuple(_segment_from_wire(segment) for segment in value["segments"]),
        tuple(value["end_pieces"]),
        tuple(value["prompt_stop"]),
        value["cursor"],
        value["said"],
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
        logprobs=value["logprobs"],
    )


def finished_to_wire(finished: Finished) -> dict[str, Any]:
    """The end of a generation as JSON."""
    return {
        "reason": finished.reason,
        "usage": asdict(finished.usage),
        "others": finished.others,
    }


def finished_from_wire(value: Mapping[str, Any]) -> Finished:
    """The end of a generation from JSON."""
    others = tuple(_checked(reason, FinishReason) for reason in _sequence(value["others"]))
    return Finished(_checked(value["reason"], FinishReason), _made(Usage, value["usage"]), others)


def piece_to_wire(piece: Piece) -> dict[str, Any]:
    """A piece of an answer as JSON."""
    known = {} if piece.logprob is None else {"logprob": round(piece.logprob, 4)}
    more = {} if piece.tokens == 1 else {"tokens": piece.tokens}
    return {"text": piece.text, "index": piece.index, **known, **more}


def piece_from_wire(value: Mapping[str, Any]) -> Piece:
    """A piece of an answer, from JSON."""
    logprob = value.get("logprob")
    if logprob is not None:
        logprob = min(float(_checked(logprob, float)), 0.0)
    tokens = max(int(_checked(value.get("tokens", 1), int)), 0)
    return Piece(_checked(value["text"], str), _checked(value["index"], int), logprob, tokens)


def counts_from_wire(value: Mapping[str, Any]) -> list[int]:
    """Token counts, from JSON."""
    return [_checked(count, int) for count in _sequence(value["counts"])]


def totals_from_wire(value: Mapping[str, Any]) -> Totals:
    """Totals, from JSON."""
    return _made(Totals, value["totals"])


def fraction_from_wire(value: Mapping[str, Any]) -> float:
    """The progress of a load, clamped to 0 to 1."""
    return min(max(float(_checked(value["fraction"], float)), 0.0), 1.0)


def read_from_wire(value: Mapping[str, Any]) -> tuple[int, int]:
    """How many tokens of a prompt have been evaluated, and how many it has."""
    tokens = max(int(_checked(value.get("tokens", 1), int)), 0)
    return min(max(int(_checked(value["read"], int)), 0), tokens), tokens


def number_from_wire(value: Mapping[str, Any]) -> int:
    """The number of the question that a message answers."""
    return int(_checked(value["id"], int))


def info_to_wire(info: ModelInfo) -> dict[str, Any]:
    """A model's description as JSON."""
    return asdict(info)


def info_from_wire(value: Any) -> ModelInfo:
    """A model's description, from JSON."""
    return _made(ModelInfo, value)


def error_to_wire(error: errors.HerdmateError) -> dict[str, str]:
    """An error as JSON: its class name and its message."""
    return {"kind": type(error).__name__, "message": str(error)}


def error_from_wire(value: Mapping[str, Any]) -> errors.HerdmateError:
    """An error of the named class; an ``EngineError`` if the class is unknown."""
    message = _checked(value["message"], str)
    kind = getattr(errors, _checked(value["kind"], str), None)
    if isinstance(kind, type) and issubclass(kind, errors.HerdmateError):
        return kind(message)
    return errors.EngineError(message)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _made(kind: type[_T], value: Any) -> _T:
    """A dataclass from plain values, all of them required."""
    plain: Any = kind
    hints = _hints(plain)
    return kind(**{name: _checked(value[name], hint) for name, hint in hints.items()})


def _given(kind: type[_T], values: Any) -> _T:
    """A dataclass from plain values; those left out have their defaults."""
    if not isinstance(values, dict):
        raise TypeError("expected an object")
    plain: Any = kind
    hints = _hints(plain)
    return kind(**{name: _checked(value, hints[name]) for name, value in values.items()})


def _checked(value: Any, hint: Any) -> Any:
    """The value, if it has this type; raises ``ValueError`` otherwise. A list becomes a tuple."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        is_right = value in parts
    elif origin is tuple:
        return tuple(_checked(item, parts[0]) for item in _sequence(value))
    elif origin is not None:  # a mapping of texts to texts, or to numbers
        is_right = isinstance(value, dict) and all(
            isinstance(item, str) if parts[1] is str else _checked(item, int) >= 0
            for item in value.values()
        )
    elif hint in (int, float):
        is_number = isinstance(value, int | float if hint is float else int)
        is_right = is_number and not isinstance(value, bool) and abs(value) < _LARGEST
        is_right = is_right and math.isfinite(value)
    else:
        is_right = isinstance(value, hint)
    if not is_right:
        raise ValueError(f"expected {hint}")
    return value


def _sequence(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError("expected a list")
    return value


def _segment_to_wire(segment: Segment) -> list[Any]:
    if isinstance(segment, Text):
        return [segment.text, segment.leading_space]
    return [segment.piece]


def _segment_from_wire(value: list[Any]) -> Segment:
    return Text(value[0], value[1]) if len(value) == 2 else Special(value[0])
