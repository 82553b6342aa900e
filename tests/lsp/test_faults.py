"""One fault at a time between a request and its answer: there is an answer, and work goes on."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate import child_process
from herdmate.engine.start import FakeStart
from herdmate.errors import HerdmateError
from herdmate.lsp import protocol
from herdmate.lsp.client import Client, connect_within
from herdmate.lsp.handlers import usage_statistics, workspace_index
from herdmate.lsp.handlers.model_loading import load_model, stop_loading
from herdmate.lsp.server import create_server
from herdmate.lsp.session import Session
from herdmate.lsp.status import next_status
from herdmate.models.role_choices import EngineChoice
from herdmate.prompting.families import QWEN_PIECES
from herdmate.text import Document, Span
from herdmate.usage.statistics_file import StatisticsFile

pytestmark = pytest.mark.e2e

SECONDS = 30.0
"""A bound for hangs; an answer comes within two seconds on a machine that is not busy."""

CODE = "def double(x):\n    return x + x\n\n\ny = "
SPAN = Span(0, CODE.index("\n\n"))
REPLIES = {
    "fim_middle": "double(2)",
    "": "```python\ndef double(x):\n    return 2 * x\n```\n",
}


@dataclass
class Given:
    """A client and a server in this process, and the folder that is open."""

    client: Client
    session: Session
    document: Document
    folder: Path
    patch: pytest.MonkeyPatch
    killed: set[int] = field(default_factory=set)

    def break_(self, target: Any, name: str, error: BaseException) -> None:
        """Have a function fail."""

        def fail(*_arguments: Any, **_more: Any) -> Any:
            raise error

        self.patch.setattr(target, name, fail)

    def answer(self, method: str, do: Callable[[Any], Any]) -> None:
        """Have the client answer a request of the server in this way."""
        self.client._client.protocol.fm.features[method] = do

    def kill_engine(self) -> None:
        """End the engine as a crash does; the server learns of it later."""
        if (pid := self.session.model.answers.host.process_id) is not None:
            self.killed.add(pid)
            os.kill(pid, signal.SIGKILL)

    async def until_at_rest(self) -> None:
        """Wait until the server knows of each death, and has ended what it was doing.

        What was asked before a death may still be answered, and be taken for a newer answer.
        """
        model = self.session.model.answers
        while model.host.process_id in self.killed or model.status.state != "ready":
            await next_status(self.session)


@asynccontextmanager
async def given(
    tmp_path: Path, patch: pytest.MonkeyPatch, seconds: float = 0.0
) -> AsyncIterator[Given]:
    """A server whose model is there."""
    patch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "opened"
    folder.mkdir()
    path = folder / "a.py"
    path.write_text(CODE)
    first = FakeStart(REPLIES, QWEN_PIECES, seconds)
    session = create_server(lambda *_: EngineChoice(first))
    settings = {"stats": True, "completion": {"prefill": False}}
    async with connect_within(session, settings) as client:
        await asyncio.wait_for(client.ready(lambda _message, _fraction: None), SECONDS)
        document = Document(path.as_uri(), "python", CODE)
        client.open(document)
        yield Given(client, session, document, folder, patch)


async def _ghost_text(found: Given) -> str | None:
    return await found.client.ghost_text(found.document, len(CODE))


async def _explanation(found: Given) -> str | None:
    parts = [part async for part in found.client.explain(found.document, SPAN)]
    return "".join(parts)


async def _rewrite(found: Given) -> str | None:
    return await found.client.rewrite(found.document, SPAN, "simplify")


_REQUESTS: Mapping[str, Callable[[Given], Awaitable[str | None]]] = {
    "ghost text": _ghost_text,
    "an explanation": _explanation,
    "a rewrite": _rewrite,
}


async def _answered(found: Given, name: str) -> str:
    """What came of a request, which ends in any case."""
    try:
        return str(await asyncio.wait_for(_REQUESTS[name](found), SECONDS))
    except HerdmateError as error:
        return f"error: {error}"


async def _works(found: Given) -> None:
    await asyncio.wait_for(found.until_at_rest(), SECONDS)
    for name in _REQUESTS:
        while not found.client._outcomes.empty():
            found.client._outcomes.get_nowait()
        said = await _answered(found, name)
        why = found.session.completion.silence, found.session.model.answers.status
        assert "double(2)" in said or "2 * x" in said, (name, said, why)


async def _engine_dies(found: Given) -> None:
    found.kill_engine()


async def _no_process(found: Given) -> None:
    found.break_(child_process, "start", OSError(errno.EMFILE, "Too many open files"))
    found.kill_engine()


async def _usage_fails(found: Given) -> None:
    found.break_(found.session.model.answers.host, "_on_usage", ZeroDivisionError())


async def _counting_fails(found: Given) -> None:
    found.break_(found.session.usage.tally, "answered", ZeroDivisionError())


async def _statistics_on_a_full_disk(found: Given) -> None:
    found.patch.setattr(usage_statistics, "_SECONDS", 0.0)
    found.break_(StatisticsFile, "_write", OSError(errno.ENOSPC, "No space left on device"))


async def _statistics_nowhere(found: Given) -> None:
    found.patch.setattr(usage_statistics, "_SECONDS", 0.0)
    found.session.usage.file.path = Path("/dev/full/statistics.json")


async def _folder_gone(found: Given) -> None:
    shutil.rmtree(found.folder)


async def _index_fails(found: Given) -> None:
    found.break_(workspace_index, "after_change", OSError(errno.EIO, "Input/output error"))


def _client_answers(method: str, do: Callable[[Any], Any]) -> Callable[[Given], Any]:
    async def inject(found: Given) -> None:
        found.answer(method, do)

    return inject


def _refuse(_params: Any) -> Any:
    raise JsonRpcException("no such method")


async def _never(_params: Any) -> Any:
    await asyncio.Event().wait()


_FAULTS: Mapping[str, Callable[[Given], Any]] = {
    "the engine died before": _engine_dies,
    "no process is to be had": _no_process,
    "a listener of figures fails": _usage_fails,
    "counting fails": _counting_fails,
    "the disk of the statistics is full": _statistics_on_a_full_disk,
    "the statistics have no folder": _statistics_nowhere,
    "the folder is gone": _folder_gone,
    "the index fails": _index_fails,
    "the client refuses edits": _client_answers(types.WORKSPACE_APPLY_EDIT, _refuse),
    "the client refuses progress": _client_answers(types.WINDOW_WORK_DONE_PROGRESS_CREATE, _refuse),
    "the client says something odd of progress": _client_answers(
        types.WINDOW_WORK_DONE_PROGRESS_CREATE, lambda _params: ["odd", {}]
    ),
    "the client says nothing of progress": _client_answers(
        types.WINDOW_WORK_DONE_PROGRESS_CREATE, _never
    ),
}


@pytest.mark.parametrize("inject", _FAULTS.values(), ids=_FAULTS.keys())
async def test_a_fault_before_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inject: Callable[[Given], Any]
) -> None:
    async with given(tmp_path, monkeypatch) as found:
        features = dict(found.client._client.protocol.fm.features)
        with monkeypatch.context() as patch:
            found.patch = patch
            await inject(found)
            for name in _REQUESTS:
                await _answered(found, name)
        found.client._client.protocol.fm.features.update(features)
        if not found.folder.exists():
            found.folder.mkdir()
        if found.session.model.answers.status.state == "error":
            await asyncio.wait_for(load_model(found.session), SECONDS)
        await _works(found)


async def test_what_is_shown_as_a_file_meets_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of such files is on a device that is always full."""
    async with given(tmp_path, monkeypatch) as found:
        found.session.capabilities = replace(
            found.session.capabilities, explanation=False, show_document=True
        )
        monkeypatch.setattr(os, "fsync", _no_room)
        for command in (protocol.COMMAND_SEEN, protocol.COMMAND_STATS):
            asked = found.client._ask(
                types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(command)
            )
            with pytest.raises(HerdmateError, match="No space left on device"):
                await asyncio.wait_for(asked, SECONDS)
        await found.client._execute(protocol.COMMAND_EXPLAIN, found.document, SPAN, "explain")
        shown = await asyncio.wait_for(found.client._outcomes.get(), SECONDS)
        assert "No space left on device" in str(shown)
        monkeypatch.undo()
        assert await _answered(found, "ghost text") == "double(2)"


