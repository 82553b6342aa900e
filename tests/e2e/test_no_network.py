"""The server opens no socket to anywhere: its system calls are traced."""

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

from tests.e2e.editor import NEOVIM, Editor, inline_params

pytestmark = pytest.mark.e2e

_SOCKET = re.compile(r"\bsocket\((?!AF_UNIX)")
_CONNECT = re.compile(r"\b(connect|bind|sendto|sendmsg)\(.*(sin_port|sin6_port|sun_path)")


def outward(trace: str) -> list[str]:
    """The traced calls that make a socket of any kind but a local pair, or name an address."""
    lines = trace.splitlines()
    return [line for line in lines if _SOCKET.search(line) or _CONNECT.search(line)]


@pytest.fixture
def traced(tmp_path: Path) -> list[str]:
    """The command that traces the network calls of what follows it, and of its children."""
    strace = shutil.which("strace")
    if strace is None:
        if os.environ.get("HERDMATE_REQUIRE_ALL"):
            pytest.fail("strace is not there; `apt-get install strace` brings it")
        pytest.skip("strace is not there; `apt-get install strace` brings it")
    return [strace, "-f", "-qq", "-e", "trace=%network", "-o", str(tmp_path / "trace")]


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
        "import socket; socket.socket(socket.AF_INET6)",
        "import socket; socket.socket(socket.AF_UNIX).connect_ex('/nowhere')",
    ],
)
def test_the_trace_would_tell(traced: list[str], tmp_path: Path, code: str) -> None:
    subprocess.run([*traced, sys.executable, "-c", code], check=True)
    assert outward((tmp_path / "trace").read_text())


async def test_without_a_model(
    traced: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    client = await _start(traced, tmp_path, None)
    (question,) = await client.until(lambda: client.questions)
    assert "no model yet" in question.message
    assert (await client.status())["state"] == "noModel"
    client.open("file:///a.py", "def f():\n    ")
    assert await client.ghost_text("file:///a.py", 1, 4) == []
    assert await client.actions("file:///a.py", (0, 0), (1, 4))
    await _stop(client)
    assert outward((tmp_path / "trace").read_text()) == []


@pytest.mark.model
async def test_with_the_starter(traced: list[str], tmp_path: Path, starter_model: Path) -> None:
    client = await _start(traced, tmp_path, starter_model)
    client.open("file:///a.py", 'def add(a, b):\n    """Add."""\n    return ')
    assert await client.text_document_inline_completion_async(inline_params("file:///a.py", 2, 11))
    await _stop(client)
    assert outward((tmp_path / "trace").read_text()) == []


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


async def _stop(client: Editor) -> None:
    await client.shutdown_session()
    await client.stop()  # type: ignore[no-untyped-call]
