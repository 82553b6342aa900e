"""From bytes to answers, without a process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from herdmate.engine.start import FakeStart
from herdmate.errors import SelectionError
from herdmate.lsp import protocol
from herdmate.lsp.connection import converse
from herdmate.lsp.server import create_server
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.text import Selection
from tests.e2e.raw_client import framed


class Writer:
    def __init__(self) -> None:
        self.written: list[Any] = []

    def write(self, data: bytes) -> None:
        self.written.append(json.loads(data.split(b"\r\n\r\n", 1)[1]))

    def close(self) -> None: ...


def _server() -> tuple[Session, Writer]:
    server, writer = create_server(lambda *_: EngineChoice(FakeStart())), Writer()
    server.protocol.set_writer(writer)
    return server, writer


def _reading(*chunks: bytes, ends: bool = True) -> Callable[[], Awaitable[bytes]]:
    left = list(chunks)

    async def read() -> bytes:
        if left:
            return left.pop(0)
        if ends:
            return b""
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    return read


def _call(method: str, number: int | None = None, params: Any = None) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    return framed(json.dumps(message | ({} if number is None else {"id": number})).encode())


_BEGIN = _call("initialize", 1, {"processId": None, "capabilities": {}})


@pytest.mark.parametrize(
    ("chunks", "code"),
    [
        ([], 1),
        ([_BEGIN], 1),
        ([_BEGIN, _call("exit")], 1),
        ([_BEGIN, _call("shutdown", 2), _call("exit")], 0),
        ([_BEGIN + _call("shutdown", 2) + _call("exit") + b"nonsense"], 0),
        ([_BEGIN, _call("shutdown", 2)], 0),  # hung up where exit should be
        ([_BEGIN, b"Content-Length: 5\r\n\r\n{"], 1),
        ([b"nonsense\r\n"], 1),
    ],
)
async def test_how_it_ends(chunks: list[bytes], code: int) -> None:
    server, writer = _server()
    assert await converse(server.protocol, _reading(*chunks)) == code
    assert [item["id"] for item in writer.written] == [1, 2][: len(writer.written)]


@pytest.mark.parametrize(
    "begun", [b"C", b"Content-Length: 900\r\n\r\n{}", b"Content-Length: 9\r\n"]
)
async def test_the_rest_of_a_message_is_not_waited_for_without_end(
    begun: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A length that is too large, and a client that waits for its answer."""
    server, _ = _server()
    work = converse(server.protocol, _reading(_BEGIN + begun, ends=False), rest_seconds=0.01)
    assert await asyncio.wait_for(work, 60) == 1
    assert "the rest of a message did not arrive" in caplog.text


async def test_between_two_messages_an_editor_may_take_any_time() -> None:
    server, writer = _server()
    later = _reading(_call("no/such", 2), _call("exit"))

    async def read() -> bytes:
        await asyncio.sleep(0.05)
        return await later()

    assert await converse(server.protocol, read, rest_seconds=0.001) == 1
    assert [item["id"] for item in writer.written] == [2]


async def test_nothing_of_a_notification_is_kept() -> None:
    server, _ = _server()
    item = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "x = 1\n"}
    change = {"textDocument": {"uri": "file:///a.py", "version": 2}, "contentChanges": []}
    opening = _call("textDocument/didOpen", None, {"textDocument": item})
    changes = _call("textDocument/didChange", None, change) * 50
    await converse(server.protocol, _reading(_BEGIN, opening, changes))
    assert server.protocol._request_futures == {}
    assert server.protocol._in_flight == {}
    assert server.workspace.text_documents == {}
    await server.end()


def _slow_server() -> tuple[Session, Writer, asyncio.Event, asyncio.Event]:
    """A server with a request that takes until the second event is set; the first: it has begun."""
    server, writer = _server()
    begun, given = asyncio.Event(), asyncio.Event()

    @server.feature("textDocument/hover")
    async def hover(_params: Any) -> None:
        begun.set()
        await given.wait()

    return server, writer, begun, given


