"""A web server of our own on loopback, which has some files and can be made to misbehave."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from herdmate.models.catalogue import CatalogueModel, HuggingFaceFile


@dataclass
class Files:
    """What is served by path, and what was asked.

    ``stalls_after``: an answer stops after so many bytes until ``go_on`` is set; 0 never does.
    ``says_size``: answers carry their length. ``claims``: the size they announce, if it is not the
    true one.
    """

    data: dict[str, bytes]
    url: str = ""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path and range of each request."""
    tokens: list[str | None] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    """Where a path is redirected to."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every file."""
    stalls_after: int = 0
    takes_ranges: bool = True
    says_size: bool = True
    claims: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)

    def gets(self) -> list[tuple[str, str | None]]:
        """Path and range of each GET."""
        return [(path, asked) for method, path, asked in self.asked if method == "GET"]


@contextmanager
def serving(data: dict[str, bytes]) -> Iterator[Files]:
    """A server for the block."""
    files = Files(data)
    server = _Server(("127.0.0.1", 0), _handler(files))
    files.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield files
    finally:
        files.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


def path_at_the_hub(model: CatalogueModel) -> str:
    """Where Hugging Face has a model's file."""
    source = model.sources[0]
    assert isinstance(source, HuggingFaceFile)
    return f"/{source.repository}/resolve/{source.revision}/{source.file}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is what some tests are about."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(files: Files) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._start()

        def do_GET(self) -> None:
            rest = self._start()
            stop = files.stalls_after
            if not stop or len(rest) <= stop:
                self.wfile.write(rest)
                return
            self.wfile.write(rest[:stop])
            self.wfile.flush()
            files.go_on.wait()
            self.close_connection = True

        def _start(self) -> bytes:
            """Send what comes before the bytes; answers the bytes."""
            asked = self.headers["Range"]
            files.asked.append((self.command, self.path, asked))
            files.tokens.append(self.headers["Authorization"])
            if self.path in files.moved:
                self.send_response(302)
                self.send_header("Location", files.moved[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return b""
            whole = files.data.get(self.path)
            if whole is None:
                self.send_error(404)
                return b""
            ranged = asked is not None and files.takes_ranges
            start = int(asked.removeprefix("bytes=").partition("-")[0]) if ranged else 0
            rest, size = whole[start:], files.claims or len(whole)
            self.send_response(206 if ranged else 200)
            for name, value in files.headers.items():
                self.send_header(name, value)
            if files.says_size:
                self.send_header("Content-Length", str(size - start))
            if ranged:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.end_headers()
            return rest

        def log_message(self, format: str, *args: object) -> None:
            """The test's output stays its own."""

    return Handler
