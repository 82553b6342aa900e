"""The menus say what can be done in the state that the server is in."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.engine.start import FakeStart
from herdmate.lsp import protocol
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import menus, model_choice, recommendation
from herdmate.lsp.handlers.model_choice import _entry
from herdmate.lsp.protocol import ModelEntry, ModelList, Status
from herdmate.lsp.session import Session
from herdmate.models import catalogue
from herdmate.models.listing import listed
from herdmate.models.recommend import Machine
from herdmate.models.role_choices import EngineChoice
from herdmate.settings import CompletionSettings, Settings

_URI = "file:///a.go"
_SMALL = "qwen2.5-coder-1.5b-instruct-q4_k_m"


def _session(able: Capabilities | None = None) -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = able or Capabilities(menu=True, configure=True)
    session.documents.open(types.TextDocumentItem(_URI, "go", 0, "package a\n"))
    return session


async def _labels(session: Session, uri: str = _URI) -> list[str]:
    return [item.label for item in (await menus.menu(session, "status", uri)).items]


_LARGE, _SMALL_MACHINE = Machine(24 << 30, 0, 100 << 30), Machine(2 << 30, 0, 100 << 30)


async def test_without_a_model_the_menu_says_so_in_words_and_offers_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recommendation, "this_machine", lambda: _LARGE)
    session = _session()
    session.model.answers.status = Status("noModel", "There is no model on this machine yet.")
    session.model.answers.host.latency.note_writing(100, 1.0)  # of an earlier model
    menu = await menus.menu(session, "", _URI)
    assert menu.title == "Herdmate: no model"
    assert menu.placeholder == session.model.answers.status.message
    assert [(item.label, item.command) for item in menu.items[:2]] == [
        ("Fetch the Model Recommended for This Machine", protocol.COMMAND_USE_RECOMMENDED),
        (f"Fetch {catalogue.starter().title}", protocol.COMMAND_FETCH_MODEL),
    ]


async def test_the_starter_is_offered_once_where_it_is_what_is_recommended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, starter = _session(), f"Fetch {catalogue.starter().title}"
    session.model.answers.status = Status("noModel", "There is no model on this machine yet.")
    monkeypatch.setattr(recommendation, "this_machine", lambda: _SMALL_MACHINE)
    assert [label for label in await _labels(session) if label.startswith("Fetch")] == [starter]


async def test_the_menu_does_not_wait_long_for_what_is_recommended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, goes_on = _session(), threading.Event()
    session.model.answers.status = Status("noModel", "There is no model on this machine yet.")
    monkeypatch.setattr(menus, "_RECOMMENDATION_SECONDS", 0.01)
    monkeypatch.setattr(recommendation, "this_machine", lambda: goes_on.wait() and _LARGE)
    labels = await _labels(session)
    goes_on.set()
    assert sum(label.startswith("Fetch") for label in labels) == 2


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
    assert "Pause Ghost Text in Go" in await _labels(session)
    assert not any(" in " in label for label in await _labels(session, "file:///closed.go"))
    session.project.folders = (Path("/"),)
    assert "Pause Ghost Text in This Workspace" in await _labels(session)
    session.configuration.settings = Settings(completion=CompletionSettings(disabled_in=("go",)))
    assert "Resume Ghost Text in Go" in await _labels(session)
    session.capabilities = Capabilities()
    labels = await _labels(session)
    assert "Pause Ghost Text for an Hour" in labels
    assert not any(" in " in label or "Model…" in label for label in labels)


async def test_what_is_switched_off_can_be_resumed_only_where_the_client_can() -> None:
    session = _session()
    session.configuration.settings = Settings(completion=CompletionSettings(enabled=False))
    assert "Resume Ghost Text" in await _labels(session)
    session.capabilities = Capabilities(menu=True)
    assert not any("Resume" in label or "Pause" in label for label in await _labels(session))


async def test_what_one_does_every_day_comes_before_models_pauses_and_the_rest() -> None:
    session = _session()
    session.project.folders = (Path("/"),)
    items = (await menus.menu(session, "status", _URI)).items
    assert [(item.label, item.group) for item in items] == [
        ("Turn Ghost Text Off", ""),
        ("Choose a Model…", "model"),
        ("Choose a Model for Ghost Text…", "model"),
        ("Pause Ghost Text for an Hour", "pause"),
        ("Pause Ghost Text in Go", "pause"),
        ("Pause Ghost Text in This Workspace", "pause"),
        ("Why No Suggestion?", "look"),
        ("Show What the Model Saw", "look"),
        ("Show Statistics", "look"),
        ("Restart Model", "look"),
    ]
    assert items[0].arguments == [_URI]
    session.configuration.settings = Settings(
        completion=CompletionSettings(disabled_in=("**/*.go",))
    )
    assert "Turn Ghost Text Off" not in await _labels(session)


@pytest.mark.parametrize("name", ["menu", "Status", "../models"])
async def test_other_menus_are_refused(name: str) -> None:
    with pytest.raises(JsonRpcException, match="must be status, models or"):
        await menus.menu(_session(), name, _URI)


async def test_the_models_menu_marks_what_runs_and_what_has_to_be_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _list_models(monkeypatch)
    menu = await menus.menu(_session(), "allModels", "")
    icons = {item.label: item.icon for item in menu.items}
    assert icons == {
        "Automatic": "sparkle", "A": "package", "B": "check", "C": "cloud-download",
    }  # fmt: skip
    assert [item.arguments for item in menu.items] == [["auto"], ["a"], ["b"], ["c"]]
    assert menu.placeholder == "In use: B"


async def test_ghost_text_has_a_menu_of_the_models_that_fill_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _list_models(monkeypatch)
    session = _session()
    menu = await menus.menu(session, "allCompletionModels", "")
    assert [(item.label, item.icon, item.arguments) for item in menu.items] == [
        ("Same as for Answers", "check", ["same", "completion"]),
        ("Automatic", "sparkle", ["auto", "completion"]),
        ("A", "package", ["a", "completion"]),
        ("C", "cloud-download", ["c", "completion"]),
    ]
    assert menu.placeholder == "In use: the model that answers"
    session.model.is_apart, session.model.apart.status = True, Status("ready", model="A model")
    menu = await menus.menu(session, "allCompletionModels", "")
    assert [item.icon for item in menu.items][:3] == ["link", "sparkle", "check"]
    assert menu.placeholder == "In use: A model"
    menu = await menus.menu(session, "allModels", "")
    assert menu.placeholder == "In use: B; ghost text: A model"


@pytest.mark.parametrize(
    ("machine", "rows"),
    [
        pytest.param(
            Machine(24_000_000_000, 0, 100_000_000_000),
            [
                ("Recommended for this machine: CodeLlama 7B Instruct Q4_K_M",
                 "best CodeLlama quick enough here, ~4 tokens/s, 4.1 GB to fetch, Llama 2 licence"),
                ("With it, for ghost text: Qwen2.5-Coder 1.5B Instruct Q4_K_M",
                 "the best quick one, ~14 tokens/s, 1.1 GB to fetch, Apache-2.0"),
            ],
            id="a laptop of 24 GB",
        ),
        pytest.param(
            Machine(4_000_000_000, 0, 100_000_000_000, here=frozenset({_SMALL})),
            [
                ("Recommended for this machine: Qwen2.5-Coder 1.5B Instruct Q4_K_M",
                 "the best quick enough here, ~14 tokens/s, on this machine, Apache-2.0"),
            ],
            id="a small one that has it",
        ),
        pytest.param(Machine(500_000_000, 0, 100_000_000_000), [], id="nothing fits"),
    ],
)  # fmt: skip
async def test_what_is_recommended_for_the_machine_stands_first_and_a_few_others_below(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, rows: list[tuple[str, str]]
) -> None:
    listing = listed(Path("/nowhere"), 4096)

    async def models(*_: object) -> ModelList:
        return ModelList([_entry(model, 20_000_000_000, 0.0) for model in listing], "", "")

    monkeypatch.setattr(model_choice, "models", models)
    monkeypatch.setattr(recommendation, "this_machine", lambda: machine)
    menu = await menus.menu(_session(), "models", "")
    starred = [item for item in menu.items if item.icon == "star-full"]
    assert menu.items[: len(starred)] == starred
    assert [(item.label, item.detail) for item in starred] == rows
    assert {item.command for item in starred} <= {protocol.COMMAND_USE_RECOMMENDED}
    assert len(menu.items) <= 7
    last = menu.items[-1]
    assert (last.label, last.arguments) == ("Show All…", ["allModels"])
    everything = await menus.menu(_session(), last.arguments[0], "")
    assert len(everything.items) == len(listing) + 1
    offered = {item.label for item in menu.items}
    if rows:
        assert any("0.5B" in label for label in offered)
    ghost = await menus.menu(_session(), "completionModels", "")
    assert [item.label for item in ghost.items if item.icon == "star-full"] == [
        f"Recommended for this machine: {label.partition(': ')[2]}" for label, _ in rows[-1:]
    ]
    assert ghost.items[-1].arguments == ["allCompletionModels"]


async def test_every_model_that_is_here_can_be_chosen_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also one that is recommended together with another; the one in use has the tick."""
    names = [model.name for model in catalogue.models() if model.infill][:6]
    here = {*names, _SMALL}
    small = next(name for name in names if name != _SMALL)
    listing = listed(Path("/nowhere"), 4096)

    async def models(*_: object) -> ModelList:
        entries = [_entry(model, 20_000_000_000, 0.0) for model in listing]
        entries = [replace(entry, installed=entry.name in here) for entry in entries]
        return ModelList(entries, small, small)

    machine = Machine(24_000_000_000, 0, 100_000_000_000, here=frozenset(here))
    monkeypatch.setattr(model_choice, "models", models)
    monkeypatch.setattr(recommendation, "this_machine", lambda: machine)
    title = next(model.title for model in catalogue.models() if model.name == small)
    for name, role in (("models", []), ("completionModels", ["completion"])):
        menu = await menus.menu(_session(), name, "")
        rows = [item for item in menu.items if item.command == protocol.COMMAND_CHOOSE_MODEL]
        chosen = [item.arguments[0] for item in rows]
        assert here <= set(chosen)
        assert len(chosen) == len(set(chosen))
        assert all(item.arguments[1:] == role for item in rows)
        if not role:
            assert [item.arguments for item in menu.items if item.icon == "check"] == [[small]]
            assert menu.placeholder == f"In use: {title}"


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
