"""Folders that were made to do harm: nothing in them runs, and ghost text comes as ever.

They are opened in real servers that are started *in* them, as editors do, by a client that gives no
trust; the engine is the fake one. A server is started for each folder in which something could run,
and opens some of the others one after the other. Two servers run at a time.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from herdmate.lsp import protocol
from tests.e2e.editor import VSCODE, Editor
from tests.e2e.hostile import CODE, HOSTILE, ORDINARY, Hostile, marker_of, write

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform == "win32", reason="has no pipes and devices with names"),
]

_SOON = 5.0 * float(os.environ.get("HERDMATE_PATIENCE", "6"))
"""Seconds until ghost text must have come: what hangs never does, and this machine may be slow."""
_LIMIT = 60.0
_MOST_MEMORY = 600 << 20
_MOST_FOLDERS = 8  # that one server opens
_CREATING = threading.Lock()
_READ = b"the definitions of"  # as the log says it


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a server: its ghost text after some seconds, or why there was none.

    ``ran``: what in the folder did so; ``outside``: the files of a folder beside it.
    """

    ghost_text: list[str]
    seconds: float
    why: str
    memory: int
    is_alive: bool
    ran: str
    outside: set[str]


@pytest.fixture(scope="module")
def visits(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[_Seen]]]:
    """Visits to the folders of all tests that are to run."""
    items = (getattr(item, "callspec", None) for item in request.session.items)
    kinds = dict.fromkeys(spec.params.get("kind") for spec in items if spec is not None)
    found = {kind: Future[_Seen]() for kind in kinds if kind in HOSTILE}
    waiting = list(found)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(asyncio.run, _visit_all(waiting, found, tmp_path_factory))
        yield found
        waiting.clear()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_folder(kind: str, visits: dict[str, Future[_Seen]]) -> None:
    seen = visits[kind].result(280)
    assert seen.ran == ""
    assert seen.is_alive
    assert seen.memory < _MOST_MEMORY
    assert seen.outside <= {"file", "test_a.py"}
    if HOSTILE[kind].withheld:
        assert seen.ghost_text == []
        assert "cannot be read" in seen.why
    else:
        assert seen.ghost_text == ["1"], seen.why
    assert seen.seconds < _SOON


async def _visit_all(
    waiting: list[str], found: dict[str, Future[_Seen]], places: pytest.TempPathFactory
) -> None:
    """Take one kind after the other until none is left."""
    server: _Server | None = None
    while waiting:
        kind = waiting.pop(0)
        hostile = HOSTILE[kind]
        folder = places.mktemp("hostile") / "workspace"
        try:
            write(folder, ORDINARY, CODE)
            hostile.make(folder)
            if server is None or server.visits == _MOST_FOLDERS or hostile.runs:
                if server is not None:
                    await server.stop()
                server = _Server()
                await asyncio.wait_for(server.start(hostile, folder), _LIMIT)
            found[kind].set_result(await asyncio.wait_for(server.visit(hostile, folder), _LIMIT))
        except BaseException as error:
            found[kind].set_exception(error)
        if server is not None and (hostile.runs or found[kind].exception() is not None):
            await server.stop()
            server = None
        await asyncio.to_thread(_remove, folder)
    if server is not None:
        await server.stop()


def _remove(folder: Path) -> None:
    # Python's own way calls itself for each level.
    subprocess.run(["rm", "-rf", str(folder)], check=False)


