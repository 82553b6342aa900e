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
from herdmate.roles import Role
from tests.engine.remote.server import reply, serving

KEY = "a-key-0c4f"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.delenv("HERDMATE_API_KEY_ORIGIN", raising=False)
    _begin(monkeypatch)


def _begin(monkeypatch: pytest.MonkeyPatch, origin: str = "", key: str = KEY) -> None:
    """As in a process that has just been started."""
    for variable in ("HERDMATE_API_KEY", "HERDMATE_COMPLETION_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    held = {role: api_key._Held(variable) for role, variable in api_key._VARIABLES.items()}
    monkeypatch.setattr(api_key, "_held", held)
    if key:
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


_BIG, _SMALL = "https://big:8000", "http://127.0.0.1:8012"


@pytest.mark.parametrize(
    ("environment", "answers", "completion"),
    [
        ({"API_KEY": KEY, "API_KEY_ORIGIN": _BIG}, KEY, f"it is for {_BIG}"),
        ({"API_KEY": KEY, "API_KEY_ORIGIN": _SMALL}, f"it is for {_SMALL}", KEY),
        ({"API_KEY": KEY}, "not known to be for this server", f"it is for {_BIG}"),
        ({"COMPLETION_API_KEY": "ghost"}, "", "ghost"),
        ({"COMPLETION_API_KEY": "ghost", "COMPLETION_API_KEY_ORIGIN": _SMALL}, "", "ghost"),
        ({"COMPLETION_API_KEY": "ghost", "COMPLETION_API_KEY_ORIGIN": _BIG}, "", f"for {_BIG}"),
        ({"API_KEY": KEY, "API_KEY_ORIGIN": _BIG, "COMPLETION_API_KEY": "ghost"}, KEY, "ghost"),
    ],
)
@pytest.mark.parametrize("order", [("answers", "completion"), ("completion", "answers")])
def test_each_of_two_servers_has_its_own_key(
    monkeypatch: pytest.MonkeyPatch,
    order: tuple[Role, Role],
    environment: dict[str, str],
    answers: str,
    completion: str,
) -> None:
    """Whichever is asked first, none has the other's; a sentence says what to set."""
    _begin(monkeypatch, key="")
    for name, value in environment.items():
        monkeypatch.setenv(f"HERDMATE_{name}", value)
    place: dict[Role, Endpoint] = {"answers": endpoint_of(_BIG), "completion": endpoint_of(_SMALL)}
    found = {role: with_key(place[role], role, _BIG) for role in order}
    expectations: dict[Role, str] = {"answers": answers, "completion": completion}
    for role, expected in expectations.items():
        assert found[role].key == (expected if expected in (KEY, "ghost") else "")
        if found[role].key == "":
            assert expected in found[role].no_key
    lent = found["completion"].no_key
    assert not lent or "set HERDMATE_COMPLETION_API_KEY to this server's key" in lent
    assert is_undecided(place["completion"], "completion", _BIG) is False
    assert not any(name.startswith("HERDMATE_") and "KEY" in name for name in os.environ)


@pytest.mark.parametrize("first", ["", _BIG, f"{_BIG}/v1"])
def test_the_same_server_for_ghost_text_has_the_key_of_answers(
    monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    _begin(monkeypatch, _BIG)
    assert with_key(endpoint_of(f"{_BIG}/other"), "completion", first).key == KEY


def test_the_user_is_asked_for_each_key_once(monkeypatch: pytest.MonkeyPatch) -> None:
    other = endpoint_of("https://small")
    assert is_undecided(other, "completion")  # the only server
    assert not is_undecided(other, "completion", _BIG)  # the key is another server's
    monkeypatch.setenv("HERDMATE_COMPLETION_API_KEY", "ghost")
    assert is_undecided(other, "completion", _BIG)
    assert "set HERDMATE_COMPLETION_API_KEY_ORIGIN" in with_key(other, "completion", _BIG).no_key
    allow(other, "completion")
    assert with_key(other, "completion", _BIG).key == "ghost"
    assert with_key(other).key == ""
    _begin(monkeypatch)
    monkeypatch.setenv("HERDMATE_COMPLETION_API_KEY", "ghost")
    assert with_key(other, "completion", _BIG).key == "ghost"
    assert with_key(endpoint_of("https://third"), "completion", _BIG).key == ""


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
