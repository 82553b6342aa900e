"""JSON that claims to be a message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lsprotocol.types import ErrorCodes

from herdmate.lsp.json_rpc_parsing import (
    MOST_AT_ONCE,
    MOST_NESTED,
    Fault,
    Message,
    Notification,
    Request,
    Response,
    in_parts,
    is_nested_too_deeply,
    message_from_bytes,
    message_from_json,
)


def _call(**members: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "m", **members}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"a"', b"nonsense", b"\xff\xfe\xfd", b'{"a": NaN}', b"[-Infinity]",
        b'{"id": 1} {}', b"[" * 100_000, b'{"id": 1, "method": "m", "params": ' + b'{"a":' * 50_000,
        b"[" + b"1" * 5000 + b"]",
    ],
)  # fmt: skip
def test_what_is_not_json(body: bytes) -> None:
    found = message_from_bytes(body)
    assert isinstance(found, Fault)
    assert (found.id, found.code) == (None, ErrorCodes.ParseError)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (None, None), (5, None), ("text", None), (True, None), ([], None), ({}, None),
        ([_call(id=1)], None),
        ({"jsonrpc": "2.0", "id": 1}, 1),
        ({"jsonrpc": "2.0", "params": {}}, None),
        ({"method": "m", "id": 1}, 1),
        (_call(id=1, jsonrpc="1.0"), 1),
        (_call(id=1, jsonrpc=2.0), 1),
        (_call(id="a", method=5), "a"),
        (_call(id=1, method=None), 1),
        (_call(method=["m"]), None),
        (_call(id=None), None), (_call(id=True), None), (_call(id=[1]), None), (_call(id={}), None),
        (_call(id=float("inf")), None),
    ],
)  # fmt: skip
def test_what_is_no_message(value: Any, number: Any) -> None:
    found = message_from_json(value)
    assert isinstance(found, Fault)
    assert (found.id, found.code) == (number, ErrorCodes.InvalidRequest)


@pytest.mark.parametrize(
    "number", [0, 1, -5, 2**31, 2**63, -(10**40), 1.5, "", "1", "é😀", "\ud83d"]
)
def test_ids_are_kept_as_they_are(number: Any) -> None:
    found = message_from_bytes(json.dumps(_call(id=number)).encode())
    assert found == Request(number, "m", None)
    assert type(found.id) is type(number)


def test_notifications_and_answers() -> None:
    assert message_from_json(_call(params=[1])) == Notification("m", [1])
    assert message_from_json({"id": "a", "result": None}) == Response("a", None, None)
    assert message_from_json({"error": 5}) == Response(None, None, 5)


def test_depth_is_measured() -> None:
    value: Any = []
    for _ in range(MOST_NESTED - 1):
        value = [value] if len(str(value)) % 4 else {"a": value}
    assert not is_nested_too_deeply(value)
    assert is_nested_too_deeply([value])
    assert is_nested_too_deeply({"a": 1, "b": value})


@pytest.mark.parametrize("count", [0, 1, 1_000, 1_001, 2_500])
def test_a_notification_with_a_long_list_says_the_same_in_parts(count: int) -> None:
    method, params = "workspace/didChangeWatchedFiles", {"changes": list(range(count)), "more": 1}
    parts = list(in_parts(Notification(method, params)))
    assert len(parts) == max(-(-count // MOST_AT_ONCE[method][1]), 1)
    told = []
    for part in parts:
        assert isinstance(part, Notification)
        assert (part.method, part.params["more"]) == (method, 1)
        told += part.params["changes"]
    assert told == params["changes"]


@pytest.mark.parametrize(
    "message",
    [
        Notification("textDocument/didChange", None),
        Notification("textDocument/didChange", [1] * 5_000),
        Notification("textDocument/didChange", {"contentChanges": "x" * 5_000}),
        Notification("other", {"contentChanges": [1] * 5_000}),
        Request(1, "textDocument/didChange", {"contentChanges": [1] * 5_000}),
        Response(1, {"contentChanges": [1] * 5_000}, None),
    ],
)
def test_all_else_stays_whole(message: Message) -> None:
    assert list(in_parts(message)) == [message]
