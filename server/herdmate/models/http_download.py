"""Downloads one file over HTTP; every redirect and byte is checked, and partial files are resumed.

Hosts are not trusted: one can redirect anywhere, send more or less than it announced, another part
or another file, compress it, or trickle it. No cookie, password or token is sent, and a host's own
prose is never shown.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin

from herdmate.models.redirects import check_redirect
from herdmate.version import VERSION

if TYPE_CHECKING:
    import ssl

    import httpx2

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
"""Time limit for all headers of one response, however slowly they arrive."""

SILENCE_SECONDS = 30.0
"""The longest silence in the middle of a file."""

SLOWEST = 1024
"""Bytes per second over a minute; a slower host only ties up the connection."""

_SLOW_SECONDS = 60.0
_BLOCK = 1 << 20  # the most that a kill loses
_MOST_HOPS = 8
_MOST_TRIES = 5  # each of which must make progress
_MOVED = (301, 302, 303, 307, 308)
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_STRONG_MARK = re.compile(r'"[\x21\x23-\x7e]{1,200}"')

# The response must not be compressed: its offsets must be offsets in the file.
_HEADERS = {"User-Agent": f"herdmate/{VERSION}", "Accept": "*/*", "Accept-Encoding": "identity"}


class DownloadError(Exception):
    """A host does not deliver the file; the message is part of a sentence."""


class _BrokenOffError(DownloadError):
    """The response ended too soon; the next try resumes."""


class _OtherFileError(DownloadError):
    """The partial file belongs to another file, or another version of it."""


async def download(url: str, size: int, target: Path) -> None:
    """Download a file of ``size`` bytes to ``target``, resuming where that ends.

    Never writes more bytes. Raises ``DownloadError``, ``OSError`` or an error from ``httpx2``;
    ``ValueError`` for an address that is not allowed.
    """
    for tries_left in reversed(range(_MOST_TRIES)):
        before = _size(target)
        try:
            await _go_on(url, size, target)
        except _OtherFileError:
            if not before or not tries_left:
                raise
            _forget(target)
        except DownloadError:
            if _size(target) <= before or not tries_left:
                raise
        else:
            return


async def headers_of(url: str) -> Mapping[str, str]:
    """The headers of a file, after redirects. Raises the same errors as ``download``."""
    async with _answer("HEAD", url, {}) as response:
        _check_status(response, (200,))
        return response.headers


def length_of(headers: Mapping[str, str]) -> int:
    """The size that headers announce in bytes; 0 if missing or invalid."""
    length = headers.get("Content-Length") or ""
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else 0


async def _go_on(url: str, size: int, target: Path) -> None:
    with target.open("ab") as file:
        start = file.tell()
        if start > size:
            file.truncate(0)
            start = 0
        if start == size > 0:
            return
        mark = _mark_path(target)
        asked = {"Range": f"bytes={start}-"} if start else {}
        if start and (known := _known_mark(mark)):
            asked["If-Range"] = known
        async with _answer("GET", url, asked) as response:
            begin = _begin(response, start, size, asked.get("If-Range", ""))
            if begin != start:
                file.truncate(begin)
            if begin == 0:
                _keep_mark(mark, response.headers.get("ETag", ""))
            await _write(response, file, size - begin)


def _begin(response: httpx2.Response, start: int, size: int, mark: str) -> int:
    """The file offset where a response begins; raises if it is not what was requested."""
    if start and response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise _OtherFileError("the host cannot resume the download")
    _check_status(response, (200, 206) if start else (200,))
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise DownloadError("the host compresses the file, which was not requested")
    if response.status_code == HTTPStatus.OK:
        _check_length(response, size)
        return 0
    match = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match is None or int(match[1]) != start or not start <= int(match[2]) < size:
        raise _OtherFileError("the host sent a different part of the file from the one requested")
    if match[3] not in ("*", str(size)) or (mark and response.headers.get("ETag", mark) != mark):
        raise _OtherFileError("the file on the host has changed")
    _check_length(response, int(match[2]) + 1 - start)
    return start


def _check_status(response: httpx2.Response, wanted: tuple[int, ...]) -> None:
    status = response.status_code
    if status in wanted:
        return
    with suppress(ValueError):  # the host's own words for it are not shown
        raise DownloadError(f"the host returned {status} {HTTPStatus(status).phrase}")
    raise DownloadError(f"the host returned {status}")


def _check_length(response: httpx2.Response, size: int) -> None:
    if "Content-Length" in response.headers and length_of(response.headers) != size:
        raise _OtherFileError("the host reports a different size from before")


async def _write(response: httpx2.Response, file: BinaryIO, left: int) -> None:
    """Append ``left`` bytes; if the response breaks off, the bytes before that stay."""
    held = bytearray()
    try:
        async for piece in _pieces(response):
            if len(piece) > left:
                held.clear()
                file.truncate(0)
                raise DownloadError("the host sent more than it announced, so nothing was kept")
            left -= len(piece)
            held += piece
            while len(held) >= _BLOCK:
                file.write(held[:_BLOCK])
                file.flush()
                del held[:_BLOCK]
    except _BrokenOffError:
        if left:
            raise
    finally:
        file.write(held)
        file.flush()
    if left:
        raise _BrokenOffError(f"the host hung up with {left} bytes still to come")


async def _pieces(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The bytes as they arrive; raises ``_BrokenOffError`` if they break off or just trickle."""
    import httpx2

    since, got = time.monotonic(), 0
    try:
        async for piece in response.aiter_raw():
            yield piece
            got += len(piece)
            if (passed := time.monotonic() - since) > _SLOW_SECONDS:
                if got < SLOWEST * passed:
                    raise _BrokenOffError("the host is too slow")
                since, got = time.monotonic(), 0
    except httpx2.TimeoutException as error:
        raise _BrokenOffError(f"nothing arrived for {SILENCE_SECONDS:.0f} seconds") from error
    except httpx2.TransportError as error:
        raise _BrokenOffError("the connection was lost") from error


