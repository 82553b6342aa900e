"""Ghost text in VS Code, Neovim and Emacs: a real server process, with the fake engine inside."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.e2e.editor import EMACS, NEOVIM, VSCODE, editor, inline_params
from tests.e2e.shop import A_QUESTION, CODE, GHOST, HOLE, URI

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", [VSCODE, NEOVIM, EMACS])
async def test_ghost_text(name: str, tmp_path: Path) -> None:
    async with editor(name, tmp_path, GHOST) as client:
        client.open(URI, CODE)
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]


@pytest.mark.parametrize("name", [VSCODE, NEOVIM, EMACS])
async def test_what_is_announced(name: str, tmp_path: Path) -> None:
    async with editor(name, tmp_path, GHOST) as client:
        assert client.initialized_with is not None
        able = client.initialized_with.capabilities
        offered = client.capabilities
        assert able.inline_completion_provider
        assert isinstance(able.code_action_provider, types.CodeActionOptions)
        assert not able.code_action_provider.resolve_provider  # it would only ask once more
        assert offered is not None
        assert offered.text_document is not None
        # completion menus only where the editor has no ghost text
        has_ghost_text = offered.text_document.inline_completion is not None
        assert bool(able.completion_provider) == (not has_ghost_text)


async def test_every_encoding_finds_the_place(tmp_path: Path) -> None:
    line = "x = '😀é' + "
    columns = {VSCODE: len(line) + 1, NEOVIM: len(line.encode()), EMACS: len(line)}
    for name, column in columns.items():
        async with editor(name, tmp_path, {"😀é' + <|fim_suffix|>": "y"}) as client:
            assert client.initialized_with is not None
            client.open(URI, line + "\n")
            encoding = client.initialized_with.capabilities.position_encoding
            assert await client.ghost_text(URI, 0, column) == ["y"], encoding


@pytest.mark.parametrize("name", [VSCODE, NEOVIM, EMACS])
async def test_half_an_emoji_disturbs_nobody(name: str, tmp_path: Path) -> None:
    async with editor(name, tmp_path, GHOST) as client:
        client.open(URI, CODE)
        text = CODE.replace("Sum", "Sum \\ud83d")
        change = {"textDocument": {"uri": URI, "version": 1}, "contentChanges": [{"text": "@"}]}
        body = json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": change})
        data = body.replace('"@"', json.dumps(text).replace("\\\\u", "\\u")).encode()
        assert b"\\ud83d" in data
        assert client.protocol.writer is not None
        client.protocol.writer.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]


async def test_cells_of_a_notebook_know_of_each_other(tmp_path: Path) -> None:
    book, one, two = "file:///project/a.ipynb", "cell:/a.ipynb#1", "cell:/a.ipynb#2"
    replies = {"def total(items): ...\n\nx = to<|fim_suffix|>": "tal([1, 2])"}
    async with editor(VSCODE, tmp_path, replies) as client:
        assert client.initialized_with is not None
        assert client.initialized_with.capabilities.notebook_document_sync
        cells = [types.NotebookCell(types.NotebookCellKind.Code, uri) for uri in (one, two)]
        items = [
            types.TextDocumentItem(one, "python", 1, "def total(items): ..."),
            types.TextDocumentItem(two, "python", 1, "x = "),
        ]
        notebook = types.NotebookDocument(book, "jupyter-notebook", 1, cells)
        client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, items))
        at = types.Position(0, 4)
        edit = types.TextDocumentContentChangePartial(types.Range(at, at), "to")
        content = types.NotebookDocumentCellContentChanges(
            types.VersionedTextDocumentIdentifier(2, two), [edit]
        )
        client.notebook_document_did_change(
            types.DidChangeNotebookDocumentParams(
                types.VersionedNotebookDocumentIdentifier(2, book),
                types.NotebookDocumentChangeEvent(
                    cells=types.NotebookDocumentCellChanges(text_content=[content])
                ),
            )
        )
        params = inline_params(two, 0, 6)
        answer = await client.text_document_inline_completion_async(params)
        assert isinstance(answer, types.InlineCompletionList)
        (item,) = answer.items
        assert item.insert_text == "tal([1, 2])"
        assert item.range == types.Range(types.Position(0, 6), types.Position(0, 6))
        client.notebook_document_did_close(
            types.DidCloseNotebookDocumentParams(
                types.NotebookDocumentIdentifier(book),
                [types.TextDocumentIdentifier(uri) for uri in (one, two)],
            )
        )
        answer = await client.text_document_inline_completion_async(params)
        assert isinstance(answer, types.InlineCompletionList)
        assert not answer.items


async def test_alternatives_for_an_explicit_request(tmp_path: Path) -> None:
    options = {"completion": {"alternatives": 3}}
    async with editor(VSCODE, tmp_path, {"": "total(items)"}, options=options) as client:
        client.open(URI, CODE)
        assert await client.ghost_text(URI, *HOLE) == ["total(items)"]
        found = await client.ghost_text(URI, *HOLE)
        assert len(found) == 3
        assert found[0] == "total(items)"
        assert len(set(found)) == 3


async def test_a_newer_request_supersedes_and_both_are_answered(tmp_path: Path) -> None:
    async with editor(NEOVIM, tmp_path, GHOST, seconds=0.02) as client:
        client.open(URI, CODE)
        older = asyncio.ensure_future(client.ghost_text(URI, *HOLE))
        newer = asyncio.ensure_future(client.ghost_text(URI, *HOLE))
        assert await older == []
        assert await newer == ["return sum(items)"]


async def test_cancel_reaches_the_model(tmp_path: Path) -> None:
    """Shown by counting the tokens that the engine evaluated afterwards."""
    async with editor(VSCODE, tmp_path, {"": "x" * 60}, seconds=0.004) as client:
        client.open(URI, CODE)
        await client.until_ready()
        before = (await client.status())["engine"]["evaluated_tokens"]
        number = "to be cancelled"
        request = asyncio.ensure_future(
            client.protocol.send_request_async(  # type: ignore[no-untyped-call]
                types.TEXT_DOCUMENT_INLINE_COMPLETION, inline_params(URI, *HOLE), msg_id=number
            )
        )
        done = await client.until_status(
            lambda status: status["engine"]["evaluated_tokens"] != before
        )
        now = done["engine"]["evaluated_tokens"]
        client.cancel_request(types.CancelParams(number))
        with pytest.raises(JsonRpcException, match="cancel"):
            await request
        cancelled_at = (await client.status())["engine"]["evaluated_tokens"]
        client.open(URI + "2", "y = \n")
        await client.ghost_text(URI + "2", 0, 4)  # takes far longer than a step
        prompt = len(b"<|fim_prefix|>y = <|fim_suffix|>\n<|fim_middle|>")
        after = (await client.status())["engine"]["evaluated_tokens"]
        assert now <= cancelled_at
        assert after - cancelled_at <= prompt + 60 + 1
        assert cancelled_at - before < 60 + len(CODE)


async def test_a_file_of_five_megabytes(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, {"": "fine"}) as client:
        client.open(URI, "x = 1\n" * 900_000)
        await client.ghost_text(URI, 10, 0)  # silent or not, it is answered
        client.open(URI + "2", CODE)
        assert await client.ghost_text(URI + "2", *HOLE) == ["fine"]


async def test_a_context_that_is_small_makes_the_window_smaller(tmp_path: Path) -> None:
    options = {"engine": {"contextTokens": 512}}
    knows = ("status",)
    async with editor(VSCODE, tmp_path, GHOST, 0.0, options, knows, context=512) as client:
        client.open(URI, "value = 1\n" * 300 + CODE)
        assert await client.ghost_text(URI, 302, 4) == ["return sum(items)"]
        await client.until(lambda: [item["state"] for item in client.statuses[-2:]] == A_QUESTION)
        told = client.statuses[-1]["message"]
        assert "herdmate.engine.contextTokens is 512, so the model is shown 345 tokens" in told
        assert (await client.status())["window"]["note"] in told
