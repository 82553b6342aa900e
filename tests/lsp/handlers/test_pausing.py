"""Ghost text is paused by the server for an hour, otherwise by a setting that the client keeps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.completion.silence_reasons import SilenceReason
from herdmate.engine.start import FakeStart
from herdmate.lsp import protocol
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import pausing
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.settings import CompletionSettings, Settings


@pytest.fixture
def session() -> Session:
    found = Session(lambda *_: EngineChoice(FakeStart()))
    found.configuration.settings = Settings(
        completion=CompletionSettings(disabled_in=("markdown", "go"))
    )
    return found


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, bool]]:
    """The settings that the client is asked to change."""
    found: list[tuple[str, Any, bool]] = []

    async def change(_session: Session, name: str, value: Any, workspace: bool = False) -> None:
        found.append((name, value, workspace))

    monkeypatch.setattr(pausing, "change", change)
    return found


async def test_a_pause_ends_after_an_hour_or_when_the_user_says_so(
    session: Session, changed: list[Any]
) -> None:
    now = asyncio.get_running_loop().time()
    assert not pausing.is_paused(session)
    await pausing.pause(session, "", "")
    assert pausing.is_paused(session)
    assert now + 3600 <= session.completion.paused_until <= now + 3660
    assert pausing.silence(session).reason is SilenceReason.PAUSED
    await pausing.resume(session, "", "")
    assert not pausing.is_paused(session)
    session.completion.paused_until = now - 1  # an hour later
    assert not pausing.is_paused(session)
    assert changed == []


@pytest.mark.parametrize(
    ("act", "what", "language", "asked"),
    [
        (pausing.pause, "workspace", "", ("completion.enabled", False, True)),
        (pausing.resume, "workspace", "", ("completion.enabled", None, False)),
        (pausing.pause, "language", "sql",
         ("completion.disabledIn", ["markdown", "go", "sql"], False)),
        (pausing.pause, "language", "markdown",
         ("completion.disabledIn", ["go", "markdown"], False)),
        (pausing.resume, "language", "go", ("completion.disabledIn", ["markdown"], False)),
    ],
)  # fmt: skip
async def test_the_client_keeps_what_lasts(
    session: Session, changed: list[Any], act: Any, what: str, language: str, asked: Any
) -> None:
    await act(session, what, language)
    assert changed == [asked]
    assert not pausing.is_paused(session)


async def test_a_list_that_becomes_empty_is_removed(session: Session, changed: list[Any]) -> None:
    completion = CompletionSettings(disabled_in=("go",))
    session.configuration.settings = Settings(completion=completion)
    await pausing.resume(session, "language", "go")
    assert changed == [("completion.disabledIn", None, False)]


_GO = "file:///a/shop.go"


@pytest.mark.parametrize(
    ("given", "state", "why", "asked"),
    [
        ({}, "on", "", ("completion.enabled", False, False)),
        ({"enabled": False}, "off", "completion.enabled", ("completion.enabled", True, False)),
        ({"disabled_in": ("Go", "sql")}, "off", "completion.disabledIn",
         ("completion.disabledIn", ["sql"], False)),
        ({"disabled_in": ("*.go",)}, "off", "completion.disabledIn", None),
    ],
)  # fmt: skip
async def test_one_command_turns_ghost_text_off_and_on_where_the_user_is(
    session: Session, changed: list[Any], given: dict[str, Any], state: str, why: str, asked: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    said = list[str]()
    monkeypatch.setattr(session, "show", lambda sentence, _kind: said.append(sentence))
    session.documents.open(types.TextDocumentItem(_GO, "go", 0, "package a\n"))
    session.capabilities = Capabilities(configure=True)
    session.configuration.settings = Settings(completion=CompletionSettings(**given))
    now = pausing.ghost_text(session, _GO)
    assert now.state == state
    assert why in now.message
    await pausing.toggle(session, _GO)
    assert changed == ([asked] if asked else [])
    assert len(said) == (asked is None)  # what a pattern says is the user's to change


async def test_what_is_paused_is_resumed_and_the_client_is_told(
    session: Session, changed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[str]()
    monkeypatch.setattr(session.protocol, "notify", lambda method: told.append(method))
    session.configuration.settings = Settings()
    await pausing.toggle(session, "")  # of a client that has no settings: for an hour
    assert pausing.ghost_text(session, "").state == "paused"
    assert told == []
    session.capabilities = Capabilities(configure=True, ghost_text=True)
    await pausing.toggle(session, "")
    assert pausing.ghost_text(session, "").state == "on"
    await pausing.pause(session, "", "")
    assert told == [protocol.GHOST_TEXT_CHANGED] * 2
    assert changed == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], ("", "")),
        ([None], ("", "")),
        (["workspace", None, 3], ("workspace", "")),
        (["language", "go"], ("language", "go")),
    ],
)
def test_what_a_client_may_say(arguments: list[Any], told: tuple[str, str]) -> None:
    assert pausing.what_from_lsp(arguments) == told


@pytest.mark.parametrize("arguments", [["week"], [3], [["workspace"]], ["language"], [None, {}]])
def test_what_it_may_not(arguments: list[Any]) -> None:
    with pytest.raises(JsonRpcException, match="argument"):
        pausing.what_from_lsp(arguments)