@asynccontextmanager
async def _answer(
    method: str, url: str, headers: Mapping[str, str]
) -> AsyncIterator[httpx2.Response]:
    """The response after all redirects, each of which is checked before it is followed."""
    import httpx2

    first = url
    timeout = httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
    for _ in range(_MOST_HOPS + 1):
        await check_redirect(url, first)
        # A new client for each hop, so that no cookie is passed on.
        async with httpx2.AsyncClient(verify=_trust(), timeout=timeout) as client:
            request = client.build_request(method, url, headers={**_HEADERS, **headers})
            try:
                sending = client.send(request, stream=True, auth=None, follow_redirects=False)
                response = await asyncio.wait_for(sending, ANSWER_SECONDS)
            except (asyncio.TimeoutError, httpx2.TimeoutException) as error:
                raise DownloadError("the host did not answer in time") from error
            except httpx2.RemoteProtocolError as error:
                raise DownloadError(
                    "the host closed the connection or does not speak HTTP"
                ) from error
            try:
                to = response.headers.get("Location")
                if response.status_code in _MOVED and to:
                    url = urljoin(url, to)
                    continue
                yield response
                return
            finally:
                await response.aclose()
    raise DownloadError("the host redirects endlessly")


@cache
def _trust() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()


def _mark_path(target: Path) -> Path:
    """Where to keep the ETag of a partial file's version."""
    return target.with_name(f"{target.name}.etag")


def _known_mark(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
    return text if _STRONG_MARK.fullmatch(text) else ""


def _keep_mark(path: Path, mark: str) -> None:
    path.unlink(missing_ok=True)
    if _STRONG_MARK.fullmatch(mark):
        path.write_text(mark, encoding="ascii")


def _forget(target: Path) -> None:
    _mark_path(target).unlink(missing_ok=True)
    target.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
