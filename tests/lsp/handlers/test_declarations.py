"""Asking a client where imported names are defined: when, how often, and what its answer may be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.context.outline import Head
from herdmate.engine.start import FakeStart
from herdmate.lsp import protocol
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import declarations, read_ahead, workspace_index
from herdmate.lsp.json_rpc_parsing import message_from_json
from herdmate.lsp.session import Session, declarations_key
from herdmate.models.role_choices import EngineChoice
from tests.lsp.in_process import peer
from tests.waiting import until

CODE = "from lib import far, near, other\n\n\n"
AT = {"line": 0, "character": 16}
RANGE = {"start": {"line": 3, "character": 4}, "end": {"line": 3, "character": 7}}
GOOD = {"position": AT, "uri": "file:///lib/a.py", "range": RANGE}
MAIN = "file:///project/main.py"
ASKED = {(0, 16): "far", (0, 21): "near"}


@pytest.mark.parametrize(
    "answer",
    [
        [], [None, 7, "x", [], {}], [{**GOOD, "position": None}], [{**GOOD, "uri": 7}],
        [{**GOOD, "position": {"line": 0, "character": 17}}],
        [{**GOOD, "position": {"line": 0.5, "character": True}}],
        [{**GOOD, "range": {"start": {"line": -1, "character": 0}, "end": AT}}],
        [{**GOOD, "range": {"start": {"line": 2**40, "character": 0}, "end": AT}}],
        [{**GOOD, "range": "x"}], [{"position": AT, "targetUri": "file:///lib/a.py"}],
        *([{**GOOD, "uri": uri}] for uri in (
            "", "untitled:a.py", "http://a/b.py", "git:/lib/a.py", "file://other/lib/a.py",
            "vscode-notebook-cell:/lib/a.py", "file:///lib/%00.py", "file:relative/a.py", "file://[",
            "file:///" + "a/" * 4_000, "jar:file:///a.jar!/a.py",
        )),
        [{}] * 100 + [GOOD],
    ],
)  # fmt: skip
def test_of_a_malformed_answer_nothing_is_taken(answer: Any) -> None:
    assert declarations._places(ASKED, answer) == ()


@pytest.mark.parametrize("answer", [{}, "x", 7, True])
def test_what_is_no_list_is_no_answer(answer: Any) -> None:
    with pytest.raises(TypeError):
        declarations._places(ASKED, answer)
    assert declarations._places(ASKED, None) is None


def test_an_answer_is_bounded_and_ordered_by_the_names() -> None:
    later = {**GOOD, "position": {"line": 0, "character": 21}, "uri": "FILE:///lib/b.py"}
    found = declarations._places(ASKED, [later, *[GOOD] * 30])
    far = ("far", Path("/lib/a.py"), 3)
    assert found == (far, far, ("near", Path("/lib/b.py"), 3))


class Client:
    """Keeps what is asked, to be answered when the test says so."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.session = Session(lambda *_: EngineChoice(FakeStart()))
        self.session.capabilities = Capabilities(declarations=True)
        self.session.protocol.set_writer(self)

    def write(self, data: bytes) -> None:
        """Hear a message."""
        message = json.loads(data.split(b"\r\n\r\n", 1)[1])
        if message["method"] == protocol.DECLARATIONS:
            self.asked.append(message)
        else:
            self.cancelled.append(message["params"]["id"])

    def close(self) -> None:
        """Nothing is held."""

    def open(self, uri: str, text: str = CODE, version: int = 1) -> None:
        """Open a document, or another version of it."""
        if uri in self.session.documents:
            whole = types.TextDocumentContentChangeWholeDocument(text)
            name = types.VersionedTextDocumentIdentifier(version, uri)
            self.session.documents.change(types.DidChangeTextDocumentParams(name, [whole]))
        else:
            item = types.TextDocumentItem(uri, "python", version, text)
            self.session.documents.open(item)

    async def look(self, uri: str, times: int, after: Callable[[], None] = lambda: None) -> None:
        """Have the server look until it has asked so often."""
        before = len(self.asked)
        declarations.look(self.session, uri, after)
        await until(lambda: len(self.asked) > before or not self.is_looking(uri))
        assert len(self.asked) == times

    async def answer(self, uri: str, result: Any) -> None:
        """Answer the last question, and wait until that is done with."""
        message = {"jsonrpc": "2.0", "id": self.asked[-1]["id"], "result": result}
        before = len(self.asked)
        self.session.protocol.handle(message_from_json(message))
        await until(lambda: not self.is_looking(uri) or len(self.asked) > before)

    def is_looking(self, uri: str) -> bool:
        """Is a document being looked at?"""
        task = self.session.tasks._latest.get(declarations_key(uri))
        return task is not None and not task.done()


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declarations, "_PAUSES", (0.0, 0.0, 0.001))
    monkeypatch.setattr(workspace_index, "_TYPING", 0.0)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "lib" / "a.py"
    path.parent.mkdir()
    path.write_text("\n\n\ndef far(a):\n    return a\n")
    return path