class _Server:
    """A server that works in the first folder that it opens, with a home of its own."""

    def __init__(self) -> None:
        self.visits = 0
        with _CREATING:  # lsprotocol makes its types ready where they are asked for first
            self._client = Editor()
        self._folders: list[types.WorkspaceFolder] = []
        self._process: psutil.Process | None = None
        self._has_read = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def start(self, hostile: Hostile, folder: Path) -> None:
        """Returns when the model is ready."""
        home, script = folder.parent / "home", folder.parent / "script.json"
        home.mkdir()
        script.write_text(json.dumps({"replies": {"fim_middle": "1", "": "It adds."}}))
        capabilities = client_capabilities(VSCODE)
        assert capabilities.text_document is not None
        inline = types.InlineCompletionClientCapabilities(dynamic_registration=True)
        capabilities.text_document.inline_completion = inline
        capabilities.experimental = {"herdmate": {"status": True}}
        homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), str(home))
        given = {name: text.format(folder=folder) for name, text in hostile.environment.items()}
        python = [sys.executable, "-m", "herdmate"]
        command = python if hostile.as_module else [str(Path(sys.executable).parent / "herdmate")]
        flags = ("--log-level", "info", "serve", "--fake-engine", str(script))
        await self._client.start_io(*command, *flags, cwd=folder, env=os.environ | homes | given)
        server, forwarder = self._client._server, self._client._stderr_forwarder
        assert server is not None
        assert server.stderr is not None
        assert forwarder is not None
        forwarder.cancel()
        self._reading = asyncio.ensure_future(self._read(server.stderr))
        self._process = psutil.Process(server.pid)
        self._folders = [types.WorkspaceFolder(folder.as_uri(), folder.name)]
        await self._client.initialize_session(
            types.InitializeParams(capabilities, workspace_folders=self._folders)
        )
        await self._client.until(lambda: any(s["state"] == "ready" for s in self._client.statuses))

    async def visit(self, hostile: Hostile, folder: Path) -> _Seen:
        """Open a folder, write a little in it and ask for what there is."""
        client, uri = self._client, (folder / ORDINARY).as_uri()
        self.visits += 1
        if self._folders[0].uri != folder.as_uri():
            self._open(folder)
        start = time.monotonic()
        client.open(uri, CODE)
        ghost_text = await client.ghost_text(uri, 4, 11)
        seconds = time.monotonic() - start
        ask_why = types.ExecuteCommandParams(protocol.COMMAND_WHY)
        why = await client.workspace_execute_command_async(ask_why)
        with suppress(asyncio.TimeoutError):  # of what is very large, only a part has been read
            await asyncio.wait_for(self._has_read.wait(), 3)
        for name, language in hostile.opened:
            client.open((folder / name).as_uri(), (folder / name).read_text("utf-8"), language)
        for action, found in (await client.actions(uri, (3, 0), (4, 11))).items():
            if action in ("explain", "simplify", "write_tests"):
                await client.run(found)
        client.change(uri, CODE + "items[0] + ")
        await client.ghost_text(uri, 4, 22)
        await client.status()
        assert self._process is not None
        memory, is_alive = self._process.memory_info().rss, self._process.is_running()
        marker, outside = marker_of(folder), folder.parent / "outside"
        return _Seen(
            ghost_text,
            seconds,
            str(why),
            memory,
            is_alive,
            marker.read_text() if marker.exists() else "",
            {path.name for path in outside.iterdir()} if outside.exists() else set(),
        )

    async def stop(self) -> None:
        """End it, also where it hangs."""
        with suppress(Exception):
            await asyncio.wait_for(self._client.shutdown_session(), 10)
        if self._process is not None:
            with suppress(psutil.NoSuchProcess):
                for one in (*self._process.children(recursive=True), self._process):
                    one.kill()
        if self._reading is not None:
            self._reading.cancel()
        with suppress(Exception):
            await asyncio.wait_for(self._client.stop(), 10)  # type: ignore[no-untyped-call]

    def _open(self, folder: Path) -> None:
        """In the place of the folder that is open."""
        self._has_read.clear()
        added = [types.WorkspaceFolder(folder.as_uri(), folder.name)]
        event = types.WorkspaceFoldersChangeEvent(added=added, removed=self._folders)
        self._folders = added
        self._client.workspace_did_change_workspace_folders(
            types.DidChangeWorkspaceFoldersParams(event)
        )

    async def _read(self, log: asyncio.StreamReader) -> None:
        while line := await log.readline():
            if _READ in line:
                self._has_read.set()