def _no_room(*_arguments: Any, **_more: Any) -> None:
    with open("/dev/full", "w") as file:
        file.write("x")


@pytest.mark.parametrize("name", _REQUESTS)
async def test_the_engine_dies_while_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async with given(tmp_path, monkeypatch, seconds=0.001) as found:
        waiting = asyncio.ensure_future(_answered(found, name))
        while found.session.model.answers.status.state != "thinking":
            await asyncio.wait_for(next_status(found.session), SECONDS)
        found.kill_engine()
        assert (await waiting).startswith(("error", "None"))
        await _works(found)


async def test_a_new_load_ends_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are waited for: the older one is told so, and its process is gone."""
    async with given(tmp_path, monkeypatch) as found:
        slow = FakeStart(REPLIES, QWEN_PIECES, load_seconds=1000.0)
        quick = found.session.model.choose
        found.session.model.choose = lambda *_: EngineChoice(slow)
        assert await asyncio.wait_for(load_model(found.session), SECONDS)
        while (pid := found.session.model.answers.host.process_id) is None:
            await asyncio.wait_for(next_status(found.session), SECONDS)
        hangs = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_a_dead_disk(*_: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(hangs.wait(), loop).result()

        found.session.model.choose = on_a_dead_disk
        older = asyncio.ensure_future(load_model(found.session))
        await asyncio.sleep(0)
        found.session.model.choose = quick
        assert await asyncio.wait_for(load_model(found.session), SECONDS)
        assert not await older
        hangs.set()
        await _works(found)
        assert not Path(f"/proc/{pid}").exists()


async def test_loading_that_is_stopped_ends_the_process_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with given(tmp_path, monkeypatch) as found:
        quick = found.session.model.choose
        slow = FakeStart(REPLIES, QWEN_PIECES, load_seconds=1000.0)
        found.session.model.choose = lambda *_: EngineChoice(slow)
        await load_model(found.session)
        waiting = asyncio.ensure_future(_answered(found, "a rewrite"))
        while (pid := found.session.model.answers.host.process_id) is None:
            await asyncio.wait_for(next_status(found.session), SECONDS)
        await asyncio.wait_for(stop_loading(found.session), SECONDS)
        assert not Path(f"/proc/{pid}").exists()
        assert found.session.model.answers.status.state == "error"
        assert "restartEngine" in found.session.model.answers.status.message
        assert (await waiting).startswith("error")
        found.session.model.choose = quick
        await load_model(found.session)
        await _works(found)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "Input/output error"),
        PermissionError(errno.EACCES, "Permission denied"),
        ZeroDivisionError(),
        RecursionError(),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_choosing_that_fails_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async with given(tmp_path, monkeypatch) as found:
        with monkeypatch.context() as patch:
            found.patch = patch
            found.break_(found.session.model, "choose", error)
            await asyncio.wait_for(load_model(found.session), SECONDS)
            assert found.session.model.answers.status.state == "error"
            assert "herdmate.model" in found.session.model.answers.status.message
            for name in _REQUESTS:
                assert (await _answered(found, name)).startswith(("error", "None")), name
        await load_model(found.session)
        await _works(found)


async def test_a_disk_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, hangs = asyncio.get_running_loop(), asyncio.Event()
    async with given(tmp_path, monkeypatch) as found:
        quick = found.session.model.choose
        monkeypatch.setattr("herdmate.lsp.handlers.model_loading._DISK_SECONDS", 0.1)

        def hang(*_: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(hangs.wait(), loop).result()

        found.session.model.choose = hang
        await asyncio.wait_for(load_model(found.session), SECONDS)
        assert "disk" in found.session.model.answers.status.message
        hangs.set()
        found.session.model.choose = quick
        monkeypatch.setattr("herdmate.lsp.handlers.model_loading._DISK_SECONDS", SECONDS)
        await load_model(found.session)
        await _works(found)
