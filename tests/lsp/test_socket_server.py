"""Serving at a socket: the user's own client gets in, and nobody and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from herdmate.cli import main
from herdmate.errors import SetupError
from herdmate.lsp import socket_server
from herdmate.lsp.connection import converse
from herdmate.lsp.server import create_server

pytestmark = pytest.mark.skipif(not socket_server.HAS_SOCKETS, reason="no Unix sockets here")

INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}


def message(content: dict[str, Any]) -> bytes:
    """A message as it goes over the wire."""
    body = json.dumps(content).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


@contextmanager
def serving(path: Path, umask: int = 0o022) -> Iterator[subprocess.Popen[bytes]]:
    """A real server at a socket, with the fake engine."""
    script = path.with_name("script.json")
    script.write_text(json.dumps({"replies": []}))
    command = [sys.executable, "-m", "herdmate", "serve"]
    command += ["--socket", str(path), "--fake-engine", str(script)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, umask=umask) as process:
        try:
            ends = time.monotonic() + 60
            while not _is_listening(path):
                assert process.poll() is None, process.stderr and process.stderr.read()
                assert time.monotonic() < ends
                time.sleep(0.02)  # until the socket is there; nothing tells when
            yield process
        finally:
            process.kill()


def _is_listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def talk(path: Path, sent: bytes) -> bytes:
    """All that is answered to some bytes before the server closes the connection."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))  # waits while many others do
        connection.settimeout(30)
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
            return _all(connection)
    return b""


def _all(connection: socket.socket) -> bytes:
    came = b""
    while piece := connection.recv(65536):
        came += piece
    return came


def test_a_client_is_served_and_the_socket_is_its_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with serving(path, umask=0) as process, socket.socket(socket.AF_UNIX) as client:
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        client.connect(str(path))  # waits while many others do
        client.settimeout(60)
        client.sendall(message(INITIALIZE))
        assert b'"serverInfo"' in client.recv(65536)
        assert talk(path, message(INITIALIZE)) == b""  # one client at a time
        client.sendall(message({"jsonrpc": "2.0", "id": 2, "method": "shutdown"}))
        assert b'"id": 2' in client.recv(65536) or b'"id":2' in client.recv(65536)
        client.sendall(message({"jsonrpc": "2.0", "method": "exit"}))
        process.wait(60)
    assert not path.exists()


FOREIGN = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + message(INITIALIZE),
    b"OPTIONS * HTTP/1.1\r\n\r\n" + message(INITIALIZE),
    b"\r\n" * 5000 + message(INITIALIZE),
    b"X-Header: 1\r\n" + message(INITIALIZE),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\n",
    b"Content-Length: 99999999999999\r\n\r\n{",
    b"Content-Length: 2000000\r\n\r\n{",
    b"Content-Length: -5\r\n\r\n{",
    b"Content-Length: " + b"1" * 10_000,
    b"x" * 100_000,
    message({**INITIALIZE, "method": "shutdown"}),
    message({**INITIALIZE, "method": "herdmate/models"}),
    message({"jsonrpc": "2.0", "method": "initialize"}),
    message({"jsonrpc": "2.0", "method": "exit"}),
    b"Content-Length: 2\r\n\r\n[]",
    b"Content-Length: 20\r\n\r\n" + b"[" * 20,
    b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
    b"{}\n",
]


def test_whoever_does_not_speak_the_protocol_hears_nothing_and_disturbs_nobody(
    tmp_path: Path,
) -> None:
    """Also 200 connections of random bytes that are cut anywhere (seed 7)."""
    path, dice, good = tmp_path / "s", random.Random(7), message(INITIALIZE)
    with serving(path):
        for sent in FOREIGN:
            assert talk(path, sent) == b"", sent[:60]
        for _ in range(200):
            bad = bytearray(good[: dice.randint(1, len(good) - 1)])
            bad[dice.randrange(len(bad))] = dice.randrange(256)
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                with suppress(BrokenPipeError):
                    connection.sendall(bad)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))  # waits while many others do
            client.settimeout(60)
            client.sendall(good)
            came = client.recv(65536)
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")  # neither is it read on later
            came += _all(client)
    assert came.count(b"Content-Length") == 1
    assert b'"serverInfo"' in came


