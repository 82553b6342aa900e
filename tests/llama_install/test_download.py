"""Whatever an index sends, what is wrong is said in a sentence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from herdmate.errors import InstallError
from herdmate.llama_install import download
from herdmate.llama_install.download import fetch, read_page
from tests.models.file_server import serving
from tests.models.test_http_download import answer, host


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:1/\u00fc", f"https://{'a' * 70}.example/", "https://h:x/", "https:///"],
)
def test_what_is_no_address_cannot_be_reached(url: str) -> None:
    with pytest.raises(InstallError, match="cannot be reached"):
        read_page(url)


def test_a_redirect_to_no_address_is_not_followed() -> None:
    with serving({"/a": b""}) as files:
        files.moved["/a"] = "http://[b"
        with pytest.raises(InstallError, match=r"127\.0\.0\.1 "):
            read_page(f"{files.url}/a")


def test_a_length_of_thousands_of_digits_is_none(tmp_path: Path) -> None:
    with serving({"/a": b"whole"}) as files:
        files.says_size = False
        files.headers["Content-Length"] = "9" * 5000
        fetch(f"{files.url}/a", "cpu", tmp_path / "a", lambda _: None)
    assert (tmp_path / "a").read_bytes() == b"whole"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_full_disk_is_not_taken_for_the_network(size: int) -> None:
    with serving({"/a": b"x" * size}) as files:
        with pytest.raises((InstallError, OSError), match="No space left"):
            fetch(f"{files.url}/a", "cpu", Path("/dev/full"), lambda _: None)


async def test_an_index_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes before the silence is too long; a minute is none here."""
    monkeypatch.setattr(download, "_SLOW_SECONDS", -1.0)
    monkeypatch.setattr(download, "_SLOWEST", 1e12)
    async with host(answer(200, b"<a>")) as slow:
        with pytest.raises(InstallError, match=r"127\.0\.0\.1 is too slow"):
            await asyncio.to_thread(read_page, slow.url)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX: "])
async def test_an_index_whose_headers_never_end_is_given_up(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_ANSWER_SECONDS", 0.2)
    async with host(said, stays=True) as silent:
        with pytest.raises(InstallError, match="cannot be reached"):
            await asyncio.to_thread(read_page, silent.url)
