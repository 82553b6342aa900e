"""A client may spell a URI in several ways; the server knows one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from herdmate.lsp.uri_spelling import plain_uri, with_uris
from herdmate.text import path_of
from tests.lsp.in_process import Peer, peer

Respell = Callable[[str], str]

SPELLINGS: dict[str, Respell] = {
    "spaces as they are": lambda uri: uri.replace("%20", " "),
    "a letter escaped": lambda uri: uri.replace(".py", ".p%79").replace(".env", ".%65nv"),
    "another case of an escape": lambda uri: uri.replace("%2F", "%2f").replace("%5B", "%5b"),
    "this machine named": lambda uri: uri.replace("file:///", "file://LocalHost/"),
    "one slash": lambda uri: uri.replace("file:///", "file:/"),
    "another case of the scheme": lambda uri: uri.replace("file:", "FILE:"),
}
SAID = {"line": 0, "character": 0}


@pytest.mark.parametrize("name", SPELLINGS)
async def test_a_document_closed_under_another_spelling_leaves_nothing_behind(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "a [b]"
    folder.mkdir()
    async with peer(folder) as client:
        session = client.session
        for file in (folder / "a.py", folder / ".env"):
            uri = file.as_uri()
            _open(client, uri)
            await client.until_heard()
            stopped: list[str] = []
            session.completion.in_flight[uri] = _Running(stopped)  # type: ignore[assignment]
            session.project._chosen[uri] = None  # type: ignore[assignment]
            other = SPELLINGS[name](uri)
            hint = {"uri": other, "position": SAID}
            client.notify("herdmate/cursor", hint)
            change = {"textDocument": {"uri": other, "version": 2}, "contentChanges": []}
            client.notify("textDocument/didChange", change)
            await client.until_heard()
            assert session.documents.get(uri).document.version == 2
            client.notify("textDocument/didClose", {"textDocument": {"uri": other}})
            await client.until_heard()
            assert session.documents.uris() == ()
            assert session.completion.in_flight == {}
            assert stopped
            assert not session.project._chosen
            assert session.project.withheld == {}
            assert session.completion.reading_ahead == {}
            assert session.documents.named(other) == other


async def test_requests_and_commands_reach_the_document_under_another_spelling(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a b.py"
    async with peer(tmp_path) as client:
        _open(client, file.as_uri())
        other = f"file://localhost{file}"
        whole = {"start": SAID, "end": {"line": 1, "character": 0}}
        params = {"textDocument": {"uri": other}, "range": whole, "context": {"diagnostics": []}}
        _, listed = client.ask("textDocument/codeAction", params)
        actions = (await listed)["result"]
        assert {action["data"]["uri"] for action in actions} == {file.as_uri()}
        command = next(item for item in actions if item["data"]["action"] == "explain")["command"]
        arguments = [{**command["arguments"][0], "uri": other}]
        given = {"command": command["command"], "arguments": arguments}
        _, explained = client.ask("workspace/executeCommand", given)
        assert "error" not in await explained


async def test_a_notebook_and_its_cells_are_known_under_other_spellings(tmp_path: Path) -> None:
    book, cell = "file:///c%3A/a.ipynb", "vscode-notebook-cell:/c%3A/a.ipynb#W0"
    others = "file:///C:/a.ipynb", "vscode-notebook-cell:/C:/a.ipynb#W0"
    async with peer(tmp_path) as client:
        cells = [{"kind": 2, "document": cell}]
        item = {"uri": others[1], "languageId": "python", "version": 1, "text": "x"}
        opened = {"uri": book, "notebookType": "jupyter-notebook", "version": 1, "cells": cells}
        params = {"notebookDocument": opened, "cellTextDocuments": [item]}
        client.notify("notebookDocument/didOpen", params)
        await client.until_heard()
        documents = client.session.documents
        assert documents.uris() == documents.cells(book) == (cell,)
        changed = {"document": {"uri": others[1], "version": 2}, "changes": [{"text": "y"}]}
        event = {"cells": {"textContent": [changed]}}
        params = {"notebookDocument": {"uri": others[0], "version": 2}, "change": event}
        client.notify("notebookDocument/didChange", params)
        await client.until_heard()
        assert documents.get(cell).document.text == "y"
        closed = {"notebookDocument": {"uri": others[0]}, "cellTextDocuments": [{"uri": others[1]}]}
        client.notify("notebookDocument/didClose", closed)
        await client.until_heard()
        assert documents.uris() == ()
        assert documents.named(others[1]) == others[1]


async def test_a_folder_is_removed_under_another_spelling(tmp_path: Path) -> None:
    inner = tmp_path / "a b"
    async with peer(tmp_path, inner) as client:
        assert list(client.session.folders) == [tmp_path, inner]
        gone = [{"uri": f"file://localhost{inner}", "name": ""}]
        event = {"event": {"added": [], "removed": gone}}
        client.notify("workspace/didChangeWorkspaceFolders", event)
        await client.until_heard()
        assert list(client.session.folders) == [tmp_path]


@pytest.mark.parametrize(
    "name",
    ["a b.py", "é.py", "50%.py", "%41.py", "a#b?c.py", "a\nb.py", "[x].py", "~"],
)
def test_a_plain_uri_leads_to_the_same_file(name: str) -> None:
    path = Path("/folder", name)
    assert path_of(plain_uri(path.as_uri())) == path_of(path.as_uri()) == path
    assert plain_uri(plain_uri(path.as_uri())) == plain_uri(path.as_uri())


def test_only_names_of_documents_are_replaced() -> None:
    told = {"uri": 5, "text": "a", "contentChanges": [{"uri": "a"}], "list": [{"document": "a"}]}
    assert with_uris(told, str.upper) == {**told, "list": [{"document": "A"}]}


def _open(client: Peer, uri: str) -> None:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "x = 1\n"}
    client.notify("textDocument/didOpen", {"textDocument": item})


class _Running:
    def __init__(self, stopped: list[Any]) -> None:
        self._stopped = stopped

    def stop(self) -> None:
        self._stopped.append(True)
