"""One model that answers and another for ghost text, in real server processes."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
from lsprotocol import types

from herdmate.lsp import protocol
from tests.e2e.editor import NEOVIM, VSCODE, Editor, editor
from tests.e2e.sample import engines
from tests.e2e.shop import CODE, HOLE, URI
from tests.engine.family_models import CASES, make

pytestmark = pytest.mark.e2e

_QWEN = next(case for case in CASES if case.family == "Qwen2.5-Coder")
_ANSWERS = {"fim_middle": "return len(items)", "": "It adds."}
_KNOWS = ("status", "explanation")
_GHOST = {"fim_middle": "return sum(items)"}


@pytest.fixture
def pair(tiny_model: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A CodeLlama and a Qwen2.5-Coder, both of random weights."""
    answers = Path(shutil.copy(tiny_model, tmp_path / "answers.gguf"))
    return answers, make(_QWEN, tmp_path / "ghost.gguf")


async def test_each_role_has_a_model_and_fails_alone(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Different families, a restart, changes of the settings, and files deleted while they run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    answers, ghost = map(str, pair)
    options: dict[str, Any] = {"model": answers, "completion": {"model": ghost}}
    async with editor(NEOVIM, tmp_path, options=options, knows=_KNOWS) as client:
        client.open(URI, CODE)
        before = await _both_ready(client)
        assert before["family"].startswith("CodeLlama:")
        assert " Ghost text: " in before["message"]
        assert before["completion"]["family"].startswith("Qwen2.5-Coder:")
        assert len(_engines(client)) == 2

        await client.ghost_text(URI, *HOLE)
        await _explain(client)
        after = await client.status()
        assert after["completion"]["engine"]["generated_tokens"] > 0
        assert after["engine"]["generated_tokens"] > 0

        # The model that answers goes on while the other is replaced: by itself, and by none.
        for change in (answers, "", f"{tmp_path}/./answers.gguf"):
            _set(client, {"model": answers, "completion": {"model": change}})
            shared = await client.until_status(lambda now: now["completion"] is None)
            assert shared["engineProcess"] == before["engineProcess"]
            await client.until_status(lambda _: len(_engines(client)) == 1)
        _set(client, options)
        again = await _both_ready(client)
        assert again["engineProcess"] == before["engineProcess"]
        assert again["completion"]["engineProcess"] != before["completion"]["engineProcess"]

        # What ghost text's model reads is its own affair.
        pair[1].unlink()
        os.kill(again["completion"]["engineProcess"], signal.SIGKILL)
        await client.until(lambda: client.statuses[-1]["completion"]["state"] == "error")
        await client.until(lambda: _told_of(client, "ghost.gguf"))
        (told,) = _told_of(client, "ghost.gguf")
        assert told.startswith("Ghost text: There is no model file")
        assert "set herdmate.completion.model to" in told
        assert await client.ghost_text(URI, *HOLE) == []
        assert "ghost.gguf" in await client.why()
        await _explain(client)
        assert (await client.status())["engineProcess"] == before["engineProcess"]

        # And the other way round.
        make(_QWEN, pair[1])
        await _run(client, protocol.COMMAND_RESTART_ENGINE)
        both = await _both_ready(client)
        assert both["engineProcess"] != before["engineProcess"]
        pair[0].unlink()
        os.kill(both["engineProcess"], signal.SIGKILL)
        await client.until(lambda: client.statuses[-1]["state"] == "error")
        begun = (await client.status())["completion"]["engine"]["requests"]
        client.change(URI, CODE + "\n")
        await client.ghost_text(URI, *HOLE)
        assert (await client.status())["completion"]["engine"]["requests"] > begun


async def test_a_model_for_ghost_text_that_is_not_there_harms_no_answer(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = {"model": str(pair[0]), "completion": {"model": "starter"}}
    async with editor(NEOVIM, tmp_path, options=options, knows=_KNOWS) as client:
        client.open(URI, CODE)
        await client.until(
            lambda: client.statuses and client.statuses[-1]["completion"]
            and client.statuses[-1]["completion"]["state"] == "noModel"
            and client.statuses[-1]["state"] == "ready"
        )  # fmt: skip
        (told,) = [message.message for message in client.messages]
        assert told.startswith("Ghost text: ")
        assert "is not on this machine" in told
        await _explain(client)
        assert await client.ghost_text(URI, *HOLE) == []


async def test_ghost_text_and_answers_come_from_their_own_engines(tmp_path: Path) -> None:
    """While one is busy or ends, the other goes on; what stops one does not stop the other."""
    options = {"completion": {"model": "any"}}
    async with editor(
        VSCODE, tmp_path, _ANSWERS, options=options, knows=_KNOWS, ghost=_GHOST
    ) as client:
        client.open(URI, CODE)
        await _both_ready(client)
        status = await client.until_status(  # the open file is read ahead where it will be needed
            lambda now: now["completion"]["engine"]["evaluated_tokens"] >= len(CODE)
        )
        assert status["engine"]["evaluated_tokens"] == 0
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]
        assert await _explain(client, whole=True) == "It adds."
        os.kill(status["engineProcess"], signal.SIGKILL)
        client.change(URI, CODE + "\n")
        first, *_others = await client.ghost_text(URI, *HOLE)
        assert first == "return sum(items)"
        assert await _explain(client, whole=True) == "It adds."
        now = await _both_ready(client)
        assert now["completion"]["engineProcess"] == status["completion"]["engineProcess"]
        assert now["engineProcess"] != status["engineProcess"]
        # Without a model for ghost text, the one that answers writes it.
        _set(client, {"completion": {"model": ""}})
        await client.until_status(lambda status: status["completion"] is None)
        client.change(URI, CODE + "\n\n")
        assert await client.ghost_text(URI, *HOLE) == ["return len(items)"]


def _told_of(client: Editor, name: str) -> list[str]:
    return [message.message for message in client.messages if name in message.message]


def _set(client: Editor, settings: dict[str, Any]) -> None:
    client.workspace_did_change_configuration(
        types.DidChangeConfigurationParams({"herdmate": settings})
    )


async def _run(client: Editor, command: str) -> Any:
    return await client.workspace_execute_command_async(types.ExecuteCommandParams(command))


async def _explain(client: Editor, whole: bool = False) -> str:
    """An explanation, by a model of random weights only its beginning; fails if there is none."""
    heard = len(client.parts)
    await client.run((await client.actions(URI, (0, 0), (1, 4)))["explain"])
    first = await client.until(
        lambda: next((part for part in client.parts[heard:] if part["text"] or part["done"]), None)
    )
    if not whole:
        client.protocol.notify(protocol.STOP, {"id": first["id"]})
    await client.until(lambda: client.parts[-1]["done"])
    assert client.parts[-1]["stopped"] or client.parts[-1]["error"] is None
    return "".join(part["text"] for part in client.parts[heard:])


async def _both_ready(client: Editor) -> dict[str, Any]:
    def are_ready(status: dict[str, Any]) -> bool:
        ghost = status["completion"]
        return "engineProcess" in status and bool(ghost) and "engineProcess" in ghost

    return await client.until_status(are_ready)


def _engines(client: Editor) -> list[psutil.Process]:
    """The processes that run models."""
    server = client._server
    assert server is not None
    return engines(server.pid)
