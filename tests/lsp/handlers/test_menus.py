"""The menus say what can be done in the state that the server is in."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.engine.start import FakeStart
from herdmate.lsp import protocol
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import menus, model_choice
from herdmate.lsp.protocol import ModelEntry, ModelList, Status
from herdmate.lsp.session import Session
from herdmate.lsp.state import EngineChoice
from herdmate.models import catalogue
from herdmate.settings import CompletionSettings, Settings

_URI = "file:///a.go"


def _session(able: Capabilities | None = None) -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = able or Capabilities(menu=True, configure=True)
    session.documents.open(types.TextDocumentItem(_URI, "go", 0, "package a\n"))
    return session


async def _labels(session: Session, uri: str = _URI) -> list[str]:
    return [item.label for item in (await menus.menu(session, "status", uri)).items]


async def test_without_a_model_the_menu_says_so_in_words_and_offers_one() -> None:
    session = _session()
    session.model.answers.status = Status("noModel", "There is no model on this machine yet.")
    session.model.answers.host.latency.note_writing(100, 1.0)  # of an earlier model
    menu = await menus.menu(session, "", _URI)
    assert menu.title == "Herdmate: no model"
    assert menu.placeholder == session.model.answers.status.message
    first = menu.items[0]
    assert (first.label, first.command) == (
        f"Fetch {catalogue.starter().title}", protocol.COMMAND_FETCH_MODEL,
    )  # fmt: skip


async def test_an_error_is_not_hidden_by_how_fast_the_model_was() -> None:
    session = _session()
    session.model.answers.host.latency.note_writing(100, 1.0)
    session.model.answers.status = Status("ready", "It is ready.", model="Model")
    menu = await menus.menu(session, "status", _URI)
    assert menu.title == "Herdmate: ready, Model"
    assert "tokens per second" in menu.placeholder
    session.model.answers.status = Status("error", "It broke.")
    assert (await menus.menu(session, "status", _URI)).placeholder == "It broke."


async def test_what_can_be_paused_depends_on_the_client_and_the_document() -> None:
    session = _session()
    assert "Pause in go" in await _labels(session)
    assert not any(" in " in label for label in await _labels(session, "file:///closed.go"))
    session.project.folders = (Path("/"),)
    assert "Pause in This Workspace" in await _labels(session)
    session.configuration.settings = Settings(completion=CompletionSettings(disabled_in=("go",)))
    assert "Resume in go" in await _labels(session)
    session.capabilities = Capabilities()
    labels = await _labels(session)
    assert "Pause for an Hour" in labels
    assert not any(" in " in label or "Model…" in label for label in labels)


async def test_what_is_switched_off_can_be_resumed_only_where_the_client_can() -> None:
    session = _session()
    session.configuration.settings = Settings(completion=CompletionSettings(enabled=False))
    assert "Resume Ghost Text" in await _labels(session)
    session.capabilities = Capabilities(menu=True)
    assert not any("Resume" in label or "Pause" in label for label in await _labels(session))


@pytest.mark.parametrize("name", ["menu", "Status", "../models"])
async def test_other_menus_are_refused(name: str) -> None:
    with pytest.raises(JsonRpcException, match="status, models or completionModels"):
        await menus.menu(_session(), name, _URI)


async def test_the_models_menu_marks_what_runs_and_what_has_to_be_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _list_models(monkeypatch)
    menu = await menus.menu(_session(), "models", "")
    icons = {item.label: item.icon for item in menu.items}
    assert icons == {
        "Automatic": "sparkle", "A": "package", "B": "check", "C": "cloud-download",
    }  # fmt: skip
    assert [item.arguments for item in menu.items] == [["auto"], ["a"], ["b"], ["c"]]
    assert menu.placeholder == "In use: b"


async def test_ghost_text_has_a_menu_of_the_models_that_fill_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _list_models(monkeypatch)
    session = _session()
    menu = await menus.menu(session, "completionModels", "")
    assert [(item.label, item.icon, item.arguments) for item in menu.items] == [
        ("Same as for Answers", "check", ["", "completion"]),
        ("Automatic", "sparkle", ["auto", "completion"]),
        ("A", "package", ["a", "completion"]),
        ("C", "cloud-download", ["c", "completion"]),
    ]
    assert menu.placeholder == "In use: the model that answers"
    session.model.is_apart, session.model.apart.status = True, Status("ready", model="A model")
    menu = await menus.menu(session, "completionModels", "")
    assert [item.icon for item in menu.items][:3] == ["link", "sparkle", "check"]
    assert menu.placeholder == "In use: A model"
    menu = await menus.menu(session, "models", "")
    assert menu.placeholder == "In use: b; ghost text: A model"


async def test_the_status_menu_shows_both_models() -> None:
    session = _session()
    session.capabilities = Capabilities(menu=True)
    model = session.model
    model.is_apart = True
    model.answers.status = Status("ready", "It is ready.", model="Large")
    model.apart.status = Status("loading", "Loading the model.", 0.5)
    session.configuration.settings = Settings(completion=CompletionSettings(model="/a/small.gguf"))
    menu = await menus.menu(session, "status", _URI)
    assert menu.title == "Herdmate: ready, Large; ghost text: loading"
    assert menu.placeholder == "It is ready. Ghost text: Loading the model."
    details = {item.label: item.detail for item in menu.items}
    assert details["Choose a Model…"] == "Large"
    assert details["Choose a Model for Ghost Text…"] == "small.gguf"
    model.answers.host.latency.note_writing(100, 25.0)
    model.apart.host.latency.note_writing(100, 5.0)
    model.apart.host.latency.note_answer(0.4)
    menu = await menus.menu(session, "status", _URI)
    said = "4.0 tokens per second; ghost text after 0.4 s, 20.0 tokens per second"
    assert menu.placeholder == said
    model.apart.status = Status("error", "It broke.")
    menu = await menus.menu(session, "status", _URI)
    assert menu.placeholder == "It is ready. Ghost text: It broke."


def _list_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three models: the first writes ghost text, the second answers and cannot fill in."""

    def entry(name: str, installed: bool, infill: bool = True) -> ModelEntry:
        return ModelEntry(name, name.title(), 1, "Q4", 1, infill, True, installed, True, "detail")

    async def models(*_: object) -> ModelList:
        entries = [entry("a", True), entry("b", True, infill=False), entry("c", False)]
        return ModelList(entries, "b", "a")

    monkeypatch.setattr(model_choice, "models", models)
