"""An API key goes to a server only after the user has said so, once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.engine.remote import api_key as keys
from herdmate.engine.remote.endpoint import endpoint_of
from herdmate.engine.start import FakeStart
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import api_key
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.settings import CompletionSettings, RemoteSettings, Settings

_URL = "https://models.example.org:8443/v1"


class _User:
    """Answers all questions alike, and keeps them."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.questions: list[str] = []

    async def agrees(self, _session: Session, question: str, *_answers: str) -> bool:
        self.questions.append(question)
        return self.answer


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a key, and no server it may go to."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HERDMATE_API_KEY", "k-123")
    monkeypatch.delenv("HERDMATE_COMPLETION_API_KEY", raising=False)
    held = {role: keys._Held(variable) for role, variable in keys._VARIABLES.items()}
    monkeypatch.setattr(keys, "_held", held)
    keys.take()


def _session(monkeypatch: pytest.MonkeyPatch, user: _User, url: str, asks: bool = True) -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(show_message_request=asks)
    session.configuration.settings = Settings(remote=RemoteSettings(url=url))
    monkeypatch.setattr(api_key, "agrees", user.agrees)
    return session


async def test_a_server_that_the_user_agreed_to_is_not_asked_about_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = _User(answer=True)
    session = _session(monkeypatch, user, _URL)
    await api_key.agree_on_key(session)
    await api_key.agree_on_key(session)
    (question,) = user.questions
    assert "models.example.org:8443" in question
    assert "k-123" not in question
    assert keys.with_key(endpoint_of(_URL)).no_key == ""


async def test_without_an_agreement_the_key_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    user = _User(answer=False)
    await api_key.agree_on_key(_session(monkeypatch, user, _URL))
    assert len(user.questions) == 1
    assert keys.with_key(endpoint_of(_URL)).no_key != ""


@pytest.mark.parametrize(
    ("url", "asks"), [("", True), ("no address", True), ("https://[::1", True), (_URL, False)]
)
async def test_nothing_is_asked_where_there_is_no_server_or_nobody_to_answer(
    monkeypatch: pytest.MonkeyPatch, url: str, asks: bool
) -> None:
    user = _User(answer=True)
    await api_key.agree_on_key(_session(monkeypatch, user, url, asks))
    assert user.questions == []
    assert keys.with_key(endpoint_of(_URL)).no_key != ""


@pytest.mark.parametrize("ghost_key", [True, False])
async def test_each_key_is_asked_about_for_its_own_server(
    monkeypatch: pytest.MonkeyPatch, ghost_key: bool
) -> None:
    if ghost_key:
        monkeypatch.setenv("HERDMATE_COMPLETION_API_KEY", "g-456")
    user = _User(answer=True)
    session = _session(monkeypatch, user, _URL)
    ghost = CompletionSettings(remote_url="https://ghost.example.org")
    session.configuration.settings = replace(session.settings, completion=ghost)
    await api_key.agree_on_key(session)
    asked = [question.partition("at ")[2] for question in user.questions]
    first = "https://models.example.org:8443. Is the API key in HERDMATE_API_KEY for that server?"
    second = "https://ghost.example.org. Is the API key in HERDMATE_COMPLETION_API_KEY for that"
    assert asked == ([first, f"{second} server?"] if ghost_key else [first])
    found = keys.with_key(endpoint_of(ghost.remote_url), "completion", _URL)
    assert found.key == ("g-456" if ghost_key else "")
