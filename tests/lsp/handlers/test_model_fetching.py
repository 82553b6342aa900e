"""A model is fetched only as the user wants it, and loaded afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.engine.start import FakeStart
from herdmate.errors import FetchError, ModelError, NoModelError
from herdmate.generation import ModelInfo
from herdmate.lsp import progress, protocol
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import configuration, model_fetching, recommendation
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.lsp.status import set_ready, set_status
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.recommend import Machine
from herdmate.models.role_choices import EngineChoice
from herdmate.models.verified_fetch import FetchProgress

_LICENSED = catalogue.find("codellama-7b")
_STARTER = catalogue.starter()
_SMALL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
_MACHINE = Machine(24_000_000_000, 0, 100_000_000_000)
_INFO = ModelInfo("qwen2.5-coder.gguf", "Model", "qwen2", "bpe", 9, 4096, 32768, 1, 1, 1)


class _Fetching:
    """A session for which nothing is fetched or loaded for real."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path, asks: bool = True) -> None:
        self.answer = True
        self.presses = "Fetch the starter"
        self.meanwhile: Callable[[], None] = lambda: None
        self.fails: Exception | None = None
        self.questions: list[str] = []
        self.shown: list[str] = []
        self.fetched: list[str] = []
        self.seen: list[Status] = []
        self.loads: list[Exception | None] = []
        self.no_model: NoModelError | None = None
        self.session = Session(lambda *_: EngineChoice(FakeStart()))
        self.session.capabilities = Capabilities(show_message_request=asks, status=True)
        monkeypatch.setenv("HERDMATE_HOME", str(home))
        monkeypatch.setattr(self.session.protocol, "notify", lambda *_: None)
        monkeypatch.setattr(self.session, "window_show_message", self._show)
        monkeypatch.setattr(model_fetching, "agrees", self._agrees)
        monkeypatch.setattr(model_fetching, "pressed", self._pressed)
        monkeypatch.setattr(recommendation, "this_machine", lambda: _MACHINE)
        monkeypatch.setattr(model_fetching, "fetch", self._fetch)
        monkeypatch.setattr(model_fetching, "in_place", tuple)
        monkeypatch.setattr(model_fetching, "load_model", self._load)

    async def _agrees(self, _session: Session, question: str, *_answers: str) -> bool:
        self.questions.append(question)
        return self.answer

    async def _pressed(self, _session: Session, question: str, labels: Sequence[str]) -> str:
        self.questions.append(question)
        self.labels = list(labels)
        return self.presses

    async def _fetch(
        self, model: CatalogueModel, folder: Path, on_progress: Any, _others: object
    ) -> Path:
        self.fetched.append(model.name)
        self.progress = on_progress
        on_progress(FetchProgress("fetching", 1 << 20, 2 << 20, "Host", "from a host"))
        self.seen.append(self.session.model.answers.status)
        self.meanwhile()
        if self.fails is not None:
            raise self.fails
        return folder / model.file

    async def _load(self, _session: Session, *_: Any, **_more: Any) -> bool:
        error, self.no_model = self.no_model, None
        self.loads.append(error)
        if error is not None:
            raise error
        return True

    def _show(self, params: types.ShowMessageParams) -> None:
        self.shown.append(params.message)


@pytest.fixture
def fetching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Fetching:
    return _Fetching(monkeypatch, tmp_path)


async def test_where_there_is_no_model_the_starter_is_offered_fetched_and_loaded(
    fetching: _Fetching,
) -> None:
    fetching.no_model = NoModelError("There is none.")
    await model_fetching.load_or_offer(fetching.session)
    (question,) = fetching.questions
    assert "Recommended for this machine: CodeLlama 7B Instruct Q4_K_M (4.1 GB" in question
    assert f"SHA-256 {_LICENSED.sha256[:12]}…) and Qwen2.5-Coder 1.5B Instruct" in question
    assert "from Hugging Face (huggingface.co)" in question
    assert fetching.labels == ["Fetch the recommended", "Fetch the starter", "Not now"]
    assert fetching.fetched == [_STARTER.name]
    assert fetching.shown == [
        f"{_STARTER.title} was fetched from a host: 491 MB, Apache-2.0. Its SHA-256 is the known "
        f"one, {_STARTER.sha256}."
    ]
    assert len(fetching.loads) == 2
    assert fetching.session.settings.model == "auto"  # the user has chosen none


