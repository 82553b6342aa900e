"""Each request is answered once, in every state of a session, and nothing of it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.raw_client import RawClient, framed, raw_client
from tests.e2e.raw_writer import Writer

pytestmark = pytest.mark.e2e

URI = "file:///project/shop.py"
CODE = "def total(items):\n    \n"
PARSE, INVALID, NO_METHOD, PARAMS = -32700, -32600, -32601, -32602
NOT_YET, CANCELLED = -32002, -32800

INLINE = {
    "textDocument": {"uri": URI},
    "position": {"line": 1, "character": 4},
    "context": {"triggerKind": 1},
}


def opened(version: Any = 1, text: str = CODE) -> dict[str, Any]:
    item = {"uri": URI, "languageId": "python", "version": version, "text": text}
    return {"textDocument": item}


async def code_of(client: RawClient, method: str, params: Any = None, number: Any = 1) -> int:
    answer = await client.request(method, params, number)
    assert answer["error"]["message"].endswith(".")
    assert "Traceback" not in json.dumps(answer)
    return int(answer["error"]["code"])


async def test_before_initialize_after_it_and_after_shutdown(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        for method in ("textDocument/inlineCompletion", "shutdown", "no/such", "$/no"):
            assert await code_of(client, method, INLINE) == NOT_YET
        client.notify("textDocument/didOpen", opened())
        client.notify("initialized", {})
        client.notify("$/cancelRequest", {"id": 1})
        assert await code_of(client, "initialize", {"capabilities": 5}) == PARAMS
        await client.begin()
        assert (
            await code_of(client, "initialize", {"processId": None, "capabilities": {}}) == INVALID
        )
        client.notify("initialized", {})
        client.notify("initialized", [])
        answer = await client.request("textDocument/inlineCompletion", INLINE)
        assert answer["result"] == {"items": []}  # what was opened before is not
        client.notify("textDocument/didOpen", opened())
        answer = await client.request("textDocument/inlineCompletion", INLINE)
        assert [item["insertText"] for item in answer["result"]["items"]] == ["return sum(items)"]
        assert "result" in await client.request("shutdown", {"odd": 1})
        for method in ("textDocument/inlineCompletion", "shutdown", "initialize", "no/such"):
            assert await code_of(client, method, INLINE) == INVALID
        client.notify("exit", ["odd"])
        assert await client.ended() == 0
        assert client.shown == []


async def test_exit_without_shutdown_is_no_good_end(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        client.notify("exit")
        assert await client.ended() == 1


async def test_exit_right_behind_shutdown_waits_for_the_answer(tmp_path: Path) -> None:
    async with raw_client(tmp_path, seconds=0.01) as client:
        await client.begin()
        client.notify("textDocument/didOpen", opened())
        for number in (1, 2):
            client.send({"jsonrpc": "2.0", "id": number, "method": "shutdown"})
        client.notify("exit")
        assert await client.ended() == 0
        await client._reading
        assert "result" in client.answers["1"][0]
        assert client.answers["2"][0]["error"]["code"] == INVALID


async def test_methods_that_there_are_not(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.begin()
        unknown = (
            "no/such", "", "$/no", "$/cancelRequest", "exit", "initialized", "é😀\n", "m" * 10_000,
            "textDocument/didOpen", "herdmate/cursor", "herdmate/no", "textDocument/hover",
            "window/showMessageRequest", "__init__", "structure_message",
        )  # fmt: skip
        for method in unknown:
            assert await code_of(client, method, opened()) == NO_METHOD
            client.notify(method, {"odd": 1}) if method != "exit" else None
        client.notify("textDocument/inlineCompletion", INLINE)  # asks for no answer
        client.notify("shutdown")
        client.notify("initialize", {"capabilities": {}})
        assert await code_of(client, "no/such") == NO_METHOD
        assert client.shown == []
        assert await client.end() == 0


async def test_what_is_no_message_at_all(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.begin()
        bodies = {
            PARSE: [b"{", b"", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"a":' * 100_000],
            INVALID: [b"[]", b"5", b"null", b'"a"', b"{}", b'{"jsonrpc": "2.0", "method": 5}',
                      b'[{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]'],
        }  # fmt: skip
        for code, some in bodies.items():
            for body in some:
                before = len(client.answers.get("null", ()))
                client.write(framed(body))
                await client.until(lambda n=before: len(client.answers.get("null", ())) > n)  # type: ignore[misc]
                assert client.answers["null"][-1]["error"]["code"] == code
        client.send({"jsonrpc": "2.0", "id": "nothing"})
        await client.until(lambda: client.answers.get('"nothing"'))
        numbers: list[Any] = ["x", [], None]
        for number in numbers:
            client.send({"id": number, "result": {}})  # an answer to nothing
        assert await code_of(client, "no/such", number=5) == NO_METHOD
        assert client.shown == []
        assert await client.end() == 0


async def test_parameters_that_cannot_be_read(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.begin()
        client.notify("textDocument/didOpen", opened())
        params: Any
        for params in (None, 5, [], "text", {"textDocument": 5}):
            for method in _ASKING:
                assert await code_of(client, method, params) == PARAMS
            for notified in _TELLING:
                client.notify(notified, params)
        assert "result" in await client.request("textDocument/inlineCompletion", INLINE)
        assert client.shown == []
        assert await client.end() == 0


_ASKING = (
    "textDocument/inlineCompletion", "textDocument/codeAction", "codeAction/resolve",
    "workspace/executeCommand", "textDocument/completion", "workspace/textDocumentContent",
)  # fmt: skip
_TELLING = (
    "textDocument/didChange", "textDocument/didOpen", "textDocument/didClose", "$/cancelRequest",
    "workspace/didChangeWatchedFiles", "notebookDocument/didChange", "$/setTrace",
    "window/workDoneProgress/cancel", "workspace/didChangeWorkspaceFolders", "herdmate/cursor",
)  # fmt: skip


def _positions() -> Iterator[tuple[Any, bool]]:
    odd: tuple[Any, ...] = (-1, 2**31, 2**32, 2**64, -(2**31), 1.5, 1e308, "1", True, None, [], {})
    for number in odd:
        yield number, False
    for number in (0, 1, 1.0, 7, 10_000, 2**31 - 1):
        yield number, True


async def test_numbers_of_all_kinds_in_positions(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.begin()
        client.notify("textDocument/didOpen", opened())
        for number, is_one in _positions():
            for member in ("line", "character"):
                position = {"line": 1, "character": 4, member: number}
                answer = await client.request(
                    "textDocument/inlineCompletion", {**INLINE, "position": position}
                )
                assert ("result" in answer) == is_one, (number, answer)
                turned = {"start": {"line": 9, "character": 9}, "end": position}
                params = {"textDocument": {"uri": URI}, "range": turned,
                          "context": {"diagnostics": []}}  # fmt: skip
                answer = await client.request("textDocument/codeAction", params)
                assert ("result" in answer) == is_one, (number, answer)
                client.notify("herdmate/cursor", {"uri": URI, "position": position})
                command = {
                    "command": "herdmate.explain",
                    "arguments": [{"uri": URI, "range": turned}],
                }
                answer = await client.request("workspace/executeCommand", command)
                is_refused = answer.get("error", {}).get("code") == PARAMS
                assert is_refused == (not is_one), (number, answer)
        assert client.shown == []
        assert await client.end() == 0


async def test_ids_of_all_kinds_come_back(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.begin()
        some: tuple[Any, ...] = (0, -1, 2**31, 2**53 + 1, 10**30, "", "1", "é😀\n", "x" * 9999, 1.5)
        for number in some:
            assert await code_of(client, "no/such", number=number) == NO_METHOD
            (answer,) = client.answers[json.dumps(number)]
            assert type(answer["id"]) is type(number)
        none: tuple[Any, ...] = (None, True, [1], {"a": 1})
        for number in none:
            assert await code_of_null(client, number) == INVALID
        assert await client.end() == 0


async def code_of_null(client: RawClient, number: Any) -> int:
    before = len(client.answers.get("null", ()))
    client.send({"jsonrpc": "2.0", "id": number, "method": "no/such"})
    await client.until(lambda: len(client.answers.get("null", ())) > before)
    return int(client.answers["null"][-1]["error"]["code"])


async def test_cancelled_and_doubled_requests_are_answered_once_each(tmp_path: Path) -> None:
    async with raw_client(tmp_path, replies={"": "x" * 200}, seconds=0.01) as client:
        await client.begin()
        client.notify("textDocument/didOpen", opened())
        odd: Any
        for odd in (None, True, "unknown", [], {"a": 1}, 10**30, 1.5):
            client.notify("$/cancelRequest", odd)
            client.notify("$/cancelRequest", {"id": odd})
        ask = {"jsonrpc": "2.0", "method": "textDocument/inlineCompletion", "params": INLINE}
        for number in (7, "7"):
            client.send({**ask, "id": number})
            client.notify("$/cancelRequest", {"id": str(number) if number == 7 else 7})
            client.notify("$/cancelRequest", {"id": number})
            key = json.dumps(number)
            await client.until(lambda key=key: client.answers.get(key))  # type: ignore[misc]
            assert client.answers[key][0]["error"]["code"] == CANCELLED
        client.notify("$/cancelRequest", {"id": 7})
        for _ in range(2):
            client.send({**ask, "id": 8})
        client.notify("$/cancelRequest", {"id": 8})
        await client.until(lambda: len(client.answers.get("8", ())) == 2)
        command = {"command": "herdmate.explain", "arguments": [{"uri": URI, "range": RANGE}]}
        client.send({**ask, "id": 9, "method": "workspace/executeCommand", "params": command})
        client.notify("$/cancelRequest", {"id": 9})
        await client.until(lambda: client.answers.get("9"))
        assert client.answers["9"][0]["error"]["code"] == CANCELLED
        await code_of(client, "no/such", number="last")
        counts = {key: len(some) for key, some in client.answers.items()}
        assert counts["7"] == counts['"7"'] == counts["9"] == 1
        assert counts["8"] == 2
        assert client.shown == []
        assert await client.end() == 0


RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 4}}

_WRONG: list[tuple[str, Any]] = [
    ("no.such", []), ("", []), ("herdmate.explain", None), ("herdmate.explain", []),
    ("herdmate.explain", [5]), ("herdmate.explain", [{"uri": 5, "range": RANGE}]),
    ("herdmate.explain", [{"uri": URI}]), ("herdmate.explain", [{"uri": URI, "range": [1]}]),
    ("herdmate.explain", [{"uri": URI, "range": RANGE, "version": "1"}]),
    ("herdmate.rewrite", [{"uri": URI, "range": RANGE, "action": ["simplify"]}]),
    ("herdmate.rewrite", [{"uri": URI, "range": RANGE, "instruction": {"a": 1}}]),
    ("herdmate.rewrite", [None]), ("herdmate.pause", [5]), ("herdmate.resume", ["language", []]),
    ("herdmate.pause", ["nonsense"]), ("herdmate.chooseModel", [{}]),
    ("herdmate.fetchModel", [["starter"]]), ("herdmate.accepted", ["one"]),
]  # fmt: skip

_REFUSED: list[tuple[str, Any]] = [
    ("herdmate.rewrite", [{"uri": "file:///a.py", "range": RANGE, "action": "simplify"}]),
    ("herdmate.explain", [{"uri": "file:///never/opened.py", "range": RANGE}]),
    ("herdmate.rewrite", [{"uri": URI, "range": RANGE, "action": "no such"}]),
    ("herdmate.fetchModel", ["no such model"]), ("herdmate.chooseModel", ["no such model"]),
]  # fmt: skip


async def test_commands_with_wrong_arguments_are_answered_with_a_sentence(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.begin()
        client.notify("textDocument/didOpen", opened())
        for command, arguments in _WRONG:
            params = {"command": command, "arguments": arguments}
            assert await code_of(client, "workspace/executeCommand", params) == PARAMS, params
        for command, arguments in _REFUSED:
            params = {"command": command, "arguments": arguments}
            assert await code_of(client, "workspace/executeCommand", params) == -32803, params
        for method, given in (("herdmate/menu", 5), ("herdmate/menu", {"menu": 5}),
                              ("herdmate/pullModel", [1]), ("herdmate/pullModel", {"name": 5}),
                              ("herdmate/menu", {"menu": "nonsense"})):  # fmt: skip
            assert await code_of(client, method, given) == PARAMS
        odd: Any
        for odd in (None, 5, [], {"type_name": "def"}):
            assert "result" in await client.request("herdmate/models", odd)
        assert client.shown == []
        assert await client.end() == 0


async def test_deep_parameters_are_refused(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(400):
        deep = {"a": [deep]}
    async with raw_client(tmp_path) as client:
        await client.begin()
        client.notify("textDocument/didOpen", opened())
        for method in ("herdmate/models", "workspace/executeCommand", "textDocument/codeAction"):
            assert await code_of(client, method, {"command": "a", "arguments": [deep]}) == PARAMS
        client.notify("workspace/didChangeConfiguration", {"settings": deep})
        client.notify("herdmate/cursor", deep)
        assert "result" in await client.request("textDocument/inlineCompletion", INLINE)
        assert client.shown == []
        assert await client.end() == 0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Content-Length: 104857600\r\n\r\n{}", id="100 MB are announced"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="a web page"),
        pytest.param(b"Content-Length: 9\r\n\r\n" + framed(b"{}") * 2, id="a length too large"),
    ],
)
async def test_a_stream_of_no_messages_ends_the_server(tmp_path: Path, data: bytes) -> None:
    """Nobody knows where the next message begins; the log says why it ended."""
    async with raw_client(tmp_path, level="warning") as client:
        await client.begin()
        client.write(data)
        assert await client.ended() == 1
        assert "Closing the connection: " in client.log
        assert "Traceback" not in client.log


async def test_an_editor_that_hangs_up(tmp_path: Path) -> None:
    for data in (b"", b"Content-Length: 10\r\n\r\n{"):
        async with raw_client(tmp_path) as client:
            client.write(data)
            assert client.process.stdin is not None
            client.process.stdin.close()
            assert await client.ended() == 1


async def test_large_messages_and_plain_line_ends(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.begin()
        client.notify("textDocument/didOpen", opened(text="x = 1\n" * 500_000))
        await client.drain()
        body = json.dumps({"jsonrpc": "2.0", "id": 3, "method": "no/such"}).encode()
        client.write(b"X-Odd: 1\ncontent-length:%d\n\n" % len(body) + body)
        await client.until(lambda: client.answers.get("3"))
        assert await client.end() == 0


async def test_a_failing_handler_is_told_in_a_sentence_and_no_code_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from herdmate.engine.start import FakeStart
    from herdmate.lsp.handlers import code_actions
    from herdmate.lsp.json_rpc_parsing import Request, message_from_bytes
    from herdmate.lsp.server import create_server
    from herdmate.models.role_choices import EngineChoice

    writer = Writer()

    def fail(*_: Any) -> Any:
        raise ValueError("secret code")

    monkeypatch.setattr(code_actions, "code_action", fail)
    server = create_server(lambda *_: EngineChoice(FakeStart()))
    server.protocol.set_writer(writer)
    server.protocol.handle(Request(1, "initialize", {"processId": None, "capabilities": {}}))
    params = {"textDocument": {"uri": URI}, "range": RANGE, "context": {"diagnostics": []}}
    body = {"jsonrpc": "2.0", "id": 2, "method": "textDocument/codeAction", "params": params}
    server.protocol.handle(message_from_bytes(json.dumps(body).encode()))
    answer = await writer.message(1)
    assert answer["error"]["code"] == -32603
    assert answer["error"]["message"].startswith("Herdmate had an internal error")
    assert b"secret" not in b"".join(writer.written)
    assert len(writer.written) == 2
