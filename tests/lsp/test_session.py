"""What the session tells the user about the engine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from lsprotocol import types

from herdmate.engine.interface import EngineState
from herdmate.engine.start import FakeStart
from herdmate.errors import (
    NoMemoryError,
    RefusedError,
    SelectionError,
    StaleError,
    UnchangedError,
)
from herdmate.generation import ModelInfo
from herdmate.lsp.handlers.model_loading import after_engine_change
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.lsp.state import RoleModel
from herdmate.lsp.status import set_status, thinking
from herdmate.models import catalogue
from herdmate.models.role_choices import EngineChoice
from herdmate.models.start import first_message
from herdmate.prompting.families import QWEN_PIECES
from herdmate.settings import EngineSettings, Settings
from tests.models.gguf_file import gguf, write

GB = 10**9


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was shown to the user, who has nobody to show it to here."""
    sentences: list[str] = []
    monkeypatch.setattr(Session, "show", lambda _self, sentence: sentences.append(sentence))
    return sentences


def _model(folder: Path, name: str, size: int) -> None:
    """A file with holes: as long as a model, and hardly anything on the disk."""
    os.truncate(write(folder / catalogue.find(name).file, gguf()), size)


@pytest.mark.parametrize(
    ("free", "there", "advice"),
    [
        (
            16 * GB,
            True,
            "Set herdmate.model to qwen2.5-coder-0.5b-instruct-q4_k_m.gguf, which fits.",
        ),
        (
            16 * GB,
            False,
            "Qwen2.5-Coder 0.5B Instruct Q4_K_M would fit: `herdmate models pull starter`.",
        ),
        (GB // 10, True, "Close other programs, or reduce herdmate.engine.contextTokens."),
    ],
)
async def test_too_little_memory_is_told_with_what_would_fit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shown: list[str],
    free: int,
    there: bool,
    advice: str,
) -> None:
    """Where the system says that enough is free, the advice is still less than what failed."""
    _model(tmp_path, "codellama-7b", 1_200_000_000)
    if there:
        _model(tmp_path, "starter", 470_000_000)
    monkeypatch.setattr("herdmate.models.start.model_folder", lambda: tmp_path)
    memory = SimpleNamespace(available=free)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    session = Session(lambda *_: EngineChoice(FakeStart()))
    start, _ = first_message(Settings(model="codellama-7b"), ())
    session.model.answers.choice = EngineChoice(start)
    said = "There is not enough memory for codellama.gguf; choose a smaller model."
    after_engine_change(
        session,
        session.model.answers,
        EngineState("failed", message=said, error=NoMemoryError(said)),
    )
    assert session.model.answers.status.state == "error"
    await asyncio.gather(*session.tasks.running)
    assert shown == [session.model.answers.status.message] == [f"{said} {advice}"]


async def test_a_model_that_sleeps_is_told(shown: list[str]) -> None:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    after_engine_change(
        session, session.model.answers, EngineState("sleeping", message="The model sleeps.")
    )
    assert session.model.answers.status == Status("sleeping", "The model sleeps.")
    assert not shown


def _info(context: int) -> ModelInfo:
    return ModelInfo(
        "qwen2.5-coder.gguf", "Model", "qwen2", "bpe", 9, context, 32768, 1, 1, 1, pieces=_PIECES
    )


_PIECES = {piece: at for at, piece in enumerate(QWEN_PIECES)}


async def test_a_model_that_reads_slowly_is_told_where_the_status_shows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once it is known, with a status that is told anyway."""
    session = Session(lambda *_: EngineChoice(FakeStart()))
    told: list[Status] = []
    monkeypatch.setattr("herdmate.lsp.status.set_status", _keeping(told))
    after_engine_change(session, session.model.answers, EngineState("ready", info=_info(4096)))
    session.model.answers.host.latency.note_reading(800, 20.0)
    assert [status.state for status in told] == ["ready"]
    assert "is shown" not in told[-1].message
    async with thinking(session, session.model.answers):
        pass
    assert [status.state for status in told] == ["ready", "thinking", "ready"]
    assert told[-1].message.endswith(
        "The model reads only 40 tokens per second, so the model is shown 256 tokens before the "
        "cursor and 64 after it instead of 512 and 128."
    )


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (512, "herdmate.engine.contextTokens is 512"),
        (4096, "This model's context holds only 512 tokens"),  # it was trained with no more
    ],
)
async def test_a_small_context_is_told_and_not_the_speed(setting: int, reason: str) -> None:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.configuration.settings = Settings(engine=EngineSettings(context_tokens=setting))
    session.model.answers.host.latency.note_reading(
        4800, 100.0
    )  # slow, but not slow enough for that
    after_engine_change(session, session.model.answers, EngineState("ready", info=_info(512)))
    assert session.model.answers.status.message.endswith(
        f"{reason}, so the model is shown 345 tokens before the cursor and 86 after it "
        "instead of 512 and 128."
    )


def _keeping(told: list[Status]) -> Callable[[Session, RoleModel, Status], None]:
    def set_status(_session: Session, model: RoleModel, status: Status) -> None:
        model.status = status
        told.append(status)

    return set_status


@pytest.mark.parametrize(
    "sign", ["\x1b[2J", "\x9b", "\x00", "\u202e", "\u2066", "\ud800", "x" * 10**6]
)
async def test_what_others_put_into_a_message_does_nothing_and_is_not_endless(
    sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(lambda *_: pytest.fail("no engine is started"))
    told: list[types.ShowMessageParams] = []
    monkeypatch.setattr(session, "window_show_message", told.append)
    session.show(f"The model {sign} failed.")
    set_status(
        session, session.model.answers, Status("ready", f"{sign} is ready.", model=f"a\n{sign}")
    )
    assert session.model.answers.status.model is not None
    for text in (
        told[0].message,
        session.model.answers.status.message,
        session.model.answers.status.model,
    ):
        assert text.isprintable()
        assert len(text) <= 2000


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnchangedError("The model would change nothing."), types.MessageType.Info),
        (SelectionError("Select the code first."), types.MessageType.Info),
        (RefusedError("The answer would break the code."), types.MessageType.Warning),
        (StaleError("The file has changed."), types.MessageType.Warning),
        (NoMemoryError("There is no memory."), types.MessageType.Error),
        (KeyError("x"), types.MessageType.Error),
    ],
)
async def test_a_refusal_does_not_look_like_an_error(
    error: Exception, kind: types.MessageType, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[types.MessageType] = []
    monkeypatch.setattr(Session, "show", lambda _self, _sentence, kind: told.append(kind))
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.tasks.loop = asyncio.get_running_loop()

    async def fails() -> None:
        raise error

    await asyncio.wait([session.spawn(fails())])
    assert told == [kind]
    await session.end()
