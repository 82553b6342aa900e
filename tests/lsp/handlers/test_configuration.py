"""Settings in force: what the user is told of them, and what a choice in this session does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.engine.start import FakeStart
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import configuration, model_choice, workspace_index
from herdmate.lsp.handlers.configuration import Changes
from herdmate.lsp.handlers.model_choice import Wanted
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.prompting.library import load_library
from tests.lsp.in_process import peer


class _Client:
    """A session whose client answers with ``settings``, and what the user was shown."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown: list[str] = []
        self.settings: Any = {}
        self.session = Session(lambda *_: EngineChoice(FakeStart()))
        self.session.capabilities = Capabilities(configuration=True)

        async def ask(
            _session: Session,
            _method: str,
            _params: object,
            read: Callable[[Any], Any],
            _other: Any,
        ) -> Any:
            return read([self.settings])

        def show(_session: Session, sentence: str, _kind: types.MessageType) -> None:
            self.shown.append(sentence)

        monkeypatch.setattr(configuration, "ask", ask)
        monkeypatch.setattr(Session, "show", show)

    async def tell(self, settings: Any) -> configuration.Changes:
        self.settings = settings
        return await configuration.pull(self.session)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> _Client:
    return _Client(monkeypatch)


async def test_a_wrong_setting_is_told_once_and_again_when_it_is_made_again(
    client: _Client,
) -> None:
    wrong = {"modle": "x"}
    await client.tell(wrong)
    await client.tell(wrong)
    await client.tell(wrong | {"completion": {"delay": 9}})
    assert client.shown == ["There is no setting herdmate.modle; did you mean herdmate.model?"]
    await client.tell({})
    await client.tell(wrong)
    assert len(client.shown) == 2


async def test_several_wrong_settings_are_one_message(client: _Client) -> None:
    await client.tell({f"wrong{at}": at for at in range(50)} | {"engine": {"threads": -7}})
    (message,) = client.shown
    assert "herdmate.engine.threads must be a whole number from 0 to 512 or -1, not -7" in message
    assert message.endswith("Other Herdmate settings are invalid too.")
    assert message.isprintable()


async def test_a_setting_that_was_removed_is_at_its_default_again(client: _Client) -> None:
    await client.tell({"completion": {"enabled": False, "delay": 9}})
    assert not client.session.settings.completion.enabled
    await client.tell({"completion": {"delay": 9}})
    assert client.session.settings.completion.enabled
    assert client.session.settings.completion.delay == 9


