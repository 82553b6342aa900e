"""Reads an index's page, and fetches a wheel: bounded, over safe connections, with progress."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from herdmate.errors import InstallError, NoWheelError
from herdmate.llama_install.progress import Pace, megabytes
from herdmate.loopback import is_loopback

_SECONDS = 30.0
"""Until a server that says nothing is given up."""

_ANSWER_SECONDS = 60.0
"""For all headers of an answer and of its redirects, however slowly they arrive."""

_SLOW_SECONDS, _SLOWEST = 60.0, 1024
"""A server that sends fewer bytes per second for so long only ties up the connection."""

_MOST_OF_A_PAGE = 8 << 20
_BLOCK = 1 << 16
_MOST_BYTES = {"cpu": 300 << 20, "metal": 300 << 20}
_MOST_FOR_CUDA = 3 << 30

Tell = Callable[[str], None]


def read_page(url: str) -> str:
    """The text of a page. Raises ``NoWheelError`` if there is none, else ``InstallError``."""
    data = bytearray()
    with _opened(url) as answer:
        for block in _blocks(answer):
            data += block
            if len(data) > _MOST_OF_A_PAGE:
                raise InstallError(f"{urlsplit(url).hostname} sent a page without end.")
    return data.decode("utf-8", "replace")


def fetch(url: str, variant: str, place: Path, tell: Tell) -> None:
    """Fetch a wheel into the file ``place``. Raises like ``read_page``."""
    most = _MOST_BYTES.get(variant, _MOST_FOR_CUDA)
    host = urlsplit(url).hostname
    with open(place, "wb") as file, _opened(url) as answer:
        size = _length(answer)
        if size > most:
            raise InstallError(f"{host} offers {megabytes(size)}, which is too large for a wheel.")
        pace, done = Pace(time.monotonic()), 0
        for block in _blocks(answer):
            _write(file, block)
            done += len(block)
            if done > most:
                raise InstallError(f"{host} sent more than a wheel has.")
            if pace.is_due(time.monotonic()):
                of = f" of {megabytes(size)}" if size else ""
                left = pace.left(done, size, time.monotonic()) if size else ""
                tell(f"Fetching llama.cpp from {host}: {megabytes(done)}{of}{left}")
    if size and done != size:
        raise InstallError(f"{host} broke off after {megabytes(done)} of {megabytes(size)}.")


def _blocks(answer: Any) -> Iterator[bytes]:
    """The bytes as they arrive. Raises ``InstallError`` if they only trickle."""
    since, got = time.monotonic(), 0
    while block := answer.read1(_BLOCK):
        yield block
        got += len(block)
        if (passed := time.monotonic() - since) > _SLOW_SECONDS:
            if got < _SLOWEST * passed:
                host = urlsplit(answer.url).hostname
                raise InstallError(f"{host} is too slow. Retry later, or build llama.cpp here.")
            since, got = time.monotonic(), 0


def _write(file: IO[bytes], block: bytes) -> None:
    try:
        file.write(block)
    except OSError as error:  # not of the network
        reason = error.strerror or str(error)
        raise InstallError(f"llama.cpp cannot be written to disk: {reason}.") from error


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    host = urlsplit(url).hostname
    request = urllib.request.Request(url, headers={"User-Agent": "herdmate"})
    try:
        with _answer(request) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (404, 410):
            raise NoWheelError(f"{host} has no such page") from error
        raise InstallError(f"{host} answers with HTTP status {error.code}.") from error
    except (http.client.HTTPException, OSError, ValueError) as error:  # ValueError: no address
        if isinstance(error, OSError) and error.filename:  # our own file
            raise
        raise InstallError(
            f"{host} cannot be reached, so llama.cpp cannot be fetched ready-made. Connect to the "
            "network and retry, or build it here."
        ) from error


def _answer(request: urllib.request.Request) -> Any:
    """The answer after all redirects, once its headers are there."""
    answer: Future[Any] = Future()

    def ask() -> None:
        try:
            answer.set_result(_opener(request.full_url).open(request, timeout=_SECONDS))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()  # nothing waits for a server that drips
    try:
        return answer.result(_ANSWER_SECONDS)
    except FutureTimeoutError as error:
        raise TimeoutError from error


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Opens http and https only, through the user's proxy except on this machine."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if is_loopback(url) else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=_context()),
        _Redirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _context() -> ssl.SSLContext:
    """The system's certificates with the user's own or, where it keeps none for Python, pip's."""
    context = ssl.create_default_context()
    own, usual = os.environ.get("PIP_CERT"), ssl.get_default_verify_paths()
    if own and os.path.isfile(own):
        context.load_verify_locations(own)
    elif not usual.cafile and not usual.capath and os.name != "nt":
        from pip._vendor import certifi

        context.load_verify_locations(certifi.where())
    return context


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects as long as the connection stays safe."""

    max_redirections = 5

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Called for each redirect."""
        is_safe = urlsplit(newurl).scheme == "https"
        if not is_safe and not (is_loopback(newurl) and is_loopback(req.full_url)):
            raise InstallError(f"{req.host} redirects to a connection that is not safe.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _length(answer: Any) -> int:
    """The number of bytes that an answer announces; 0 if it says none."""
    told = answer.headers.get("Content-Length", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 20 else 0
