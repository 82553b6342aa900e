"""Downloads from hosts that lie: each answers what a test writes out, byte for byte."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from herdmate.models import http_download as downloading
from herdmate.models import redirects
from herdmate.models.http_download import DownloadError, download, headers_of

DATA = bytes(range(251)) * 9
SIZE = len(DATA)
MARK = '"a-strong-one"'


@dataclass
class Host:
    """What a host answers to one request after another, the last one again and again."""

    answers: list[bytes]
    stays: bool = False
    """Does it keep the connection when it has said all?"""
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def header(self, name: str) -> list[str | None]:
        """One header of each request."""
        found = []
        for request in self.asked:
            lines = (line.partition(": ") for line in request.split("\r\n")[1:])
            found.append({key.lower(): value for key, _, value in lines}.get(name))
        return found


@asynccontextmanager
async def host(*answers: bytes, stays: bool = False) -> AsyncIterator[Host]:
    """A host on loopback for the block."""
    said = Host(list(answers), stays)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            said.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(said.answers.pop(0) if len(said.answers) > 1 else said.answers[0])
            await writer.drain()
            if said.stays:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    said.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/m.gguf"
    try:
        yield said
    finally:
        server.close()


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer as it goes over the wire; no header is added to those given."""
    lines = [
        f"HTTP/1.1 {status} Whatever",
        *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def whole(body: bytes = DATA, **headers: str) -> bytes:
    """All of a file."""
    return answer(200, body, Content_Length=str(len(body)), **headers)


def rest(start: int, body: bytes | None = None, told: str = "", **headers: str) -> bytes:
    """The file from an offset on."""
    body = DATA[start:] if body is None else body
    told = told or f"bytes {start}-{SIZE - 1}/{SIZE}"
    return answer(206, body, Content_Range=told, Content_Length=str(len(body)), **headers)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "whole"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


async def test_a_file_whole_and_in_two_pieces(target: Path) -> None:
    async with host(whole(ETag=MARK), rest(100, ETag=MARK)) as said:
        await download(said.url, SIZE, target)
        assert target.read_bytes() == DATA
        target.write_bytes(DATA[:100])
        await download(said.url, SIZE, target)
        assert target.read_bytes() == DATA
        await download(said.url, SIZE, target)  # it is whole: nobody is asked
    assert said.header("range") == [None, "bytes=100-"]
    assert said.header("if-range") == [None, MARK]
    assert said.header("accept-encoding") == ["identity"] * 2


CHUNKED = b"%x\r\n%b\r\n" % (SIZE, DATA)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (whole(DATA + b"!"), "a different size"),
        (whole(DATA[:-1]), "a different size"),
        (answer(200, DATA, Content_Length=str(10**17)), "a different size"),
        (answer(200, DATA, Content_Length="9" * 60), "does not speak HTTP"),
        (answer(200, DATA + b"!" * 100_000), "more than it announced"),
        (answer(200, CHUNKED + b"1\r\n!\r\n0\r\n\r\n", Transfer_Encoding="chunked"), "more than"),
        (whole(Content_Encoding="gzip"), "compresses"),
        (whole(Content_Encoding="identity, br"), "compresses"),
        (answer(204), "204 No Content"),
        (answer(206, DATA, Content_Range=f"bytes 0-{SIZE - 1}/{SIZE}"), "206"),
        (answer(404, b"<h1>\x1b[2J"), "404 Not Found"),
        (answer(799), "799"),
        (answer(304), "304"),
        (answer(302), "302"),
        (answer(200, DATA[:50], Content_Length=str(SIZE)), "hung up|was lost"),
        (answer(200, DATA[:50]), "hung up|was lost"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_not_the_file(target: Path, said: bytes, words: str) -> None:
    async with host(said) as lying:
        with pytest.raises(DownloadError, match=words) as caught:
            await download(lying.url, SIZE, target)
    assert "Whatever" not in str(caught.value)  # the host's own word
    assert target.stat().st_size < SIZE
    assert len(lying.asked) <= downloading._MOST_TRIES


@pytest.mark.parametrize(
    "said",
    [
        answer(200, DATA, Content_Length="-5"),
        f"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: {SIZE}\r\n\r\n".encode() + DATA,
        b"\x16\x03\x01 no HTTP at all\r\n\r\n",
        answer(200, DATA, X="y" * 200_000),
        b"",
    ],
)
async def test_an_answer_that_is_no_http(target: Path, said: bytes) -> None:
    async with host(said) as lying:
        with pytest.raises(DownloadError, match="does not speak HTTP"):
            await download(lying.url, SIZE, target)
    assert target.stat().st_size == 0


@pytest.mark.parametrize(
    "said",
    [
        rest(0, DATA),
        rest(101, DATA[101:]),
        rest(100, told="bytes 100-99/3"),
        rest(100, told=f"bytes 100-{SIZE + 5}/{SIZE + 6}"),
        rest(100, told=f"bytes 100-{SIZE - 1}/{SIZE + 1}"),
        rest(100, told="bytes=100-"),
        rest(100, told=f"bytes 100-{'9' * 40}/*"),
        rest(100, DATA[101:]),
        rest(100, ETag='"another"'),
        answer(206, DATA[100:], Content_Type="multipart/byteranges; boundary=x"),
        answer(416, Content_Range=f"bytes */{SIZE}"),
        whole(DATA + b"more"),
    ],
)
async def test_a_file_is_not_gone_on_with_by_other_bytes(target: Path, said: bytes) -> None:
    """It is begun anew, once, and comes whole."""
    target.write_bytes(b"x" * 100)
    (target.parent / "whole.etag").write_text(MARK)
    async with host(said, whole()) as lying:
        await download(lying.url, SIZE, target)
    assert target.read_bytes() == DATA
    assert lying.header("range") == ["bytes=100-", None]


async def test_a_host_that_takes_no_ranges_sends_it_anew(target: Path) -> None:
    target.write_bytes(b"x" * 100)
    async with host(whole()) as said:
        await download(said.url, SIZE, target)
    assert target.read_bytes() == DATA
    assert len(said.asked) == 1


async def test_a_connection_that_breaks_off_is_gone_on_with(target: Path) -> None:
    cut = [answer(200, DATA[:50], Content_Length=str(SIZE))]
    cut += [
        rest(50, DATA[50:80], told=f"bytes 50-{SIZE - 1}/{SIZE}").replace(
            b": 30", b": %d" % (SIZE - 50)
        )
    ]
    async with host(*cut, rest(80)) as said:
        await download(said.url, SIZE, target)
    assert target.read_bytes() == DATA
    assert said.header("range") == [None, "bytes=50-", "bytes=80-"]


async def test_a_file_that_was_too_long_is_begun_anew(target: Path) -> None:
    target.write_bytes(DATA + b"more")
    async with host(whole()) as said:
        await download(said.url, SIZE, target)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX: ", whole()[:-SIZE], whole()[:-5]])
async def test_a_host_that_falls_silent_is_given_up(
    target: Path, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANSWER_SECONDS", "SILENCE_SECONDS"):
        monkeypatch.setattr(downloading, name, 0.2)
    async with host(said, stays=True) as silent:
        with pytest.raises(DownloadError, match=r"in time|nothing arrived"):
            await asyncio.wait_for(download(silent.url, SIZE, target), 60)
    assert target.read_bytes() == DATA[: target.stat().st_size]


async def test_a_host_that_drips_is_given_up(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes before the silence is too long; a minute is none here."""
    monkeypatch.setattr(downloading, "_SLOW_SECONDS", -1.0)
    monkeypatch.setattr(downloading, "SLOWEST", 1e12)
    async with host(answer(200, DATA)) as slow:
        with pytest.raises(DownloadError, match="too slow"):
            await download(slow.url, 3 * SIZE, target)


@pytest.mark.parametrize(
    "to",
    [
        "http://example.org/m.gguf",
        "http://10.0.0.1/m.gguf",
        "http://127.0.0.1.example.org/m.gguf",
        "http://2130706433/m.gguf",
        "//example.org/m.gguf",
        "ftp://example.org/m.gguf",
        "file:///etc/passwd",
        "gopher://127.0.0.1/_",
        "https:///m.gguf",
        "https://[::1/m.gguf",
    ],
)
async def test_a_redirect_to_what_is_not_encrypted(target: Path, to: str) -> None:
    async with host(answer(302, Location=to)) as said:
        for ask in (download(said.url, SIZE, target), headers_of(said.url)):
            with pytest.raises(ValueError, match=r"without https://|Invalid IPv6"):
                await ask
    assert len(said.asked) == 2
    assert target.stat().st_size == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://10.1.2.3/m.gguf",
        "https://192.168.0.1/m.gguf",
        "https://172.31.255.255/m.gguf",
        "https://100.100.100.200/m.gguf",
        "https://0.0.0.0/m.gguf",
        "https://[fe80::1]/m.gguf",
        "https://[fd00:ec2::254]/m.gguf",
        "https://[::ffff:169.254.169.254]/m.gguf",
        "https://[64:ff9b::a9fe:a9fe]/m.gguf",
        "https://[2002:a9fe:a9fe::]/m.gguf",
        "https://0xa9fea9fe/m.gguf",
        "https://224.0.0.1/m.gguf",
        "https://255.255.255.255/m.gguf",
        "https://me:secret@example.org/m.gguf",
        "https://example.org\\@10.0.0.1/m.gguf",
    ],
)
async def test_a_redirect_further_in(target: Path, to: str, status: int) -> None:
    async with host(answer(status, Location=to)) as said:
        with pytest.raises(ValueError, match=r"private network|an invalid address"):
            await download(said.url, SIZE, target)
    assert len(said.asked) == 1


Resolve = Callable[..., Any]


@pytest.mark.parametrize(
    ("first", "to", "allowed"),
    [
        ("https://world.test/m", "https://other.test/m", True),
        ("https://world.test/m", "https://stand-in.test/m", True),
        ("https://world.test/m", "https://nobody.test/m", True),  # the connection will say so
        ("https://world.test/m", "https://inside.test/m", False),
        ("https://world.test/m", "https://both.test/m", False),
        ("https://world.test/m", "https://cloud.test/m", False),
        ("https://world.test/m", "https://here.test/m", False),
        ("https://world.test/m", "http://localhost/m", False),
        ("https://world.test/m", "https://127.8.9.1/m", False),
        ("https://inside.test/m", "https://10.0.0.9/m", True),
        ("https://inside.test/m", "https://world.test/m", True),
        ("https://inside.test/m", "https://here.test/m", False),
        ("https://inside.test/m", "https://cloud.test/m", False),
        ("http://127.0.0.1:1/m", "http://localhost:2/m", True),
        ("http://127.0.0.1:1/m", "https://inside.test/m", False),
        ("https://cloud.test/m", "https://169.254.0.1/m", False),
    ],
)
async def test_a_name_is_judged_by_its_addresses(
    first: str, to: str, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {
        "world.test": ["1.1.1.1"], "other.test": ["8.8.8.8", "2606:4700::1111"],
        "stand-in.test": ["198.18.0.7"], "inside.test": ["10.0.0.7"],
        "both.test": ["1.1.1.1", "192.168.1.1"], "cloud.test": ["169.254.169.254"],
        "here.test": ["127.0.0.1"], "localhost": ["127.0.0.1", "::1"],
    }  # fmt: skip

    async def resolve(name: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        if name not in known:
            raise socket.gaierror
        return [(0, 0, 0, "", (address, port)) for address in known[name]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    if allowed:
        await redirects.check_redirect(to, first)
    else:
        with pytest.raises(ValueError, match="private network"):
            await redirects.check_redirect(to, first)


async def test_redirects_without_end_and_no_more_than_eight(target: Path) -> None:
    moves = [answer(302, Location=f"/hop/{at}") for at in range(8)]
    async with host(*moves, whole()) as said:
        await download(said.url, SIZE, target)
    assert target.read_bytes() == DATA
    target.unlink()
    async with host(*moves, answer(302, Location="/hop/9"), whole()) as said:
        with pytest.raises(DownloadError, match="endlessly"):
            await download(said.url, SIZE, target)
    assert len(said.asked) == 9


async def test_no_cookie_and_no_password_goes_along(
    target: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with host(whole()) as second:
        moved = answer(302, Location=second.url, Set_Cookie="a=b; Path=/")
        async with host(moved) as first:
            await download(f"{first.url}?key=secret", SIZE, target)
    for name in ("cookie", "authorization", "referer"):
        assert first.header(name) + second.header(name) == [None, None]
    assert "secret" not in "".join(second.asked)