async def test_what_a_client_names_is_kept_until_the_imports_change_or_the_file_is_closed(
    tmp_path: Path, library: Path
) -> None:
    client, uri, seen = Client(), (tmp_path / "main.py").as_uri(), []
    session, known = client.session, client.session.project.declarations
    session.project.index.put(tmp_path / "near.py", (Head("near", "def near(): ...\n"),))
    client.open(uri)
    await client.look(uri, 1, lambda: seen.append("found"))
    params = client.asked[0]["params"]
    assert (params["uri"], params["version"]) == (uri, 1)
    assert [at["character"] for at in params["positions"]] == [16, 27]  # the index knows "near"
    await client.answer(uri, [{**GOOD, "uri": library.as_uri()}])
    assert [item.code for item in known.of(uri)] == ["def far(a):\n    return a\n"]
    assert seen == ["found"]
    client.open(uri, CODE + "far(1)\n", 2)
    await client.look(uri, 1, lambda: seen.append("again"))
    client.open(uri, "from os import path\n" + CODE, 3)
    await client.look(uri, 2, lambda: seen.append("again"))
    await client.answer(uri, None)
    assert len(known.of(uri)) == 1  # kept until there is an answer
    assert seen == ["found"]
    await until(lambda: len(client.asked) == 3)  # by itself
    await client.answer(uri, [{**GOOD, "uri": "file:///lib/gone.py"}])
    assert len(known.of(uri)) == 1
    await until(lambda: len(client.asked) == 4)
    await client.answer(uri, [])
    assert known.of(uri) == ()
    assert seen == ["found", "again"]
    session.documents.close(uri)
    assert not known.known
    assert uri not in session.documents
    await session.end()


async def test_what_follows_is_what_was_last_asked_for(tmp_path: Path, library: Path) -> None:
    client, uri, done = Client(), (tmp_path / "main.py").as_uri(), []
    client.open(uri)
    await client.look(uri, 1, lambda: done.append("first"))
    declarations.look(client.session, uri, lambda: done.append("second"))
    declarations.look(client.session, uri)
    await client.answer(uri, [{**GOOD, "uri": library.as_uri()}])
    assert done == ["second"]
    declarations.look(client.session, uri, lambda: done.append("third"))
    await until(lambda: not client.is_looking(uri))
    client.session.documents.close(uri)
    assert not client.session.project.declarations.then
    assert done == ["second"]
    await client.session.end()


@pytest.mark.parametrize(("answer", "is_final"), [([], True), (None, False), ("odd", False)])
async def test_where_nothing_is_found_it_is_asked_again_a_few_times(
    answer: Any, is_final: bool, tmp_path: Path
) -> None:
    client, uri = Client(), (tmp_path / "main.py").as_uri()
    client.open(uri)
    await client.look(uri, 1)
    for times in range(1, 4):
        await until(lambda times=times: len(client.asked) == times)  # type: ignore[misc]
        await client.answer(uri, answer)
    await until(lambda: not client.is_looking(uri))
    await client.look(uri, 3 if is_final else 4)
    await client.session.end()


async def test_one_question_at_a_time_which_closing_cancels(tmp_path: Path, library: Path) -> None:
    client, uri = Client(), (tmp_path / "main.py").as_uri()
    client.open(uri)
    await client.look(uri, 1)
    for _ in range(5):
        declarations.look(client.session, uri)
    client.session.documents.close(uri)
    await until(lambda: client.cancelled)
    assert client.cancelled == [client.asked[0]["id"]]
    assert len(client.asked) == 1
    client.open(uri)
    await client.look(uri, 2)
    assert not client.session.project.declarations.known
    await client.session.end()
    await until(lambda: len(client.cancelled) == 2)


async def test_what_is_in_the_index_by_then_is_not_kept_twice(
    tmp_path: Path, library: Path
) -> None:
    client, uri = Client(), (tmp_path / "main.py").as_uri()
    client.open(uri)
    await client.look(uri, 1)
    client.session.project.index.put(library, ())
    await client.answer(uri, [{**GOOD, "uri": library.as_uri()}])
    assert client.session.project.declarations.of(uri) == ()
    await client.session.end()


@pytest.mark.parametrize(
    ("uri", "text", "capable", "completion"),
    [
        (MAIN, CODE, False, {}), (MAIN, "x\n", True, {}),
        (MAIN, CODE, True, {"related": False}), (MAIN, CODE, True, {"enabled": False}),
        ("file:///p/.aws/main.py", CODE, True, {}), ("untitled:main.py", CODE, True, {}),
        ("vscode-notebook-cell:/p/main.ipynb#1", CODE, True, {}),
    ],
)  # fmt: skip
async def test_when_nothing_is_asked(
    uri: str, text: str, capable: bool, completion: dict[str, Any]
) -> None:
    client = Client()
    client.session.capabilities = Capabilities(declarations=capable)
    settings = client.session.settings
    client.session.configuration.settings = replace(
        settings, completion=replace(settings.completion, **completion)
    )
    client.open(uri, text)
    await client.look(uri, 0)
    await client.session.end()


async def test_at_a_key_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    monkeypatch.setattr(declarations, "look", lambda _session, uri, *_: looks.append(uri))
    for pause in ("_AFTER_OPENING", "_AFTER_TYPING", "_AFTER_SHOWING"):
        monkeypatch.setattr(read_ahead, pause, 3600.0)
    uri = (tmp_path / "main.py").as_uri()
    async with peer(tmp_path) as client:
        client.session.capabilities = replace(client.session.capabilities, declarations=True)
        client.session.model.answers.status = protocol.Status("ready")
        item = {"uri": uri, "languageId": "python", "version": 1, "text": CODE}
        client.notify("textDocument/didOpen", {"textDocument": item})
        for at in range(30):
            place = {"line": 2, "character": at}
            change = {"range": {"start": place, "end": place}, "text": "x"}
            document = {"uri": uri, "version": at + 2}
            params = {"textDocument": document, "contentChanges": [change]}
            client.notify("textDocument/didChange", params)
            after = {"line": 2, "character": at + 1}
            asked = {"textDocument": {"uri": uri}, "position": after, "context": {"triggerKind": 1}}
            await asyncio.wait_for(client.ask("textDocument/inlineCompletion", asked)[1], 60)
        assert looks == []
        client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        await client.until_heard()
        assert looks == [uri]
        client.notify("herdmate/cursor", {"uri": uri, "position": place})
        await until(lambda: looks == [uri, uri])
