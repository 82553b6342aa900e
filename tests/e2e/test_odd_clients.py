"""A client may say anything of itself, and answer anything, or never: the work goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.raw_client import NOTHING, RawClient, raw_client
from tests.e2e.raw_writer import Writer

pytestmark = pytest.mark.e2e

URI = "file:///project/shop.py"
CODE = "def total(items):\n    \n\n\ndef other():\n    return 1\n"
REPLIES = {
    "fim_middle": "return sum(items)",
    "Simplify": "```python\ndef other():\n    return 2\n```",
    "": "It sums.",
}
WHOLE = {"start": {"line": 4, "character": 0}, "end": {"line": 5, "character": 12}}

ERROR = {"error": {"code": -32601, "message": "no"}}
ANSWERS: dict[str, Any] = {
    "an error": ERROR,
    "a list of null": {"result": [None]},
    "a text": {"result": "yes"},
    "an object": {"result": {"title": 5, "applied": "x", "success": [], "0": None}},
    "an odd error": {"error": 5},
    "nothing at all": NOTHING,
}
"""Others are tested in ``tests/lsp/test_asking.py`` and ``test_malformed_messages.py``."""

ABLE: dict[str, Any] = {
    "workspace": {"configuration": True, "applyEdit": True,
                  "workspaceEdit": {"documentChanges": True},
                  "didChangeConfiguration": {"dynamicRegistration": True},
                  "didChangeWatchedFiles": {"dynamicRegistration": True},
                  "textDocumentContent": {"dynamicRegistration": True}},
    "window": {"workDoneProgress": True, "showMessage": {}, "showDocument": {"support": True}},
    "textDocument": {"inlineCompletion": {}},
    "experimental": {"herdmate": {"diagnostics": True, "configure": True, "menu": True}},
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_whatever_a_client_answers_the_main_job_is_done(tmp_path: Path, name: str) -> None:
    answer = ANSWERS[name]
    async with raw_client(tmp_path, lambda _request: answer, REPLIES) as client:
        await client.begin(ABLE)
        await ghost_text(client)
        for action in ("explain", "simplify"):
            given = {"uri": URI, "range": WHOLE, "action": action, "version": 1}
            command = "herdmate.explain" if action == "explain" else "herdmate.rewrite"
            await run(client, command, given)
        shown = await client.until(lambda: asked(client, "window/showDocument"))
        assert Path(shown[0]["params"]["uri"].removeprefix("file://")).suffix == ".md"
        (edit,) = await client.until(lambda: asked(client, "workspace/applyEdit"))
        assert "'newText': '2'" in str(edit["params"]["edit"])
        for command, argument in (("herdmate.pause", "workspace"), ("herdmate.seen", None)):
            await run(client, command, argument)
        await client.until(lambda: asked(client, "herdmate/configure"))
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        await ghost_text(client)
        assert {item["method"] for item in client.asked} >= {
            "workspace/configuration", "client/registerCapability", "window/showDocument",
            "window/workDoneProgress/create", "workspace/applyEdit", "herdmate/configure",
        }  # fmt: skip
        assert await client.end() == 0
        assert "internal error" not in " ".join(client.shown)
        assert "Traceback" not in client.log


async def test_answers_that_come_twice_or_late_or_to_nothing_are_left_out(tmp_path: Path) -> None:
    async with raw_client(tmp_path, replies=REPLIES) as client:
        client.answer = lambda request: twice(client, request)
        await client.begin(ABLE)
        await ghost_text(client)
        numbers: list[Any] = ["unknown", 5, None, [], {}, 1.5, "", client.asked[0]["id"]]
        for number in numbers:
            client.send({"jsonrpc": "2.0", "id": number, "result": []})
            client.send({"jsonrpc": "2.0", "id": number, **ERROR})
            client.send({"jsonrpc": "2.0", "id": number, "result": None, "error": None})
        await ghost_text(client)
        assert client.shown == []
        assert await client.end() == 0


def twice(client: RawClient, request: dict[str, Any]) -> Any:
    client.send({"jsonrpc": "2.0", "id": request["id"], "result": None})
    return ERROR


async def test_a_request_of_the_clients_and_one_of_ours_may_have_one_id(tmp_path: Path) -> None:
    """Each side counts its own; a cancelled or answered one is not the other's."""
    async with raw_client(tmp_path, replies=REPLIES) as client:
        await client.begin(ABLE)
        (first, *_) = await client.until(lambda: asked(client, "workspace/configuration"))
        answer = await client.request("no/such", number=first["id"])
        assert answer["error"]["code"] == -32601
        client.notify("$/cancelRequest", {"id": first["id"]})
        client.send({"jsonrpc": "2.0", "id": first["id"], "result": [{"completion": {}}]})
        await ghost_text(client)
        assert await client.end() == 0


