"""A model is looked up once; what was found is what the user is asked about and what is loaded."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.engine.host import EngineHost
from herdmate.engine.interface import EngineState
from herdmate.engine.start import FakeStart, LlamaStart
from herdmate.errors import HerdmateError, NoMemoryError, NoModelError, UnreachableError
from herdmate.generation import ModelInfo
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import model_fetching, model_loading
from herdmate.lsp.protocol import Status
from herdmate.lsp.server import create_server
from herdmate.lsp.session import Session
from herdmate.models import start
from herdmate.models.role_choices import EngineChoice
from herdmate.roles import Role, for_role
from herdmate.settings import CompletionSettings, RemoteSettings, Settings

_SHORT = EngineChoice(FakeStart(), "It needs 9 GB of memory, and only 1 GB is free; close.", False)
_CHANGED = "herdmate/ghostTextChanged"
_INFO = ModelInfo("qwen2.5-coder.gguf", "Model", "qwen2", "bpe", 9, 4096, 32768, 1, 1, 1)


class _Loading:
    """A session whose engine is not started for real: what was looked up, asked and started."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, found: EngineChoice | HerdmateError
    ) -> None:
        self.found, self.answer = found, True
        self.looked_up: list[Settings] = []
        self.questions: list[str] = []
        self.started: list[Any] = []
        self.refused: list[HerdmateError] = []
        self.shown: list[str] = []
        self.session = Session(self._choose)
        one_for_both = Settings(completion=CompletionSettings(model="same"))
        self.session.configuration.settings = one_for_both
        self.session.capabilities = Capabilities(show_message_request=True, status=True)
        monkeypatch.setattr(model_loading, "agrees", self._agrees)
        monkeypatch.setattr(self.session.model.answers.host, "start", self._start)
        monkeypatch.setattr(self.session.model.answers.host, "refuse", self._refuse)
        monkeypatch.setattr(self.session.protocol, "notify", lambda *_: None)
        monkeypatch.setattr(self.session, "window_show_message", self._show)

    def _choose(self, settings: Settings, *_: object) -> EngineChoice:
        self.looked_up.append(settings)
        if isinstance(self.found, HerdmateError):
            raise self.found
        return self.found

    async def _agrees(self, _session: Session, question: str, *_answers: str) -> bool:
        self.questions.append(question)
        self.found = EngineChoice(FakeStart())  # the disk changes while the user reads
        return self.answer

    async def _start(self, message: Any, _sleep_after: float) -> None:
        self.started.append(message)

    async def _refuse(self, error: HerdmateError) -> None:
        self.refused.append(error)

    def _show(self, params: types.ShowMessageParams) -> None:
        self.shown.append(params.message)


async def test_what_the_user_agreed_to_is_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loading = _Loading(monkeypatch, _SHORT)
    await model_fetching.load_chosen(loading.session)
    assert loading.questions == [f"{_SHORT.note} Load it anyway?"]
    assert len(loading.looked_up) == 1
    (started,) = loading.started
    assert started is _SHORT.start
    assert loading.session.model.answers.note == _SHORT.note


