"""What the model reads ahead, before it is asked anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types

from herdmate.lsp import protocol
from tests.e2e.editor import VSCODE, editor
from tests.e2e.shop import CODE, GHOST, HOLE, URI

pytestmark = pytest.mark.e2e


async def test_the_model_reads_ahead_where_the_cursor_rests(tmp_path: Path) -> None:
    """Then the first completion there evaluates next to nothing of its prompt."""
    async with editor(VSCODE, tmp_path, GHOST) as client:
        await client.until_ready()
        client.open(URI, CODE)
        line, character = HOLE
        hint = {"uri": URI, "position": {"line": line, "character": character}}
        client.protocol.notify(protocol.CURSOR, hint)
        prompt = len(CODE.encode()) + 3  # control pieces
        status = await client.until_status(lambda now: now["engine"]["evaluated_tokens"] >= prompt)
        done = status["engine"]
        assert done["generated_tokens"] == 0
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]
        after = (await client.status())["engine"]
        assert after["reused_tokens"] - done["reused_tokens"] >= prompt - 1


async def test_a_file_that_is_open_when_the_model_loads_is_read_ahead(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        for number in range(3):
            client.open(f"{URI}{number}", CODE)
        await client.until_ready()
        prompt = len(CODE.encode()) + 3
        status = await client.until_status(lambda now: now["engine"]["evaluated_tokens"] >= prompt)
        done = status["engine"]
        assert done["generated_tokens"] == 0


async def test_the_model_reads_what_was_selected_before_it_is_explained(tmp_path: Path) -> None:
    """Then the first token comes of one evaluated token: wrapper, code and question were read."""
    async with editor(VSCODE, tmp_path, {"": "It adds."}) as client:
        await client.until_ready()
        client.open(URI, CODE)
        await client.until_status(lambda now: now["engine"]["requests"])  # the file itself is read
        on_save = types.CodeActionContext([], only=["source.fixAll"])
        selected = types.Range(types.Position(0, 0), types.Position(*HOLE))
        await client.text_document_code_action_async(
            types.CodeActionParams(types.TextDocumentIdentifier(URI), selected, on_save)
        )
        await asyncio.sleep(1)
        assert (await client.status())["engine"]["requests"] == 1  # nobody selected anything
        actions = await client.actions(URI, (0, 0), HOLE)
        latest: dict[str, int] = (await client.status())["engine"]
        read: dict[str, int] = {}
        while latest["requests"] < 2 or read != latest:
            await asyncio.sleep(0.2)
            read, latest = latest, (await client.status())["engine"]
        assert read["generated_tokens"] == 0
        await client.run(actions["explain"])
        status = await client.until_status(lambda now: now["engine"]["requests"] != 2)
        done = status["engine"]
        assert done["evaluated_tokens"] - read["evaluated_tokens"] <= 1 + len("It adds.")


async def test_reading_ahead_can_be_switched_off(tmp_path: Path) -> None:
    options = {"completion": {"prefill": False}}
    async with editor(VSCODE, tmp_path, GHOST, options=options) as client:
        await client.until_ready()
        client.open(URI, CODE)
        hint = {"uri": URI, "position": {"line": 0, "character": 0}}
        client.protocol.notify(protocol.CURSOR, hint)
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]
        totals = (await client.status())["engine"]
        assert (totals["requests"], totals["reused_tokens"]) == (1, 0)
