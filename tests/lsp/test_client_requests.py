"""Asking a client that answers what it likes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from lsprotocol import types

from herdmate.engine.start import FakeStart
from herdmate.lsp.apply_edit import apply
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.client_requests import ask
from herdmate.lsp.handlers import configuration, shown_documents
from herdmate.lsp.json_rpc_parsing import message_from_json
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice

_ODD: tuple[Any, ...] = (None, True, 0, 1.5, "text", [], [None], [[]], [5], {}, {"a": 1})

ANSWERS: list[Any] = [
    {"error": {"code": 1, "message": "no"}}, {"error": 5}, {"error": []},
    {"error": {"message": {}}},
    *({"result": odd} for odd in _ODD),
    {"result": {"title": None}}, {"result": {"applied": None}}, {"result": [{"completion": 5}]},
    {"result": None, "error": None},
]  # fmt: skip


class Client:
    """What is written to it is answered at once."""

    def __init__(self, session: Session, answer: Callable[[], Any]) -> None:
        self.session, self.answer, self.asked = session, answer, 0
        session.protocol.set_writer(self)

    def write(self, data: bytes) -> None:
        message = json.loads(data.split(b"\r\n\r\n", 1)[1])
        if "id" in message and "method" in message:
            self.asked += 1
            answer = {"jsonrpc": "2.0", "id": message["id"], **self.answer()}
            for _ in range(2):
                self.session.protocol.handle(message_from_json(answer))

    def close(self) -> None: ...


def _session(answer: Any) -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(configuration=True, show_message_request=True)
    Client(session, lambda: answer)
    return session


@pytest.mark.parametrize("answer", ANSWERS)
async def test_odd_answers_are_as_none(answer: Any) -> None:
    session = _session(answer)
    assert await ask(session, "any/thing", {}, lambda value: value["wanted"], 7) == 7
    before = session.settings
    await configuration.pull(session)
    assert session.settings == before
    await configuration.watch(session)
    await configuration.change(session, "model", None)
    assert not await shown_documents.agrees(session, "Well?", "Yes")
    await shown_documents.show_document(session, "file:///a.md")
    if "result" in answer and answer.get("error") is None:
        assert await apply(session, types.WorkspaceEdit(), "Edit") is None
    assert session.protocol._request_futures == {}
    assert session.protocol._result_types == {}


async def test_an_answer_is_read() -> None:
    session = _session({"result": {"title": "Yes"}})
    assert await shown_documents.agrees(session, "Well?", "Yes")
    assert await ask(session, "any/thing", {}, lambda value: str(value["title"]), "") == "Yes"


async def test_a_client_that_never_answers_is_not_waited_for() -> None:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    assert await ask(session, "any/thing", {}, lambda _: 1, 2, seconds=0.01) == 2
    assert session.protocol._request_futures == {}


async def test_a_question_to_the_user_ends_with_the_session() -> None:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    task = session.tasks.keep(shown_documents.agrees(session, "Well?", "Yes"))
    await asyncio.sleep(0)
    assert len(session.protocol._request_futures) == 1
    await session.end()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert session.protocol._request_futures == {}


@pytest.mark.parametrize(("reason", "told"), [("locked", "locked"), (None, ""), (5, "5"), ({}, "")])
async def test_why_an_edit_was_not_applied(reason: Any, told: str) -> None:
    session = _session({"result": {"applied": False, "failureReason": reason}})
    assert await apply(session, types.WorkspaceEdit(), "Edit") == told