async def test_the_client_is_told_when_ghost_text_has_its_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    session = create_server(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(ghost_text=True)
    monkeypatch.setattr(session.protocol, "notify", told.append)
    for model, expected in ((session.model.apart, []), (session.model.answers, [_CHANGED])):
        model_loading.after_engine_change(session, model, EngineState("loading"))
        assert told == []
        model_loading.after_engine_change(session, model, EngineState("ready", info=_INFO))
        assert told == expected


async def test_a_user_who_declines_keeps_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    loading = _Loading(monkeypatch, _SHORT)
    loading.answer = False
    before = loading.session.model.answers.status = Status("ready")
    monkeypatch.setattr(EngineHost, "is_waiting", False)
    await model_fetching.load_chosen(loading.session)
    assert len(loading.looked_up) == 1
    assert loading.started == loading.refused == []
    assert loading.session.model.answers.status == before


async def test_a_user_who_declines_where_no_engine_is_left_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loading = _Loading(monkeypatch, _SHORT)
    loading.answer = False
    asked = asyncio.Event()

    async def look_up_for_ever(*_: Any) -> EngineChoice:
        asked.set()
        await asyncio.Event().wait()
        return _SHORT

    with monkeypatch.context() as patch:
        patch.setattr(model_loading, "_look_up", look_up_for_ever)
        first = asyncio.ensure_future(model_fetching.load_or_offer(loading.session))
        await asyncio.wait_for(asked.wait(), 30)
    assert loading.session.model.answers.status.state == "starting"
    await model_fetching.load_chosen(loading.session)
    await asyncio.wait_for(first, 30)
    (refused,) = loading.refused
    assert loading.session.model.answers.status == Status("error", str(refused))
    assert "restartEngine" in str(refused)


@pytest.mark.parametrize("asks", [False, True])
async def test_a_client_that_cannot_ask_and_a_restart_load_at_once(
    monkeypatch: pytest.MonkeyPatch, asks: bool
) -> None:
    loading = _Loading(monkeypatch, _SHORT)
    loading.session.capabilities = Capabilities(show_message_request=not asks, status=True)
    load = model_fetching.load_chosen if asks else model_fetching.load_or_offer
    await load(loading.session)
    assert loading.questions == []
    assert len(loading.looked_up) == len(loading.started) == 1


async def test_a_newer_change_takes_the_place_of_a_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loading = _Loading(monkeypatch, _SHORT)
    asked = asyncio.Event()

    async def for_ever(*_: Any) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(model_loading, "agrees", for_ever)
    older = asyncio.ensure_future(model_fetching.load_chosen(loading.session))
    await asyncio.wait_for(asked.wait(), 30)
    loading.found = EngineChoice(FakeStart())
    await model_fetching.load_chosen(loading.session)
    await asyncio.wait_for(older, 30)
    assert loading.started == [loading.found.start]


async def test_a_model_that_stays_the_same_goes_on_where_the_other_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A restart starts both."""
    session = _both(monkeypatch)
    answers, apart = session.model.answers, session.model.apart
    await model_fetching.load_chosen(session)
    assert await _names(session) == ("large", "tiny")
    before = answers.host.process_id
    _configure(session, completion="smallest")
    await model_fetching.load_chosen(session)
    assert await _names(session) == ("large", "smallest")
    assert answers.host.process_id == before
    await model_fetching.load_or_offer(session)
    assert await _names(session) == ("large", "smallest")
    assert answers.host.process_id != before
    _configure(session, completion="")
    waiting = asyncio.ensure_future(session.completion.model())
    await model_fetching.load_chosen(session)
    assert session.completion.host is answers.host
    assert (await session.completion.model())[0] is answers.host
    await waiting
    with pytest.raises(HerdmateError):
        await apart.host.ready()
    await session.end()


async def test_what_waits_for_ghost_texts_model_gets_the_one_that_takes_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = _both(monkeypatch)
    waiting = asyncio.ensure_future(session.completion.model())
    await asyncio.sleep(0)
    await model_fetching.load_chosen(session)
    host, info = await asyncio.wait_for(waiting, 60)
    assert host is session.model.apart.host
    assert info.context == len("tiny") + 4096
    await session.end()


async def test_a_remote_server_of_one_role_that_is_gone_is_replaced_for_that_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The note stays with the model that takes its place until the user wants another."""
    session = _both(monkeypatch)
    own = CompletionSettings(remote_url="http://127.0.0.1:1")
    remote = RemoteSettings(fallback=True)
    session.configuration.settings = Settings(model="large", completion=own, remote=remote)
    await model_fetching.load_chosen(session)
    answers, apart = session.model.answers, session.model.apart
    assert await _names(session) == ("large", "http://127.0.0.1:1")
    before = answers.host.process_id
    gone = EngineState("failed", message="It is gone.", error=UnreachableError("It is gone."))
    model_loading.after_engine_change(session, apart, gone)
    await asyncio.gather(*session.tasks.running)
    assert not session.model.is_apart
    assert answers.host.process_id == before
    assert answers.note.startswith("It is gone. Meanwhile a model on this machine is used")
    await model_fetching.load_chosen(session)
    assert session.model.is_apart
    assert answers.note == ""
    await session.end()


def _both(monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session whose settings name two models, which are fake engines told by their context."""

    def choose(settings: Settings, role: Role, *_: object) -> EngineChoice:
        found = for_role(settings, role)
        context = 4096 + len(found.remote.url or found.model)
        return EngineChoice(FakeStart(context=context, record=""))

    session = create_server(choose)
    session.capabilities = Capabilities(status=True)
    monkeypatch.setattr(session.protocol, "notify", lambda *_: None)
    session.configuration.settings = Settings(model="large")
    _configure(session, completion="tiny")
    return session


def _configure(session: Session, completion: str) -> None:
    own = CompletionSettings(model=completion)
    session.configuration.settings = replace(session.settings, completion=own)


async def _names(session: Session) -> tuple[str, str]:
    """Which of the models in the settings are running."""
    assert session.model.is_apart
    settings = session.settings
    found = []
    for role, model in (("answers", session.model.answers), ("completion", session.model.apart)):
        wanted = for_role(settings, role)  # type: ignore[arg-type]
        name = wanted.remote.url or wanted.model
        assert (await model.host.ready()).context == 4096 + len(name)
        found.append(name)
    return found[0], found[1]


async def test_no_model_is_a_status_and_others_errors_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loading = _Loading(monkeypatch, NoModelError("There is none."))
    with pytest.raises(NoModelError):
        await model_loading.load_model(loading.session)
    assert loading.session.model.answers.status.state == "noModel"
    assert loading.shown == []
    loading.found = HerdmateError("It is broken.")
    await model_loading.load_model(loading.session)
    assert loading.session.model.answers.status == Status("error", "It is broken.")
    assert loading.shown == ["It is broken."]
    assert [str(error) for error in loading.refused] == ["There is none.", "It is broken."]


async def test_what_becomes_of_the_engine_is_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    session = _Loading(monkeypatch, _SHORT).session
    told: list[tuple[str, str]] = []
    for state in (
        EngineState("loading", fraction=0.5),
        EngineState("sleeping", message="It sleeps."),
        EngineState("crashed", message="It crashed."),
        EngineState("ready", info=_INFO),
        EngineState("failed", message="It failed.", error=HerdmateError("It failed.")),
    ):
        model_loading.after_engine_change(session, session.model.answers, state)
        told.append((session.model.answers.status.state, session.model.answers.status.message))
    assert [state for state, _ in told] == ["loading", "sleeping", "starting", "ready", "error"]
    assert [message for _, message in told][:3] == [
        "Loading the model.",
        "It sleeps.",
        "It crashed.",
    ]
    assert session.model.answers.info is _INFO


async def test_advice_after_too_little_memory_is_about_the_file_that_was_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "huge.gguf"
    file.write_bytes(b"GGUF")
    loading = _Loading(monkeypatch, EngineChoice(LlamaStart(str(file), 4096, 0, -1, ())))
    monkeypatch.setattr(start, "choose", lambda *_: pytest.fail("it is looked up again"))
    monkeypatch.setattr(start, "in_place", lambda: ())
    await model_loading.load_model(loading.session)
    error = NoMemoryError("There is not enough memory.")
    model_loading.after_engine_change(
        loading.session,
        loading.session.model.answers,
        EngineState("failed", message=str(error), error=error),
    )
    await asyncio.gather(*loading.session.tasks.running)
    assert loading.shown == [
        "There is not enough memory. Close other programs, or reduce herdmate.engine.contextTokens."
    ]