async def test_an_offer_that_is_declined_or_cannot_be_made_fetches_nothing(
    fetching: _Fetching, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fetching.presses = "Not now"
    silent = _Fetching(monkeypatch, tmp_path, asks=False)
    for each in (fetching, silent):
        each.no_model = NoModelError("There is none.")
        await model_fetching.load_or_offer(each.session)
        assert each.fetched == []
    assert silent.shown == ["There is none."]


@pytest.mark.parametrize("menu", [False, True])
async def test_without_a_status_item_it_is_told_at_once_that_there_is_no_model(
    fetching: _Fetching, menu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_first: list[str] = []

    def this_machine() -> Machine:
        said_first.extend(fetching.shown)
        return _MACHINE

    monkeypatch.setattr(recommendation, "this_machine", this_machine)
    fetching.presses = "Not now"
    fetching.session.capabilities = Capabilities(show_message_request=True, menu=menu)
    fetching.no_model = NoModelError("There is none.")
    await model_fetching.load_or_offer(fetching.session)
    assert fetching.shown == ["There is none."]
    assert said_first == ([] if menu else fetching.shown)  # a menu has the recommendation
    assert len(fetching.questions) == (0 if menu else 1)


@pytest.mark.parametrize("configures", [False, True])
async def test_the_recommended_models_are_fetched_and_both_used(
    fetching: _Fetching, configures: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[tuple[str, Any]] = []

    async def change(_session: Session, name: str, value: Any) -> None:
        changed.append((name, value))

    monkeypatch.setattr(configuration, "change", change)
    fetching.session.capabilities = Capabilities(
        show_message_request=True, status=True, menu=True, configure=configures
    )
    fetching.no_model, fetching.presses = NoModelError("There is none."), "Fetch Recommended"
    await model_fetching.load_or_offer(fetching.session)
    offer, licence = fetching.questions
    assert fetching.labels == ["Fetch Recommended", "Fetch Starter", "Others…"]
    assert offer.startswith("Herdmate has no model yet.")
    assert _LICENSED.licence in licence
    assert fetching.fetched == [_SMALL, _LICENSED.name]
    settings = fetching.session.settings
    assert (settings.model, settings.completion.model) == (_LICENSED.name, _SMALL)
    told = [("completion.model", _SMALL), ("model", _LICENSED.name)]
    assert changed == (told if configures else [])
    assert len(fetching.loads) == 2


async def test_nothing_is_fetched_of_a_pair_whose_licence_is_not_agreed_to(
    fetching: _Fetching,
) -> None:
    fetching.answer = False
    await model_fetching.use_recommended(fetching.session)
    assert (fetching.fetched, fetching.session.settings.model) == ([], "auto")


async def test_another_is_chosen_in_the_menu(
    fetching: _Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(fetching.session.protocol, "notify", lambda *it: told.append(it))
    fetching.session.capabilities = Capabilities(show_message_request=True, status=True, menu=True)
    fetching.no_model, fetching.presses = NoModelError("There is none."), "Others…"
    await model_fetching.load_or_offer(fetching.session)
    assert told == [(protocol.SHOW_MENU, {"menu": "models"})]


async def test_a_model_that_is_named_is_the_one_in_use_from_then_on(fetching: _Fetching) -> None:
    await model_fetching.fetch_model(fetching.session, _LICENSED)
    (question,) = fetching.questions
    assert _LICENSED.licence in question
    assert (fetching.fetched, len(fetching.loads)) == ([_LICENSED.name], 1)
    assert fetching.session.settings.model == _LICENSED.name


async def test_a_licence_that_is_not_agreed_to_is_the_end_of_it(fetching: _Fetching) -> None:
    fetching.answer = False
    await model_fetching.fetch_model(fetching.session, _LICENSED)
    with pytest.raises(ModelError, match="licence was not accepted"):
        await model_fetching.pull_model(fetching.session, _LICENSED.name)
    assert (fetching.fetched, fetching.loads) == ([], [])
    assert fetching.session.settings.model == "auto"


async def test_a_fetch_that_fails_leaves_the_status_and_the_choice(fetching: _Fetching) -> None:
    before = fetching.session.model.answers.status = Status("ready", "It is ready.")
    for fails in (FetchError("The host is gone."), asyncio.CancelledError()):
        fetching.fails = fails  # type: ignore[assignment]
        with pytest.raises(type(fails)):
            await model_fetching.fetch_model(fetching.session, _STARTER)
    assert fetching.session.model.answers.status == before
    assert fetching.seen == [Status("fetching", "fetching 1 of 2 MB", 0.5)] * 2
    assert fetching.session.settings.model == "auto"
    assert fetching.loads == []


@pytest.mark.parametrize("goes_on", [False, True])
async def test_a_fetch_that_fails_hides_nothing_that_the_engine_said_meanwhile(
    fetching: _Fetching, goes_on: bool
) -> None:
    model = fetching.session.model.answers

    def become_ready() -> None:
        model.info = _INFO
        set_ready(fetching.session, model)
        if goes_on:
            fetching.progress(FetchProgress("fetching", 2 << 20, 2 << 20))

    model.status = Status("loading", "Loading the model.", 0.3)
    fetching.meanwhile, fetching.fails = become_ready, FetchError("The host is gone.")
    with pytest.raises(FetchError):
        await model_fetching.fetch_model(fetching.session, _STARTER)
    assert model.status.state == "ready"


async def test_a_fetch_that_fails_after_the_model_has_answered_says_that_it_is_ready(
    fetching: _Fetching,
) -> None:
    model = fetching.session.model.answers
    model.info, model.status = _INFO, Status("thinking", "Asking the model.")
    fetching.fails = FetchError("The host is gone.")
    with pytest.raises(FetchError):
        await model_fetching.fetch_model(fetching.session, _STARTER)
    assert model.status.state == "ready"


@pytest.mark.parametrize(("state", "loads"), [("noModel", 1), ("ready", 0)])
async def test_a_pulled_model_is_loaded_only_if_there_was_none(
    fetching: _Fetching, state: Any, loads: int
) -> None:
    fetching.session.model.answers.status = Status(state)
    path = await model_fetching.pull_model(fetching.session, "starter")
    assert path.name == _STARTER.file
    await asyncio.gather(*fetching.session.tasks.running)
    assert len(fetching.loads) == loads


@pytest.mark.parametrize(("state", "ends"), [("ready", [0, 50, 100]), ("error", [0, 50])])
async def test_a_load_that_fails_is_never_at_a_hundred_per_cent(
    fetching: _Fetching, state: Any, ends: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, told = fetching.session, list[Any]()
    session.capabilities = Capabilities(progress=True)
    shown = session.work_done_progress
    monkeypatch.setattr(progress, "ask", _accepted)
    for name in ("begin", "report"):
        monkeypatch.setattr(shown, name, lambda _token, value: told.append(value.percentage))
    monkeypatch.setattr(shown, "end", lambda *_: None)
    session.model.answers.status = Status("loading", "Loading the model.", 0.5)
    asyncio.get_running_loop().call_later(
        0.1, set_status, session, session.model.answers, Status(state)
    )
    await model_fetching.load_or_offer(session)
    assert told == ends


async def _accepted(_session: Session, _method: str, params: Any, *_: Any) -> Any:
    return params.token
