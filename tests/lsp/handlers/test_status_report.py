"""What the status command answers, and why there was no ghost text."""

from __future__ import annotations

from typing import Any

import pytest

from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.engine.start import FakeStart
from herdmate.errors import HerdmateError
from herdmate.generation import ModelInfo, Totals
from herdmate.lsp.handlers import pausing, status_report
from herdmate.lsp.protocol import State, Status
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice

_INFO = ModelInfo("qwen2.5-coder.gguf", "Model", "qwen2", "bpe", 9, 4096, 32768, 1, 1, 1)


@pytest.fixture
def session() -> Session:
    return Session(lambda *_: EngineChoice(FakeStart()))


def _runs(monkeypatch: pytest.MonkeyPatch, session: Session) -> None:
    async def ready() -> ModelInfo:
        return _INFO

    async def totals() -> Totals:
        return Totals()

    monkeypatch.setattr(session.model.answers.host, "ready", ready)
    monkeypatch.setattr(session.model.answers.host, "totals", totals)


async def test_with_a_model_its_process_and_its_window_are_told(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    _runs(monkeypatch, session)
    session.model.answers.status = Status("ready", "It is ready.", model="Model")
    session.completion.silence = HerdmateError("It is late.")
    told = await status_report.report(session)
    assert (told["state"], told["message"], told["model"]) == ("ready", "It is ready.", "Model")
    assert told["silence"] == "It is late."
    assert told["engineProcess"] is None
    assert told["window"]["prefixTokens"] > told["window"]["suffixTokens"] > 0


@pytest.mark.parametrize("state", ["starting", "noModel", "fetching", "sleeping", "error"])
async def test_without_one_the_engine_is_not_asked(
    session: Session, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    monkeypatch.setattr(session.model.answers.host, "totals", lambda: pytest.fail("it would wait"))
    session.model.answers.status = Status(state)
    told = await status_report.report(session)
    assert told["state"] == state
    assert not {"engine", "engineProcess", "window"} & told.keys()


async def test_an_engine_that_ends_meanwhile_leaves_the_status(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    _runs(monkeypatch, session)

    async def stopped() -> Any:
        raise HerdmateError("The engine was stopped.")

    monkeypatch.setattr(session.model.answers.host, "totals", stopped)
    session.model.answers.status = Status("ready")
    told = await status_report.report(session)
    assert told["state"] == "ready"
    assert "engine" not in told


@pytest.mark.parametrize(
    ("status", "silence", "sentence"),
    [
        (Status("noModel", "There is no model."), None, "There is no model."),
        (Status("noModel"), None, "Herdmate: no model."),
        (Status("starting"), None, "Herdmate: starting."),
        (Status("ready"), HerdmateError("It broke."), "There was no ghost text: It broke."),
        (Status("sleeping"), Silence(SilenceReason.PAUSED, "12:30"), "12:30"),
        (Status("thinking"), None, "No ghost text has been requested yet."),
        (Status("error", "It broke."), Silence(SilenceReason.DISABLED), "It broke."),
    ],
)
def test_why_there_was_nothing(
    session: Session, status: Status, silence: Any, sentence: str
) -> None:
    session.model.answers.status, session.completion.silence = status, silence
    said = status_report.sentence_of_silence(session)
    assert sentence in said
    assert said.endswith(".")
    assert ".." not in said


def test_what_was_shown_is_told_from_what_was_never_asked_for(session: Session) -> None:
    session.model.answers.status = Status("ready")
    assert "requested yet" in status_report.sentence_of_silence(session)
    session.completion.has_shown = True
    said = status_report.sentence_of_silence(session)
    assert said == "Ghost text was shown for the last request."


async def test_what_is_so_now_is_told_before_what_was(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.model.answers.status = Status("thinking")
    session.completion.silence = Silence(SilenceReason.DISABLED)
    monkeypatch.setattr(type(session.completion), "running", lambda _self: ["file:///a.py"])
    assert "still working" in status_report.sentence_of_silence(session)
    await pausing.pause(session, "", "")
    assert "it is paused until" in status_report.sentence_of_silence(session)
