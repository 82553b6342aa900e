"""To which server an API key is sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herdmate.engine.remote import api_key
from herdmate.engine.remote.api_key import allow, is_undecided, with_key
from herdmate.engine.remote.connection import asked
from herdmate.engine.remote.endpoint import Endpoint, endpoint_of, origin_of
from herdmate.errors import SettingsError
from tests.engine.remote.server import reply, serving

KEY = "a-key-0c4f"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.delenv("HERDMATE_API_KEY_ORIGIN", raising=False)
    _begin(monkeypatch)


def _begin(monkeypatch: pytest.MonkeyPatch, origin: str = "", key: str = KEY) -> None:
    """As in a process that has just been started."""
    monkeypatch.setattr(api_key, "_held", api_key._Held())
    monkeypatch.setenv("HERDMATE_API_KEY", key)
    if origin:
        monkeypatch.setenv("HERDMATE_API_KEY_ORIGIN", origin)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Models.example.org/v1/", "https://models.example.org"),
        ("https://models.example.org:443/vllm", "https://models.example.org"),
        ("https://models.example.org:8000", "https://models.example.org:8000"),
        ("http://[::1]:80/", "http://[::1]"),
        ("http://127.0.0.1:8443", "http://127.0.0.1:8443"),
        ("http://host:443", "http://host:443"),
    ],
)
def test_an_origin(url: str, origin: str) -> None:
    assert origin_of(endpoint_of(url)) == origin
    assert origin_of(endpoint_of(origin)) == origin


@pytest.mark.parametrize(
    "origin", ["https://host:8000", "HTTPS://HOST:8000/", "https://host:8000/v1"]
)
def test_a_key_goes_to_its_origin_and_nowhere_else(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _begin(monkeypatch, origin)
    assert with_key(endpoint_of("https://host:8000/v1")).key == KEY
    for url in (
        "https://host",
        "https://host:8001",
        "https://host.evil.org:8000",
        "https://evil.org/host:8000",
        "http://127.0.0.1:8000",
        "http://localhost",
    ):
        place = with_key(endpoint_of(url))
        assert place.key == ""
        assert "because it is for https://host:8000" in place.no_key
        assert not is_undecided(place)


@pytest.mark.parametrize("url", ["http://host:8000", "http://10.0.0.2", "http://127.0.0.1.evil.org",
                                 "http://localhost.evil.org", "http://0.0.0.0:80"])  # fmt: skip
def test_a_key_is_never_sent_over_plain_http_to_another_machine(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for origin in (url, ""):
        _begin(monkeypatch, origin)
        place = with_key(endpoint_of(url))
        assert place.key == ""
        assert "use https, or a tunnel to 127.0.0.1" in place.no_key
        assert not is_undecided(place)
        monkeypatch.delenv("HERDMATE_API_KEY_ORIGIN", raising=False)


def test_the_user_is_asked_once_for_a_server_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    place = endpoint_of("https://host:8000/v1")
    assert is_undecided(place)
    assert with_key(place).key == ""
    assert "HERDMATE_API_KEY_ORIGIN to https://host:8000" in with_key(place).no_key
    allow(place)
    assert with_key(place).key == KEY
    _begin(monkeypatch)  # and so it is in the next process
    assert not is_undecided(place)
    assert with_key(place).key == KEY
    other = endpoint_of("https://other")
    assert is_undecided(other)
    assert with_key(other).key == ""
    assert is_undecided(endpoint_of("http://127.0.0.1:8000"))
    _begin(monkeypatch, key="another-key")
    assert is_undecided(place)
    assert with_key(place).key == ""


def test_what_is_remembered_does_not_tell_the_key(tmp_path: Path) -> None:
    assert with_key(endpoint_of("https://host")).key == ""
    allow(endpoint_of("https://host"))
    (file,) = (tmp_path / "state").iterdir()
    assert KEY not in file.read_text("utf-8")
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", '[{"origin": 1}]', "[" * 100_000, "null"])
def test_a_broken_file_of_what_was_agreed_to_agrees_to_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "api_key.json").write_text(text, "utf-8")
    assert is_undecided(endpoint_of("https://host"))
    allow(endpoint_of("https://host"))
    assert with_key(endpoint_of("https://host")).key == KEY


def test_a_server_of_this_machine_has_the_key_at_once_and_a_second_one_has_not() -> None:
    assert with_key(endpoint_of("http://127.0.0.1:8000")).key == KEY
    assert with_key(endpoint_of("http://127.0.0.1:8000/v1")).key == KEY
    second = endpoint_of("http://127.0.0.1:8001")
    assert with_key(second).key == ""
    assert is_undecided(second)


def test_the_key_leaves_the_environment_and_is_in_no_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _begin(monkeypatch, "https://host")
    place = with_key(endpoint_of("https://host"))
    assert "HERDMATE_API_KEY" not in os.environ
    assert "HERDMATE_API_KEY_ORIGIN" not in os.environ
    assert KEY not in repr(place) + str(place) + repr(api_key._held)
    _begin(monkeypatch, key=f"{KEY}\r\nX-Other: def")
    with pytest.raises(SettingsError) as caught:
        with_key(endpoint_of("https://host"))
    assert KEY not in str(caught.value)


def test_an_origin_that_is_none_is_told_and_no_key_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    _begin(monkeypatch, "host:8000")
    with pytest.raises(SettingsError, match="HERDMATE_API_KEY_ORIGIN must be an address"):
        with_key(endpoint_of("https://host:8000"))


async def test_a_connection_sends_no_key_in_the_open_whoever_asks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving({"/": reply(200, {})}) as server:
        here = endpoint_of(server.url, KEY)
        async with asked(here, "/"):
            pass
        assert server.asked[-1].headers["authorization"] == f"Bearer {KEY}"
        monkeypatch.setattr("herdmate.engine.remote.endpoint.is_this_machine", lambda _host: False)
        async with asked(Endpoint("127.0.0.1", here.port, False, key=KEY), "/"):
            pass
        assert "authorization" not in server.asked[-1].headers
