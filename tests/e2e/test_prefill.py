"""What the model reads ahead, before it is asked anything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from herdmate.lsp import protocol
from tests.e2e.editor import VSCODE, editor, until_answer
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
        actions = await client.actions(URI, (0, 0), HOLE)

        async def rests() -> Any:
            """The engine's totals, once they no longer grow."""
            before = (await client.status())["engine"]
            await asyncio.sleep(0.2)
            now = (await client.status())["engine"]
            return now if now == before and now["requests"] >= 2 else None

        read = await until_answer(rests)
        assert read["generated_tokens"] == 0
        await client.run(actions["explain"])
        status = await client.until_status(lambda now: now["engine"]["requests"] != 2)
        done = status["engine"]
        assert done["evaluated_tokens"] - read["evaluated_tokens"] <= 1 + len("It adds.")


async def test_the_line_below_a_finished_statement_is_begun(tmp_path: Path) -> None:
    """Nobody asks for it before Return."""
    uri, code = "file:///project/shop.js", "function f() {\n  a();\n}\n"
    async with editor(VSCODE, tmp_path, {"a();\n  <|fim_suffix|>": "b();", "": ""}) as client:
        await client.until_ready()
        client.open(uri, code, "javascript")
        assert await client.typing(uri, 1, 6, number="statement") == []
        await client.until_status(lambda now: now["engine"]["generated_tokens"])
        client.change(uri, code.replace(";\n", ";\n  \n", 1))
        assert await client.typing(uri, 2, 2, number="return") == ["b();"]


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