async def test_the_chosen_model_is_not_forgotten_when_another_setting_changes(
    client: _Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(model_choice, "fetch_named", nothing)
    monkeypatch.setattr(model_choice, "load_chosen", nothing)
    await client.tell({"model": "a"})
    await model_choice.choose_model(client.session, Wanted("codellama-7b", is_here=False))
    assert client.session.settings.model == "codellama-7b"
    assert not (await client.tell({"model": "a", "completion": {"delay": 9}})).engine
    assert client.session.settings.model == "codellama-7b"
    assert (await client.tell({"model": "b"})).engine
    assert client.session.settings.model == "b"


@pytest.mark.parametrize(
    ("settings", "engine", "index"),
    [
        ({}, False, False),
        ({"completion": {"related": True}}, False, True),
        ({"engine": {"threads": 3}}, True, False),
        ({"remote": {"url": "http://localhost:1"}, "completion": {"related": True}}, True, True),
        ({"completion": {"related": False, "delay": 9}}, False, False),
    ],
)
async def test_what_has_to_follow_a_change_is_told_once(
    client: _Client, settings: Any, engine: bool, index: bool
) -> None:
    await client.tell({"completion": {"related": False}})
    changes = await client.tell({"completion": {"related": False}} | settings)
    assert changes == Changes(engine, index)
    assert await client.tell(client.settings) == Changes(engine=False, index=False)


@pytest.mark.parametrize("answer", [None, [], "x", 3, [[]], {"model": "x"}])
async def test_an_odd_answer_leaves_the_defaults(client: _Client, answer: Any) -> None:
    await client.tell(answer)
    assert client.session.settings.completion.enabled
    assert client.shown == []


async def test_a_client_that_is_silent_has_not_removed_its_settings(
    client: _Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.tell({"completion": {"enabled": False}})
    assert not client.session.settings.completion.enabled

    async def ask(
        _session: Session, _method: str, _params: object, _read: object, otherwise: object
    ) -> object:
        return otherwise

    monkeypatch.setattr(configuration, "ask", ask)
    assert await configuration.pull(client.session) == Changes(engine=False, index=False)
    assert not client.session.settings.completion.enabled


async def test_no_disk_is_waited_for_when_settings_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    begun, read = threading.Event(), threading.Event()

    def noted(*given: Any) -> Any:
        threads.append(threading.current_thread())
        begun.set()
        read.wait(30)  # as a disk that does not answer
        return load_library(*given)

    async with peer(tmp_path) as client:
        monkeypatch.setattr(configuration, "load_library", noted)
        client.notify("workspace/didChangeConfiguration", {"settings": {"herdmate": {}}})
        assert await asyncio.to_thread(begun.wait, 30)
        await client.until_heard()  # meanwhile
        read.set()
    assert threading.current_thread() not in threads


_SHOUT = """title = "Shout"
kind = "explain"
lsp_kind = "refactor.herdmate.shout"
user = "Shout $code"
"""


def _prompts(folder: Path, *names: str) -> None:
    place = folder / ".herdmate" / "prompts"
    place.mkdir(parents=True)
    for name in names:
        (place / f"{name}.toml").write_text(_SHOUT, "utf-8")


def _close_folders(session: Session) -> None:
    session.project.folders = ()


def _titles(session: Session) -> dict[str, str]:
    return {action.name: action.title for action in session.configuration.library.actions}


class _SlowDisk:
    """Reads of prompts that do not return before they are let go, one by one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[threading.Event] = []
        self._begins = threading.Semaphore(0)
        monkeypatch.setattr(configuration, "load_library", self._load)

    def _load(self, *given: Any) -> Any:
        found, gate = load_library(*given), threading.Event()
        self.begun.append(gate)
        self._begins.release()
        gate.wait(60)
        return found

    async def until_begun(self) -> None:
        assert await asyncio.to_thread(self._begins.acquire, timeout=60)


@pytest.mark.parametrize("how", ["distrusted", "closed"])
async def test_prompts_of_a_workspace_go_with_the_trust_in_it_though_the_disk_hangs(
    client: _Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    session = client.session
    _prompts(tmp_path, "shout", "explain")
    session.project.folders = (tmp_path,)
    await configuration.load_prompts(session)
    built_in = _titles(session)
    assert "shout" not in built_in
    await client.tell({"trustWorkspace": True})
    await configuration.load_prompts(session)
    assert {_titles(session)[name] for name in ("shout", "explain")} == {"Shout"}
    disk = _SlowDisk(monkeypatch)
    if how == "distrusted":
        await client.tell({"trustWorkspace": False})
    else:
        monkeypatch.setattr(workspace_index, "_look_at_all", lambda _session: None)
        monkeypatch.setattr(Session, "learn_folders", _close_folders)
        workspace_index.after_changing_folders(session)
    try:
        assert _titles(session) == built_in
    finally:
        if how == "closed":
            await disk.until_begun()
            disk.begun[0].set()
        await asyncio.gather(*session.tasks.running)
    assert _titles(session) == built_in


async def test_prompts_read_late_do_not_come_back_after_newer_ones(
    client: _Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = client.session
    _prompts(tmp_path, "shout")
    session.project.folders = (tmp_path,)
    await client.tell({"trustWorkspace": True})
    disk = _SlowDisk(monkeypatch)
    older = asyncio.ensure_future(configuration.load_prompts(session))
    await disk.until_begun()
    (tmp_path / ".herdmate" / "prompts" / "shout.toml").unlink()
    newer = asyncio.ensure_future(configuration.load_prompts(session))
    await disk.until_begun()
    disk.begun[1].set()
    await asyncio.wait_for(newer, 60)
    disk.begun[0].set()
    await asyncio.wait_for(older, 60)
    await asyncio.to_thread(lambda: None)
    assert "shout" not in _titles(session)
