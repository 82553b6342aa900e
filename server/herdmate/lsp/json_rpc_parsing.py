"""The kinds of message: a request, a notification, a response, or something invalid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn

from lsprotocol import types

Id = str | int | float
"""Floats too: JSON has only one kind of number, and vscode-jsonrpc echoes any of them."""

MOST_NESTED = 128
"""Levels of nested values. The limit makes it safe to process a message recursively."""


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for exactly one answer."""

    id: Id
    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Notification:
    """Asks for no answer. ``goes_on``: the rest of a long list follows in further parts."""

    method: str
    params: Any
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """Answers one of our requests, if we made it; ``error`` is ``None`` on success."""

    id: Any
    result: Any
    error: Any


@dataclass(frozen=True, slots=True)
class Fault:
    """The error to answer an invalid message with. ``id`` is ``None`` if it cannot be known."""

    id: Id | None
    code: types.ErrorCodes
    message: str


Message = Request | Notification | Response | Fault


def message_from_bytes(body: bytes) -> Message:
    """The message in a body."""
    try:
        value = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Fault(None, types.ErrorCodes.ParseError, "The message is not JSON.")
    return message_from_json(value)


def message_from_json(value: Any) -> Message:
    """The message that a JSON value represents."""
    if not isinstance(value, dict):
        what = "The Language Server Protocol does not allow batches."
        sentence = what if isinstance(value, list) else "The message is not an object."
        return Fault(None, types.ErrorCodes.InvalidRequest, sentence)
    if "method" in value:
        return _call(value)
    if "result" in value or "error" in value:
        return Response(value.get("id"), value.get("result"), value.get("error"))
    return _invalid(value, "The message has no method.")


MOST_AT_ONCE = {
    types.TEXT_DOCUMENT_DID_CHANGE: ("contentChanges", 100),
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: ("changes", 1_000),
}
"""Lists in notifications that can be handled in parts, and how many items take about 20 ms."""


def in_parts(message: Message) -> Iterator[Message]:
    """A notification with a very long list split into several; any other message as it is.

    Other work can run between two parts, so 20,000 changes at once hold nobody up.
    """
    name, most = MOST_AT_ONCE.get(getattr(message, "method", ""), ("", 0))
    if not isinstance(message, Notification) or not name or not isinstance(message.params, dict):
        yield message
        return
    items = message.params.get(name)
    if not isinstance(items, list) or len(items) <= most:
        yield message
        return
    for at in range(0, len(items), most):
        params = {**message.params, name: items[at : at + most]}
        yield Notification(message.method, params, goes_on=at + most < len(items))


def is_id(value: Any) -> bool:
    """Can a request have this id?"""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, str | int) and not isinstance(value, bool)


def is_nested_too_deeply(value: Any) -> bool:
    """Are there more levels of arrays and objects than ``MOST_NESTED``?"""
    level = [value]
    for _ in range(MOST_NESTED):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _call(value: dict[str, Any]) -> Message:
    method, params = value["method"], value.get("params")
    if value.get("jsonrpc") != "2.0":
        return _invalid(value, 'The message lacks "jsonrpc": "2.0".')
    if not isinstance(method, str):
        return _invalid(value, "The method is not a string.")
    if "id" in value and not is_id(value["id"]):
        return _invalid(value, "The id is neither a string nor a number.")
    return Request(value["id"], method, params) if "id" in value else Notification(method, params)


def _invalid(value: dict[str, Any], sentence: str) -> Fault:
    given = value.get("id")
    return Fault(given if is_id(given) else None, types.ErrorCodes.InvalidRequest, sentence)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
