"""The server opens no socket to anywhere: its system calls are traced, and the network refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from tests.e2e.editor import NEOVIM, Editor

pytestmark = pytest.mark.e2e

_SOCKET = re.compile(r"\bsocket\((?!AF_UNIX)")
_ADDRESS = re.compile(r"\b(connect|bind|sendto|sendmsg|sendmmsg)\(.*(sin_port|sin6_port|sun_path)")

_IN_A_CHILD = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c',"
    " 'import socket; socket.socket(socket.AF_INET6)'])"
)


def outward(trace: str) -> list[str]:
    """The traced calls that make a socket of any kind but a local one, or name an address."""
    lines = trace.splitlines()
    return [line for line in lines if _SOCKET.search(line) or _ADDRESS.search(line)]


@pytest.fixture
def traced(tmp_path: Path) -> list[str]:
    """The command that traces what follows it, and its children, and refuses them the network."""
    strace = shutil.which("strace")
    if strace is None:
        reason = "strace is not there; `apt-get install strace` brings it"
        if os.environ.get("HERDMATE_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    calls = ["-e", "trace=%network,execve", "-e", "inject=socket,connect:error=ENETUNREACH"]
    return [strace, "-f", "-qq", *calls, "-o", str(tmp_path / "trace")]


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("import socket; socket.socket().connect(('127.0.0.1', 9))", "socket(AF_INET,"),
        ("import socket; socket.socket(socket.AF_INET6)", "socket(AF_INET6,"),
        ("import socket; socket.getaddrinfo('example.org', 80)", "socket(AF_INET"),
        ("import socket; socket.socketpair()[0].connect('/nowhere')", "connect("),
        (_IN_A_CHILD, "socket(AF_INET6,"),
    ],
)
def test_the_trace_would_tell(traced: list[str], tmp_path: Path, code: str, call: str) -> None:
    subprocess.run([*traced, sys.executable, "-c", code], stderr=subprocess.DEVNULL, check=False)
    found = outward((tmp_path / "trace").read_text())
    assert any(call in line and "ENETUNREACH" in line for line in found), found


def test_the_trace_lets_a_local_pair_pass(traced: list[str], tmp_path: Path) -> None:
    code = "import socket; a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'"
    subprocess.run([*traced, sys.executable, "-c", code], check=True)
    trace = (tmp_path / "trace").read_text()
    assert "socketpair(AF_UNIX" in trace
    assert outward(trace) == []


async def test_without_a_model(
    traced: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    client = await _start(traced, tmp_path, None)
    (question,) = await client.until(lambda: client.questions)  # answered with "Not now"
    assert "no model yet" in question.message
    assert (await client.status())["state"] == "noModel"
    client.open("file:///a.py", "def f():\n    ")
    assert await client.ghost_text("file:///a.py", 1, 4) == []
    assert await client.actions("file:///a.py", (0, 0), (1, 4))
    trace = await _trace_of_all(client, tmp_path)
    assert outward(trace) == []
    assert "herdmate.engine.worker" not in trace


@pytest.mark.model
async def test_with_the_starter(traced: list[str], tmp_path: Path, starter_model: Path) -> None:
    client = await _start(traced, tmp_path, starter_model)
    client.open("file:///a.py", 'def add(a, b):\n    """Add."""\n    return ')
    assert await client.ghost_text("file:///a.py", 2, 11)
    assert await client.actions("file:///a.py", (0, 0), (2, 11))
    trace = await _trace_of_all(client, tmp_path)
    assert outward(trace) == []
    assert "herdmate.engine.worker" in trace  # the engine's process was traced too


async def _start(traced: list[str], tmp_path: Path, model: Path | None) -> Editor:
    client = Editor()
    await client.start_io(*traced, sys.executable, "-m", "herdmate", "serve")
    capabilities = client_capabilities(NEOVIM)
    assert capabilities.window is not None
    capabilities.window.show_message = types.ShowMessageRequestClientCapabilities()
    options = {"model": str(model)} if model else {}
    await client.initialize_session(
        types.InitializeParams(
            capabilities, root_uri=tmp_path.as_uri(), initialization_options=options
        )
    )
    return client


async def _trace_of_all(client: Editor, tmp_path: Path) -> str:
    """The trace from the server's start to its end; strace ends, and has written, after it."""
    await client.shutdown_session()
    await client.stop()  # type: ignore[no-untyped-call]
    trace = (tmp_path / "trace").read_text()
    assert "socketpair(AF_UNIX" in trace  # asyncio's own: what the server does is seen
    return trace
