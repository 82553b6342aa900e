"""The event loop is never held: all that takes long is done in slices, or elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.lsp import protocol
from herdmate.lsp.handlers import workspace_index
from tests.lsp.in_process import Peer, peer
from tests.lsp.loop_watch import watched

LONGEST = 0.15
"""Seconds of the processor. A slice of a parse is 0.02; more where others run too."""

CODE = "def f(a, b):\n    x = [1, 2, {'a': 3}]\n    return a + b * x[0]\n\n"
LONG = CODE * 5_000  # 20,000 lines


async def test_nothing_holds_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_index, "_REST", 0.0)
    monkeypatch.setattr(workspace_index, "_TYPING", 0.0)
    folders = [tmp_path / f"folder{at}" for at in range(30)]
    for at, folder in enumerate(folders):
        folder.mkdir()
        (folder / ".gitignore").write_text("private.py\n")
        for name in ("a.py", "b.ts", "private.py"):
            (folder / name).write_text(CODE * 20 if at else CODE * 200)
    async with peer(*folders) as client:
        for at, language in enumerate(("python", "typescript")):  # grammars are loaded once
            await _open(client, f"untitled:{at}", "x", language)
        with watched(lambda: client.said_last) as holds:
            await _session(client, folders)
    longest = holds.longest()
    for held, what in longest:
        print(f"{held * 1000:6.1f} ms {what}")  # noqa: T201 - see pytest -s
    assert longest[0][0] < LONGEST, longest[0]


async def _session(client: Peer, folders: list[Path]) -> None:
    """What an editor does that has much to do."""
    long, others = (folders[0] / "long.py").as_uri(), folders[1:]
    await _open(client, long, LONG)
    await _ghost_text(client, long, 19_000)
    for folder in others:
        for name in ("a.py", "private.py"):
            await _open(client, (folder / name).as_uri(), CODE)
    for version in range(2, 12):  # at many cursors, at the top and at the end
        places = [version * 3, *range(100, 19_000, 50)]
        await _change(client, long, version, [_insert(line, "y") for line in places])
    await _ghost_text(client, long, 10)
    await _actions(client, long)
    await _change(client, long, 20, [{"text": LONG.replace("x", "yy")}])
    await _change(client, long, 21, [{"text": "foo(1, {\n" + LONG}])
    await _ghost_text(client, long, 0)
    (folders[0] / ".gitignore").write_text("long.py\n")
    changed = [{"uri": (folder / ".gitignore").as_uri(), "type": 2} for folder in folders]
    changed += [{"uri": (folders[0] / f"n{at}.py").as_uri(), "type": 1} for at in range(5_000)]
    client.notify("workspace/didChangeWatchedFiles", {"changes": changed})
    await client.until_heard()
    action_input = {"completion": {"maxTokens": 64}}
    client.notify("workspace/didChangeConfiguration", {"settings": {"herdmate": action_input}})
    await client.until_heard()
    (folders[0] / ".gitignore").unlink()
    event: dict[str, Any] = {"added": [], "removed": [_folder(folders[-1])]}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    await client.until_heard()
    event = {"added": event["removed"], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    await client.until_heard()
    for method, params in (
        (protocol.MODELS, None), (protocol.MENU, {"menu": "status", "uri": long}),
        (protocol.MENU, {"menu": "models", "uri": long}), _command(protocol.COMMAND_STATUS),
        _command(protocol.COMMAND_STATS), _command(protocol.COMMAND_SEEN),
        _command(protocol.COMMAND_EXPLAIN, {"uri": others[0].as_uri() + "/a.py",
                                            "range": _range(0, 3), "action": "explain"}),
    ):  # fmt: skip
        await asyncio.wait_for(client.ask(method, params)[1], 60)
    await asyncio.wait_for(workspace_index.index_workspace(client.session), 60)
    for uri in client.session.documents.uris():
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        await client.until_heard()


async def test_a_notebook_of_many_cells_holds_nobody(tmp_path: Path) -> None:
    uris = [f"vscode-notebook-cell:{tmp_path.as_posix()}/a.ipynb#{at}" for at in range(2_000)]
    cells = [{"kind": 2, "document": uri} for uri in uris]
    items = [{"uri": uri, "languageId": "python", "version": 1, "text": CODE} for uri in uris]
    book = {"uri": (tmp_path / "a.ipynb").as_uri(), "version": 1}
    async with peer(tmp_path) as client:
        shown = {**book, "notebookType": "jupyter-notebook", "cells": cells}
        params = {"notebookDocument": shown, "cellTextDocuments": items}
        client.notify("notebookDocument/didOpen", params)
        await client.until_heard()  # the message alone takes long to read
        with watched(lambda: client.said_last) as holds:
            for version in range(2, 20):
                told = [{"document": {"uri": uri, "version": version},
                         "changes": [_insert(1, "z")]} for uri in uris[::100]]  # fmt: skip
                change = {"notebookDocument": book, "change": {"cells": {"textContent": told}}}
                client.notify("notebookDocument/didChange", change)
                await client.until_heard()
            await _ghost_text(client, uris[-1], 1)
    assert holds.longest()[0][0] < LONGEST, holds.longest()[0]


async def _open(client: Peer, uri: str, text: str, language: str = "python") -> None:
    item = {"uri": uri, "languageId": language, "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": item})
    await client.until_heard()


async def _change(client: Peer, uri: str, version: int, changes: list[dict[str, Any]]) -> None:
    named = {"uri": uri, "version": version}
    client.notify("textDocument/didChange", {"textDocument": named, "contentChanges": changes})
    await client.until_heard()


def _insert(line: int, text: str) -> dict[str, Any]:
    return {"range": _range(line, line), "text": text}


def _range(first: int, last: int) -> dict[str, Any]:
    return {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}


def _folder(folder: Path) -> dict[str, str]:
    return {"uri": folder.as_uri(), "name": folder.name}


def _command(name: str, *arguments: Any) -> tuple[str, dict[str, Any]]:
    return types.WORKSPACE_EXECUTE_COMMAND, {"command": name, "arguments": list(arguments)}


async def _ghost_text(client: Peer, uri: str, line: int) -> None:
    place = {"line": line, "character": 0}
    params = {"textDocument": {"uri": uri}, "position": place, "context": {"triggerKind": 1}}
    await asyncio.wait_for(client.ask("textDocument/inlineCompletion", params)[1], 60)


async def _actions(client: Peer, uri: str) -> None:
    context: dict[str, Any] = {"diagnostics": []}
    params = {"textDocument": {"uri": uri}, "range": _range(5, 5), "context": context}
    await asyncio.wait_for(client.ask("textDocument/codeAction", params)[1], 60)