_HOVER = {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 0}}
_ASK = _call("textDocument/hover", 2, _HOVER)


@pytest.mark.parametrize(
    "broken",
    [b"GET / HTTP/1.1\r\n\r\n", b"Content-Length: x\r\n\r\n", b"Content-Length: 99\r\n\r\n{}"],
)
@pytest.mark.parametrize("together", [True, False])
async def test_an_answer_that_is_due_comes_though_the_next_message_breaks_the_connection(
    broken: bytes, together: bool
) -> None:
    server, writer, begun, given = _slow_server()
    chunks = [_BEGIN + _ASK + broken] if together else [_BEGIN, _ASK, broken]
    talking = asyncio.ensure_future(converse(server.protocol, _reading(*chunks)))
    await asyncio.wait_for(begun.wait(), 30)
    asyncio.get_running_loop().call_later(0.01, given.set)
    assert await asyncio.wait_for(talking, 60) == 1
    assert writer.written[1:] == [{"jsonrpc": "2.0", "id": 2, "result": None}]


@pytest.mark.parametrize(
    "last", [b"", b"nonsense\r\n", _call("exit")], ids=["the end", "nonsense", "exit"]
)
async def test_a_request_that_takes_too_long_at_the_end_is_answered_as_cancelled(
    last: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herdmate.lsp.connection._LAST_SECONDS", 0.01)
    server, writer, _, _ = _slow_server()
    talking = converse(server.protocol, _reading(_BEGIN + _ASK, last))
    assert await asyncio.wait_for(talking, 60) == 1
    (answer,) = writer.written[1:]
    assert (answer["id"], answer["error"]["code"]) == (2, -32800)
    assert server.protocol._in_flight == {}


@pytest.mark.parametrize(
    ("command", "asks"),
    [
        (protocol.COMMAND_REWRITE, "herdmate.lsp.handlers.refactoring.run_rewrite"),
        (protocol.COMMAND_EXPLAIN, "herdmate.lsp.handlers.explanation.explanation_of"),
    ],
)
@pytest.mark.parametrize("knows", [True, False])
async def test_a_command_is_about_the_text_it_was_given_for_though_typing_follows_at_once(
    monkeypatch: pytest.MonkeyPatch, command: str, asks: str, knows: bool
) -> None:
    """On a busy machine the command and the next keystroke are read together."""
    begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def ask(*given: Any) -> None:
        (selection,) = (item for item in given if isinstance(item, Selection))
        begun.set_result(selection.document.text)
        raise SelectionError("That is all.")

    monkeypatch.setattr(asks, ask)
    server, writer = _server()
    able = {"experimental": {"herdmate": {"explanation": knows}}}
    begin = _call("initialize", 1, {"processId": None, "capabilities": able})
    document, start = {"uri": "file:///a.py", "version": 0}, {"line": 0, "character": 0}
    opened = {"textDocument": {**document, "languageId": "python", "text": "x = 1\n"}}
    place = {"start": start, "end": {"line": 1, "character": 0}}
    given = {"uri": "file:///a.py", "range": place, "version": 0}
    run = {"command": command, "arguments": [given | {"action": "simplify"}]}
    typed = {"range": {"start": start, "end": start}, "text": "y"}
    change = {"textDocument": {**document, "version": 1}, "contentChanges": [typed]}
    together = _call("workspace/executeCommand", 2, run) + _call(
        "textDocument/didChange", None, change
    )
    read = _reading(begin, _call("textDocument/didOpen", None, opened), together, ends=False)
    listening = asyncio.ensure_future(converse(server.protocol, read))
    try:
        done, _ = await asyncio.wait([begun], timeout=60)
        assert done, writer.written
        assert begun.result() == "x = 1\n"
    finally:
        listening.cancel()
        await server.end()
