"""Models listed, fetched and chosen by an editor: a real server process, the fake engine inside."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.lsp import protocol
from herdmate.models import catalogue
from tests.e2e.editor import EMACS, NEOVIM, VSCODE, Editor, editor, until_answer
from tests.models.file_server import Files, path_at_the_hub, serving
from tests.models.gguf_file import gguf, write

pytestmark = pytest.mark.e2e

GHOST = {"fim_middle": "return 1"}
STARTER = catalogue.starter()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model folder."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """Hugging Face, where the starter is said to be as large as it is."""
    with serving({path_at_the_hub(STARTER): bytes(8 << 20)}) as files:
        files.claims = STARTER.size
        monkeypatch.setenv("HF_ENDPOINT", files.url)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        yield files


@pytest.mark.parametrize("name", [VSCODE, NEOVIM, EMACS])
async def test_the_models_that_can_be_chosen(name: str, home: Path, tmp_path: Path) -> None:
    write(home / STARTER.file, gguf())
    async with editor(name, tmp_path, GHOST) as client:
        found = await _models(client)
        first, *others = found.models
        assert (first.name, first.title, first.bytes) == (STARTER.name, STARTER.title, STARTER.size)
        assert (first.infill, first.instruct, first.installed) == (True, True, True)
        assert first.detail.startswith("needs 0.9 GB, ")
        assert not any(model.installed for model in others)
        assert len(others) == len(catalogue.models()) - 1
        assert found.current == ""  # the fake engine has no file


async def test_fetching_what_is_there_answers_where(home: Path, tmp_path: Path) -> None:
    there = home / STARTER.file
    write(there, b"")
    os.truncate(there, STARTER.size)
    async with editor(NEOVIM, tmp_path, GHOST) as client:
        answer = await _pull(client, "starter")
        assert answer.path == str(there)


@pytest.mark.parametrize("by", ["progress", "request"])
async def test_a_cancelled_fetch_is_gone_on_with(
    by: str, home: Path, hub: Files, tmp_path: Path
) -> None:
    """The server stops in the middle, so that it is surely still fetching when it is cancelled."""
    hub.stalls_after = 2 << 20
    async with editor(VSCODE, tmp_path, GHOST) as client:
        await client.until_ready()
        for _ in range(2):
            asked = len(hub.gets())
            fetching = asyncio.ensure_future(_pull(client, "starter", msg_id=f"pull {asked}"))
            await _fetched_some(client, home, hub, asked)
            if by == "progress":
                token = list(client.progress_reports)[-1]
                client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
            else:
                client.cancel_request(types.CancelParams(f"pull {asked}"))
            with pytest.raises((JsonRpcException, asyncio.CancelledError)):
                await fetching
        assert not (home / STARTER.file).exists()
        assert (await client.status())["state"] == "ready"
        (_, first), (_, second) = hub.gets()
        assert first is None
        assert second is not None
        assert int(second.removeprefix("bytes=").removesuffix("-")) >= 1 << 20
    begun = [
        item for item in client.all_progress() if isinstance(item, types.WorkDoneProgressBegin)
    ]
    assert [item.title for item in begun][-2:] == [f"Fetching {STARTER.title}"] * 2
    assert all(item.cancellable for item in begun)


async def test_an_unknown_name_and_a_licence_that_is_not_agreed_to(
    home: Path, tmp_path: Path
) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        with pytest.raises(JsonRpcException, match="did you mean codellama-7b"):
            await _pull(client, "codelama-7b")
        with pytest.raises(JsonRpcException, match="licence was not accepted"):
            await _pull(client, "codellama-7b")  # the answer is "Not now"
        (question,) = client.questions
        assert "Llama 2 Community License" in question.message
        assert not (home / ".partial").exists()


async def test_a_model_that_does_not_fit_is_loaded_only_if_the_user_says_so(
    home: Path, tmp_path: Path
) -> None:
    huge = home / catalogue.find("codellama-34b").file
    write(huge, gguf())
    os.truncate(huge, 1 << 40)  # with holes: hardly anything on the disk
    async with editor(NEOVIM, tmp_path, GHOST) as client:
        process = (await client.until_ready())["engineProcess"]
        for chooses, restarts in (("", False), ("Load it", True)):
            client.chooses = chooses
            asked = len(client.questions)
            # the second name means the same model
            name = "codellama-34b" + "-instruct" * asked
            client.set_configuration({"model": name}, section="herdmate")
            client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
            question = await client.until(lambda: client.questions[asked:])  # noqa: B023
            assert "GB of memory, and only" in question[0].message
            assert question[0].message.endswith("Load it anyway?")
            if restarts:
                await until_answer(
                    client.until_ready,
                    lambda status: status["engineProcess"] != process,
                )
            assert ((await client.until_ready())["engineProcess"] != process) == restarts


async def _models(client: Editor) -> Any:
    return await _request(client, protocol.MODELS, None)


async def _pull(client: Editor, name: str, msg_id: str | None = None) -> Any:
    return await _request(client, protocol.PULL_MODEL, {"name": name}, msg_id)


async def _request(client: Editor, method: str, params: Any, msg_id: str | None = None) -> Any:
    send: Any = client.protocol.send_request_async  # pygls leaves it untyped
    return await send(method, params, msg_id=msg_id)


async def _fetched_some(client: Editor, home: Path, hub: Files, asked: int) -> None:
    """Wait until bytes are on the disk that were not there before the last request."""
    await client.until_status(lambda _: len(hub.gets()) > asked)
    part = home / ".partial" / STARTER.name / "HuggingFaceFile" / "whole"
    await client.until_status(
        lambda _: part.exists() and part.stat().st_size >= (1 << 20) * (asked + 1)
    )


async def test_a_file_that_the_user_names_is_fetched_and_listed(home: Path, tmp_path: Path) -> None:
    data = gguf(1 << 20)
    with serving({"/a/mine.gguf": data}) as files:
        async with editor(NEOVIM, tmp_path, GHOST) as client:
            answer = await _pull(client, f"{files.url}/a/mine.gguf")
            assert Path(answer.path).read_bytes() == data
            found = await _models(client)
    assert (found.models[0].name, found.models[0].installed) == ("mine.gguf", True)


async def test_codellamas_licence_is_shown_before_it_is_fetched(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST, knows=("status",)) as client:
        await client.until_ready()
        await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_FETCH_MODEL, ["codellama-7b"])
        )
        (question,) = await client.until(lambda: client.questions)  # the answer is "Not now"
        assert "Llama 2 Community License" in question.message
        assert "Meta Platforms, Inc. All Rights Reserved." in question.message
        await client.status()
        assert "fetching" not in [status["state"] for status in client.statuses]
