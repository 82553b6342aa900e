"""Fetching from Hugging Face: real child processes against a server of our own on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from herdmate.errors import FetchError
from herdmate.models import verified_fetch
from herdmate.models.catalogue import CatalogueModel, HuggingFaceFile
from herdmate.models.verified_fetch import FetchProgress
from tests.models.gguf_file import catalogued

DATA = hashlib.sha256(b"seed").digest() * (3 << 15)  # 3 MiB
STALL = 5 << 19  # bytes after which a stalled answer waits: 2.5 MiB, so that 2 are on the disk


@dataclass
class Hub:
    """What the server was asked and has, and whether it stops in the middle of an answer."""

    asked: list[tuple[str, Message]] = field(default_factory=list)
    stalls: bool = False
    hangs_up: bool = False
    data: bytes = DATA
    status: int = 200
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def ranges(self) -> list[str | None]:
        """The Range of each GET."""
        return [headers["Range"] for method, headers in self.asked if method == "GET"]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A server with one file; the children are told of it in their environment."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    yield hub
    hub.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def model() -> CatalogueModel:
    """A model of three MiB that the server has."""
    return catalogued(DATA, HuggingFaceFile("some/where", "a1b2c3", "tiny.gguf"))


async def test_a_file_and_nobody_is_told_who_asks(
    hub: Hub, model: CatalogueModel, tmp_path: Path
) -> None:
    path = await verified_fetch.fetch(model, tmp_path, _ignore)
    assert path.read_bytes() == DATA
    assert [method for method, _ in hub.asked] == ["GET"]
    assert all("Authorization" not in headers for _, headers in hub.asked)
    assert not any((tmp_path / ".partial").iterdir())


async def test_a_cancelled_fetch_goes_on_where_it_stopped(
    hub: Hub, model: CatalogueModel, tmp_path: Path
) -> None:
    hub.stalls = True
    await _cancel_when_bytes_are_there(model, tmp_path)
    assert not (tmp_path / model.file).exists()
    hub.stalls = False
    hub.go_on.set()
    told: list[FetchProgress] = []
    path = await verified_fetch.fetch(model, tmp_path, told.append)
    assert path.read_bytes() == DATA
    assert hub.ranges() == [None, f"bytes={2 << 20}-"]


async def test_more_bytes_than_the_file_has_mean_to_start_anew(
    hub: Hub, model: CatalogueModel, tmp_path: Path
) -> None:
    place = tmp_path / ".partial" / model.name / "HuggingFaceFile"
    place.mkdir(parents=True)
    (place / "whole").write_bytes(DATA + b"more")
    assert (await verified_fetch.fetch(model, tmp_path, _ignore)).read_bytes() == DATA
    assert hub.ranges() == [None]


async def test_other_bytes_are_refused_and_not_gone_on_with(
    hub: Hub, model: CatalogueModel, tmp_path: Path
) -> None:
    place = tmp_path / ".partial" / model.name / "HuggingFaceFile"
    place.mkdir(parents=True)
    (place / "whole").write_bytes(b"another file, or one that was changed")
    with pytest.raises(FetchError, match="checksum is wrong"):
        await verified_fetch.fetch(model, tmp_path, _ignore)
    assert not place.exists()
    assert (await verified_fetch.fetch(model, tmp_path, _ignore)).read_bytes() == DATA


async def test_an_answer_that_is_cut_off_is_gone_on_with(
    hub: Hub, model: CatalogueModel, tmp_path: Path
) -> None:
    """However often the library itself asks again: every answer ends too soon."""
    hub.hangs_up = True
    with pytest.raises(FetchError, match="Hugging Face: "):
        await verified_fetch.fetch(model, tmp_path, _ignore)
    assert not (tmp_path / model.file).exists()
    hub.hangs_up = False
    assert (await verified_fetch.fetch(model, tmp_path, _ignore)).read_bytes() == DATA


async def test_bytes_that_changed_on_the_way_are_refused(
    hub: Hub, model: CatalogueModel, tmp_path: Path
) -> None:
    hub.data = DATA[:-1] + bytes([DATA[-1] ^ 1])
    with pytest.raises(FetchError, match="checksum is wrong"):
        await verified_fetch.fetch(model, tmp_path, _ignore)
    assert not (tmp_path / model.file).exists()
    hub.data = DATA
    assert (await verified_fetch.fetch(model, tmp_path, _ignore)).read_bytes() == DATA
    assert hub.ranges() == [None, None]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
async def test_a_disk_that_fills_up_is_told(
    hub: Hub, model: CatalogueModel, tmp_path: Path
) -> None:
    place = tmp_path / ".partial" / model.name / "HuggingFaceFile"
    place.mkdir(parents=True)
    (place / "whole").symlink_to("/dev/full")
    with pytest.raises(FetchError, match="No space left on device"):
        await verified_fetch.fetch(model, tmp_path, _ignore)
    assert not (tmp_path / model.file).exists()
    (place / "whole").unlink()
    assert (await verified_fetch.fetch(model, tmp_path, _ignore)).read_bytes() == DATA


async def test_two_processes_at_once_fetch_it_once(
    hub: Hub, model: CatalogueModel, tmp_path: Path
) -> None:
    code = (
        "import asyncio, pickle, sys\n"
        "from pathlib import Path\n"
        "from herdmate.models.verified_fetch import fetch\n"
        "model = pickle.loads(sys.stdin.buffer.read())\n"
        "asyncio.run(fetch(model, Path(sys.argv[1]), lambda state: None))\n"
    )
    both = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(tmp_path), stdin=subprocess.PIPE
        )
        for _ in range(2)
    ]
    await asyncio.gather(*(process.communicate(pickle.dumps(model)) for process in both))
    assert [process.returncode for process in both] == [0, 0]
    assert (tmp_path / model.file).read_bytes() == DATA
    assert [method for method, _ in hub.asked] == ["GET"]


@pytest.mark.parametrize("status", [404, 503])
async def test_a_refusal_is_not_asked_again(
    hub: Hub, model: CatalogueModel, tmp_path: Path, status: int
) -> None:
    hub.status = status
    with pytest.raises(FetchError, match=f"Hugging Face: .*{status}"):
        await verified_fetch.fetch(model, tmp_path, _ignore)
    assert [method for method, _ in hub.asked] == ["GET"]


def test_a_child_ends_with_its_parent(hub: Hub, tmp_path: Path) -> None:
    """The end of the parent, however it came, closes the child's standard input."""
    hub.stalls = True
    command = [sys.executable, "-m", "herdmate.models.hugging_face", "some/where", "a1b2c3"]
    command += ["tiny.gguf", str(len(DATA)), str(tmp_path / "whole")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert hub.stalled.wait(60)
        assert child.poll() is None
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(60) == 1


async def _cancel_when_bytes_are_there(model: CatalogueModel, folder: Path) -> None:
    def cancel(state: FetchProgress) -> None:
        if state.done == 2 << 20:
            task.cancel()

    task = asyncio.ensure_future(verified_fetch.fetch(model, folder, cancel))
    with pytest.raises(asyncio.CancelledError):
        await task


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._start()

        def do_GET(self) -> None:
            rest = self._start()
            if hub.hangs_up:
                self.wfile.write(rest[: STALL if len(rest) > STALL else 1])
                self.close_connection = True
                return
            if not hub.stalls:
                self.wfile.write(rest)
                return
            self.wfile.write(rest[:STALL])
            hub.stalled.set()
            hub.go_on.wait()

        def _start(self) -> bytes:
            """Send what comes before the bytes; answers the bytes."""
            hub.asked.append((self.command, self.headers))
            asked = self.headers["Range"]
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
            rest = hub.data[start:]
            known = self.path == "/some/where/resolve/a1b2c3/tiny.gguf"
            status = hub.status if known else 404
            self.send_response(206 if asked and status == 200 else status)
            self.send_header("Content-Length", str(len(rest)))
            if asked:
                place = f"bytes {len(DATA) - len(rest)}-{len(DATA) - 1}/{len(DATA)}"
                self.send_header("Content-Range", place)
            self.end_headers()
            return rest

        def log_message(self, format: str, *args: object) -> None:
            """The test's output stays its own."""

    return Handler


def _ignore(_state: FetchProgress) -> None:
    """Progress that nobody looks at."""