async def test_a_question_that_nobody_answers_ends_with_the_session(tmp_path: Path) -> None:
    """A user may take any time over it."""
    async with raw_client(tmp_path, replies=REPLIES) as client:
        await client.begin(ABLE)
        await ghost_text(client)
        await run(client, "herdmate.fetchModel", "codellama-7b")  # under a licence of its own
        await client.until(lambda: asked(client, "window/showMessageRequest"))
        assert await client.end() == 0


ODD_ABILITIES: list[dict[str, Any]] = [
    {"capabilities": {"experimental": odd}}
    for odd in ([1], "text", 5, True, {"herdmate": 5}, {"herdmate": [True]},
                {"herdmate": {"extensions": 5}}, {"herdmate": {"extensions": [5, None, "A.b"]}},
                {"herdmate": {"status": "yes", "ask": [], "extensions": {"a": 1}}})
] + [
    {"capabilities": {"general": {"positionEncodings": odd}}}
    for odd in ([], ["utf-7"], ["utf-7", "utf-8"])
] + [
    {"rootUri": odd} for odd in ("", "nonsense", "http://[", "file://host/share", "untitled:One",
                                 "file:///%zz%00%ff", "vscode-remote://ssh-remote%2Bbox/home",
                                 "file:", "file:relative", "file:///\ud83d", "\0")
] + [
    {"rootPath": odd} for odd in ("", "relative", "/project", "//", "C:\\project", "\0")
] + [
    {"workspaceFolders": odd}
    for odd in (None, [], [{"uri": "http://[", "name": ""}],
                [{"uri": uri, "name": "a"} for uri in ("untitled:One", "file://host/share", "",
                                                       "file:///a", "vscode-remote://b/a", "file:///%00")])
] + [
    {"initializationOptions": odd} for odd in (None, [], 5, "text", {}, {"a": None}, [{"a": "x"}])
] + [
    {"capabilities": odd}
    for odd in ({"window": 5}, {"window": {"showMessage": 5}}, {"textDocument": {"hover": [1]}},
                {"workspace": {"applyEdit": "yes"}}, {"general": {"positionEncodings": [5, None]}},
                {"notebookDocument": "x", "unknown": 1}, {"textDocument": None})
] + [
    {name: odd}
    for name in ("processId", "clientInfo", "locale", "trace", "rootUri", "workspaceFolders")
    for odd in (1.5, [5])
] + [
    {"clientInfo": None, "locale": "", "trace": "verbose", "processId": 2**31 - 1}
]  # fmt: skip


async def test_whatever_a_client_says_of_itself_the_session_begins(tmp_path: Path) -> None:
    """One server in this process for each, since nothing of this has to do with processes."""
    from herdmate.engine.start import FakeStart
    from herdmate.lsp.json_rpc_parsing import Notification, Request
    from herdmate.lsp.server import create_server
    from herdmate.models.role_choices import EngineChoice

    for odd in ODD_ABILITIES:
        server, writer = create_server(lambda *_: EngineChoice(FakeStart())), Writer()
        server.protocol.set_writer(writer)
        params = {"processId": None, "rootUri": None, "capabilities": {}, **odd}
        server.protocol.handle(Request(1, "initialize", params))
        answer = await writer.message(0)
        assert "result" in answer, (odd, answer)
        item = {"uri": URI, "languageId": "python", "version": 1, "text": CODE}
        server.protocol.handle(Notification("textDocument/didOpen", {"textDocument": item}))
        listing = {"textDocument": {"uri": URI}, "range": WHOLE, "context": {"diagnostics": []}}
        server.protocol.handle(Request(2, "textDocument/codeAction", listing))
        answer = await writer.message(1)
        assert answer["result"], (odd, answer)
        await server.end()
        await asyncio.sleep(0)


async def ghost_text(client: RawClient) -> None:
    item = {"uri": URI, "languageId": "python", "version": 1, "text": CODE}
    client.notify("textDocument/didOpen", {"textDocument": item})
    params = {
        "textDocument": {"uri": URI},
        "position": {"line": 1, "character": 4},
        "context": {"triggerKind": 1},
    }
    answer = await client.request("textDocument/inlineCompletion", params)
    assert [item["insertText"] for item in answer["result"]["items"]] == ["return sum(items)"]


async def run(client: RawClient, command: str, argument: Any) -> None:
    given = [] if argument is None else [argument]
    params = {"command": command, "arguments": given}
    assert "result" in await client.request("workspace/executeCommand", params)


def asked(client: RawClient, method: str) -> list[dict[str, Any]]:
    return [item for item in client.asked if item["method"] == method]
