"""A server at a socket or a port, started in a folder that it leaves, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.raw_client import framed

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and sockets are those of Unix"),
]

SECONDS = 30.0
"""A bound for hangs; what is promised are two seconds on a machine that is not busy."""

_WITHOUT_SOCKETS = """
import sys
import herdmate.lsp.socket_server
herdmate.lsp.socket_server.HAS_SOCKETS = False
from herdmate.__main__ import main
sys.exit(main())
"""
_PLACE = {"line": 0, "character": 0}


@dataclass
class Talk:
    """A connection to a server; ``cache`` is where it keeps the files that it shows."""

    process: subprocess.Popen[bytes]
    connection: socket.socket
    cache: Path

    def begin(self) -> None:
        """Initialize."""
        self.connection.settimeout(SECONDS)
        capabilities = {"window": {"showDocument": {"support": True}}}
        self.request("initialize", 1, {"capabilities": capabilities})
        self._send({"method": "initialized", "params": {}})

    def show(self) -> Path:
        """Have a file shown; answers its path."""
        self._send({"id": 2, "method": "workspace/executeCommand",
                    "params": {"command": "herdmate.seen"}})  # fmt: skip
        shown = self._until(lambda found: found.get("method") == "window/showDocument")
        return Path(shown["params"]["uri"].removeprefix("file://"))

    def request(self, method: str, number: int, params: Any) -> None:
        """Send a request and wait for its answer."""
        self._send({"id": number, "method": method, "params": params})
        assert "result" in self._until(lambda found: found.get("id") == number)

    def _send(self, message: dict[str, Any]) -> None:
        self.connection.sendall(framed(json.dumps({"jsonrpc": "2.0", **message}).encode()))

    def _until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        stream = self.connection.makefile("rb", buffering=0)
        while True:
            header = b""
            while not header.endswith(b"\r\n\r\n"):
                piece = stream.read(1)
                assert piece, "the server has hung up"
                header += piece
            left, body = int(header.lower().split(b"content-length:")[1].split()[0]), b""
            while left - len(body):
                body += stream.read(left - len(body)) or b""
            message: dict[str, Any] = json.loads(body)
            if is_it(message):
                return message


@contextmanager
def started(
    folder: Path, flag: str, name: str, connect: Callable[[Path], socket.socket | None]
) -> Iterator[Talk]:
    """A server started in ``folder`` with a path relative to it."""
    (folder / "script.json").write_text(json.dumps({"replies": {}}))
    command = ["-m", "herdmate"] if flag == "--socket" else ["-c", _WITHOUT_SOCKETS]
    command += ["serve", flag, name, "--fake-engine", "script.json"]
    homes = {"XDG_CACHE_HOME": str(folder / "cache"), "HERDMATE_HOME": str(folder / "home")}
    with subprocess.Popen(
        [sys.executable, *command], cwd=folder, env=os.environ | homes, stderr=subprocess.PIPE
    ) as process:
        try:
            ends = time.monotonic() + 2 * SECONDS
            while (connection := connect(folder / name)) is None:
                assert process.poll() is None, process.stderr and process.stderr.read()
                assert time.monotonic() < ends
                time.sleep(0.02)  # until it listens; nothing tells when
            with connection:
                yield Talk(process, connection, folder / "cache")
        finally:
            process.kill()


def _at_socket(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    if connection.connect_ex(str(path)) == 0:
        return connection
    connection.close()
    return None


def _at_port(path: Path) -> socket.socket | None:
    if not path.exists():
        return None
    told = json.loads(path.read_text())
    connection = socket.create_connection(("127.0.0.1", told["port"]), SECONDS)
    connection.sendall(f"Herdmate-Token: {told['token']}\r\n".encode())
    return connection


_WAYS = {
    "--socket SIGTERM": ("--socket", _at_socket, signal.SIGTERM),
    "--socket SIGINT": ("--socket", _at_socket, signal.SIGINT),
    "--socket SIGHUP": ("--socket", _at_socket, signal.SIGHUP),
    "--token-file SIGTERM": ("--token-file", _at_port, signal.SIGTERM),
}


@pytest.mark.parametrize("way", _WAYS)
def test_a_signal_ends_a_server_at_a_relative_path_and_leaves_nothing(
    tmp_path: Path, way: str
) -> None:
    flag, connect, number = _WAYS[way]
    name = "inner/s"
    (tmp_path / "inner").mkdir()
    with started(tmp_path, flag, name, connect) as talk:
        talk.begin()
        shown = talk.show()
        assert shown.is_file()
        server = psutil.Process(talk.process.pid)
        assert server.cwd() != str(tmp_path)
        children = server.children(recursive=True)
        talk.process.send_signal(number)
        assert talk.process.wait(SECONDS) == 0
        assert not psutil.wait_procs(children, SECONDS)[1]
        assert not (tmp_path / name).exists()
        assert not shown.exists()
        assert talk.process.stderr is not None
        assert b"Traceback" not in talk.process.stderr.read()
