"""Other extensions that give ghost text: the user is told of each once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from herdmate.engine.start import FakeStart
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import other_extensions
from herdmate.lsp.handlers.other_extensions import tell_of_others
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.usage.statistics_file import statistics_path


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user is asked, who answers nothing."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    questions: list[str] = []

    async def agrees(_session: Session, question: str, *_buttons: str) -> bool:
        questions.append(question)
        return False

    monkeypatch.setattr(other_extensions, "agrees", agrees)
    return questions


def _session(*extensions: str) -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(
        configure=True, show_message_request=True, extensions=frozenset(extensions)
    )
    return session


async def test_each_is_told_once(asked: list[str]) -> None:
    await tell_of_others(_session("github.copilot"))
    await tell_of_others(_session("github.copilot", "some.other"))
    assert len(asked) == 1
    await tell_of_others(_session("github.copilot", "tabbyml.vscode-tabby"))
    assert [text.split(" may")[0] for text in asked] == ["GitHub Copilot", "Tabby"]


async def test_where_that_cannot_be_noted_nothing_is_asked_at_each_start(
    asked: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    statistics_path().parent.parent.mkdir(exist_ok=True)
    statistics_path().parent.write_text("a file in the place of the folder")
    with caplog.at_level(logging.WARNING):
        await tell_of_others(_session("github.copilot"))
    assert asked == []
    assert "the user is not told of other extensions" in caplog.text
