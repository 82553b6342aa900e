"""The server and its engine are gone within two seconds, in every state, however they are told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from herdmate.child_process import python_command
from herdmate.lsp import protocol
from tests.e2e.plain_client import SECONDS, Server, server
from tests.e2e.sample import engines

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of Unix"),
]

_SLEEPY = """
from herdmate.engine.host import EngineHost
start = EngineHost.start
EngineHost.start = lambda self, message, _sleep_after: start(self, message, 0.2)
"""
"""The setting is in minutes."""

_HANGS = """
import threading
import herdmate.cli.serve as serve
serve.engine_starter = lambda _script: lambda *_: threading.Event().wait()
"""
"""Choosing a model waits for a disk that is gone, in a thread that cannot be ended."""


def _is(state: str) -> Callable[[dict[str, Any]], bool]:
    def is_it(message: dict[str, Any]) -> bool:
        is_status = message.get("method") == protocol.STATUS
        return is_status and message["params"]["state"] == state

    return is_it


async def _loading(found: Server) -> None:
    await found.until(
        lambda message: _is("loading")(message) and message["params"]["fraction"] == 0.5
    )


async def _generating(found: Server) -> None:
    await found.until(_is("ready"))
    await found.open_and_ask(2)
    await found.until(_is("thinking"))


async def _idle(found: Server) -> None:
    await found.until(_is("ready"))


async def _choosing(found: Server) -> None:
    await found.say("workspace/executeCommand", {"command": protocol.COMMAND_WHY}, 3)
    await found.until(lambda message: message.get("id") == 3)


async def _sleeping(found: Server) -> None:
    await found.until(_is("sleeping"))


_STATES: Mapping[str, tuple[dict[str, Any], str, Callable[[Server], Any]]] = {
    "loading": ({"load_seconds": 1000.0}, "", _loading),
    "generating": ({"seconds": 0.2}, "", _generating),
    "idle": ({}, "", _idle),
    "sleeping": ({}, _SLEEPY, _sleeping),
    "hanging on a disk": ({}, _HANGS, _choosing),
}


async def _eof(found: Server) -> None:
    assert found.process.stdin is not None
    found.process.stdin.close()


async def _goodbye(found: Server) -> None:
    await found.say("shutdown", None, 9)
    await found.until(lambda message: message.get("id") == 9)
    await found.say("exit", None)


def _signal(number: int) -> Callable[[Server], Any]:
    async def send(found: Server) -> None:
        found.process.send_signal(number)

    return send


_WAYS: Mapping[str, Callable[[Server], Any]] = {
    "the end of the input": _eof,
    "shutdown and exit": _goodbye,
    "SIGTERM": _signal(signal.SIGTERM),
    "SIGINT": _signal(signal.SIGINT),
    "SIGHUP": _signal(signal.SIGHUP),
    "SIGKILL": _signal(signal.SIGKILL),
}
_CODES = {"the end of the input": 1, "SIGKILL": -signal.SIGKILL}
"""Exit codes that are not 0: who hangs up without ``shutdown`` has not said goodbye."""


_ALL = [(state, way) for state in _STATES for way in _WAYS]
_FEW = [
    *[("loading", way) for way in ("the end of the input", "SIGTERM", "SIGKILL")],
    *[("generating", way) for way in ("the end of the input", "SIGINT", "SIGKILL")],
    *[("idle", way) for way in _WAYS],
    ("sleeping", "SIGTERM"),
    *[("hanging on a disk", way) for way in ("the end of the input", "shutdown and exit")],
]


@pytest.mark.parametrize(("state", "way"), _ALL if os.environ.get("HERDMATE_LONG") else _FEW)
async def test_nothing_is_left_of_a_server_that_ends(tmp_path: Path, state: str, way: str) -> None:
    script, prelude, reach = _STATES[state]
    async with server(tmp_path, script, prelude=prelude) as found:
        await reach(found)
        await _ends(found, _WAYS[way], _CODES.get(way, 0))


async def _ends(found: Server, way: Callable[[Server], Any], code: int) -> None:
    """The server ends in this way, with its children, and soon."""
    children = psutil.Process(found.process.pid).children(recursive=True)
    started = time.monotonic()
    await way(found)
    assert await asyncio.wait_for(found.process.wait(), SECONDS) == code
    _, alive = await asyncio.to_thread(psutil.wait_procs, children, SECONDS)
    assert not alive
    assert "Traceback" not in found.errors.read_text()
    print(f"ended after {time.monotonic() - started:.2f} s")  # noqa: T201 - shown by pytest -s


@pytest.mark.parametrize("way", ["the end of the input", "SIGTERM", "SIGINT", "SIGHUP"])
async def test_what_was_counted_is_kept(tmp_path: Path, way: str) -> None:
    async with server(tmp_path, {}) as found:
        await found.until(_is("ready"))
        await found.open_and_ask(2)
        await found.until(lambda message: message.get("id") == 2)
        await _ends(found, _WAYS[way], _CODES.get(way, 0))
    kept = json.loads((tmp_path / "home" / "state" / "statistics.json").read_text())
    assert "python" in json.dumps(kept)


@pytest.mark.parametrize("way", ["the end of the input", "SIGTERM", "SIGKILL"])
async def test_nothing_is_left_of_a_real_worker(tmp_path: Path, tiny_model: Path, way: str) -> None:
    async with server(tmp_path, None, str(tiny_model)) as found:
        await found.until(_is("ready"))
        await _ends(found, _WAYS[way], _CODES.get(way, 0))


async def test_nothing_is_left_before_the_client_says_hello() -> None:
    process = await asyncio.create_subprocess_exec(
        *python_command("herdmate", "serve"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), SECONDS) == 1


async def test_the_cancel_button_of_loading_ends_the_process_that_loads(tmp_path: Path) -> None:
    able = {"window": {"workDoneProgress": True}}
    async with server(tmp_path, {"load_seconds": 1000.0}, capabilities=able) as found:
        asked = await found.until(
            lambda message: message.get("method") == "window/workDoneProgress/create"
        )
        await found.reply(asked["id"], None)
        await found.until(lambda message: message.get("method") == "$/progress")
        children = engines(found.process.pid)
        assert len(children) == 1
        await found.say("window/workDoneProgress/cancel", {"token": asked["params"]["token"]})
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, SECONDS)
        assert not alive
        await found.say("workspace/executeCommand", {"command": protocol.COMMAND_STATUS}, 5)
        told = await found.until(lambda message: message.get("id") == 5)
        assert told["result"]["state"] == "error"
        assert "herdmate.restartEngine" in told["result"]["message"]