def test_who_is_silent_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_server, "_GREETING_SECONDS", 0.1)

    async def meet(sent: bytes) -> None:
        reader = asyncio.StreamReader(limit=4096)
        reader.feed_data(sent)
        keeper = socket_server._Doorkeeper(reader, "", lambda: pytest.fail("it was let in"))
        await keeper.readline()
        await keeper.readline()
        await keeper.readexactly(10)

    begun = (b"Content-", b"Content-Length: 10\r\n", b"Content-Length: 10\r\n\r\n{")
    for sent in (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", *begun):
        with pytest.raises(socket_server.ForeignError, match="silent"):
            asyncio.run(meet(sent))


def test_a_socket_that_a_crash_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with serving(path) as process:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert not path.exists()


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    file, link, alive = tmp_path / "file", tmp_path / "link", tmp_path / "alive"
    file.write_text("mine")
    link.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(alive))
        other.listen()
        for path, words in (
            (file, "not a socket"), (link, "not a socket"), (tmp_path, "not a socket"),
            (alive, "Another server is listening"), (tmp_path / "none" / "s", "no folder"),
            (tmp_path / ("x" * 200), "folder that you own"),
            (tmp_path / "open" / "s", "Other users can write"),
        ):  # fmt: skip
            with pytest.raises(SetupError, match=words):
                socket_server._bound(path)
    assert file.read_text() == "mine"
    assert link.is_symlink()
    assert alive.is_socket()


def test_tcp_says_what_to_use_now(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--tcp", "2087"], ["--tcp"], ["--tcp=0"]):
        with pytest.raises(SystemExit) as caught:
            main(["serve", *arguments])
        assert caught.value.code == 2
        assert "use --socket PATH" in capsys.readouterr().err


def test_at_a_port_the_token_comes_first() -> None:
    """As on systems without Unix sockets."""
    server = create_server(lambda *_: pytest.fail("no engine is started"))
    ports: list[int] = []
    told = threading.Event()

    def tell(port: int) -> None:
        ports.append(port)
        told.set()

    codes: list[int] = []

    async def end(code: int) -> None:
        codes.append(code)

    thread = threading.Thread(
        target=socket_server.serve_port, args=(server, "secret", tell, end), daemon=True
    )
    thread.start()
    assert told.wait(30)

    def ask(sent: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", ports[0]), 30)
        connection.sendall(sent)
        return connection

    for wrong in (b"", b"Herdmate-Token: secre\r\n", b"Herdmate-Token: secret2\r\n", b"\r\n"):
        with ask(wrong + message(INITIALIZE)) as connection, suppress(ConnectionResetError):
            assert _all(connection) == b""
    with ask(b"Herdmate-Token: secret\r\n" + message(INITIALIZE)) as connection:
        assert b'"serverInfo"' in connection.recv(65536)
    thread.join(30)
    assert not thread.is_alive()
    assert codes == [1]  # the client has not said shutdown


def test_a_slow_reader_gets_all_its_answers_though_it_broke_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_server, "_CLOSING_SECONDS", 30.0)
    server = create_server(lambda *_: pytest.fail("no engine is started"))
    path = tmp_path / "s"
    unsent: list[int] = []
    has_talked = threading.Event()

    async def talk(*given: Any) -> int:
        code = await converse(*given)
        has_talked.set()
        return code

    monkeypatch.setattr(socket_server, "converse", talk)

    async def end(_code: int) -> None:
        """The process would end here, with whatever was not sent yet."""
        writer: Any = server.protocol.writer
        unsent.append(writer.transport.get_write_buffer_size())

    def serve() -> None:
        with ExitStack() as at_end:
            socket_server.serve_socket(server, path, at_end, end)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ends = time.monotonic() + 30
        while client.connect_ex(str(path)) and time.monotonic() < ends:
            time.sleep(0.01)  # until the socket is there; nothing tells when
        asked = [{"jsonrpc": "2.0", "id": at, "method": "x" * 90} for at in range(5000)]
        client.sendall(message(INITIALIZE) + b"".join(map(message, asked)) + b"nonsense\r\n")
        assert has_talked.wait(60)
        assert _all(client).count(b'"error"') == len(asked)
    thread.join(30)
    assert unsent == [0]


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="the system does not tell")
def test_another_user_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)

    class Writer:
        def get_extra_info(self, _name: str) -> socket.socket:
            return ours

    with ours, theirs:
        assert socket_server._is_our_user(Writer())  # type: ignore[arg-type]
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
        assert not socket_server._is_our_user(Writer())  # type: ignore[arg-type]
