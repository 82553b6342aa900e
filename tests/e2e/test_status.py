"""What the user sees of the server's and the engine's life: status, progress, a crash, the end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import NEOVIM, VSCODE, editor
from tests.e2e.shop import CODE, GHOST, HOLE, URI, code_reply

pytestmark = pytest.mark.e2e


async def test_the_status_for_a_client_that_knows_it(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST, knows=("status",)) as client:
        client.open(URI, CODE)
        await client.ghost_text(URI, *HOLE)
        await client.until(lambda: client.statuses and client.statuses[-1]["state"] == "ready")
        states = [status["state"] for status in client.statuses]
        assert "thinking" in states
        assert states.index("loading") < states.index("ready")


async def test_loading_and_rewriting_are_shown_as_progress(tmp_path: Path) -> None:
    replies = code_reply("def other():\n    return 2")
    async with editor(NEOVIM, tmp_path, replies, seconds=0.001) as client:
        client.open(URI, CODE)
        await client.until_ready()
        await client.run((await client.actions(URI, (5, 0), (6, 12)))["simplify"])
        await client.until(lambda: client.edits)
        begun = [
            item for item in client.all_progress() if isinstance(item, types.WorkDoneProgressBegin)
        ]
        ended = [
            item for item in client.all_progress() if isinstance(item, types.WorkDoneProgressEnd)
        ]
        assert [item.title for item in begun] == ["Loading the model", "Simplify"]
        assert all(item.cancellable for item in begun)
        told = [
            item.message
            for item in client.all_progress()
            if isinstance(item, types.WorkDoneProgressReport) and item.message
        ]
        assert "reading the code" in told
        assert any(re.fullmatch(r"\d+ tokens?, \d+ s", message) for message in told)
        assert len(ended) == 2


async def test_cancelling_the_progress_leaves_the_file_alone(tmp_path: Path) -> None:
    replies = code_reply("def other():\n    return 2")
    async with editor(NEOVIM, tmp_path, replies, seconds=0.01) as client:
        client.open(URI, CODE)
        await client.until_ready()
        await client.run((await client.actions(URI, (5, 0), (6, 12)))["simplify"])
        await client.until_status(lambda _: len(client.progress_reports) >= 2)
        tokens = list(client.progress_reports)
        client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(tokens[-1]))
        await client.until_status(lambda status: status["state"] != "thinking")
        evaluated = (await client.status())["engine"]["evaluated_tokens"]
        await client.ghost_text(URI, *HOLE)  # takes longer than the rewrite had left
        assert client.edits == []
        assert (await client.status())["engine"]["evaluated_tokens"] > evaluated


async def test_killing_the_engine_answers_tells_once_and_goes_on(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST, seconds=0.1) as client:
        client.open(URI, CODE)
        status = await client.until_ready()
        asked = asyncio.ensure_future(client.ghost_text(URI, *HOLE))
        await client.until_status(lambda status: status["engine"]["evaluated_tokens"])
        os.kill(status["engineProcess"], signal.SIGKILL)
        assert await asyncio.wait_for(asked, 120) == []
        assert await asyncio.wait_for(client.ghost_text(URI, *HOLE), 120) == ["return sum(items)"]
        told = [message.message for message in client.messages]
        assert len(told) == 1
        assert "starting again" in told[0]


async def test_the_server_ends_when_the_editor_says_so(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        process = (await client.until_ready())["engineProcess"]
        server = client._server
    assert server is not None
    assert server.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
