"""When the model is set reading, and what stops it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types

from herdmate.actions.action_input import ActionInput
from herdmate.actions.offers import ActionOffer
from herdmate.engine.start import FakeStart
from herdmate.lsp.handlers import read_ahead
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.prompting.library import load_library
from herdmate.text import Selection, Span

ONE, TWO = "file:///one.py", "file:///two.py"
HINT = {"uri": ONE, "position": {"line": 0, "character": 4}}


def _session(state: Any = "ready") -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.configuration.library = load_library()[0]
    session.model.answers.status = Status(state)
    for uri in (ONE, TWO):
        session.documents.open(types.TextDocumentItem(uri, "python", 0, "x = \ny = \n"))
    return session


@pytest.mark.parametrize(
    ("state", "reads"),
    [("ready", True), ("thinking", True), ("loading", True), ("sleeping", False),
     ("error", False), ("noModel", False)],
)  # fmt: skip
async def test_a_model_that_sleeps_is_not_woken(state: str, reads: bool) -> None:
    session = _session(state)
    read_ahead.after_hint(session, HINT)
    assert (ONE in session.completion.reading_ahead) == reads
    await session.end()


async def test_only_the_newest_place_is_read() -> None:
    session = _session()
    read_ahead.after_opening(session, ONE)
    first = session.completion.reading_ahead[ONE]
    read_ahead.after_opening(session, TWO)
    assert list(session.completion.reading_ahead) == [TWO]
    await asyncio.wait([first], timeout=60)
    assert first.cancelled()
    await session.end()


@pytest.mark.parametrize(
    "hint",
    [None, [], 3, "x", {}, {"uri": ONE}, HINT | {"position": None}, HINT | {"uri": 5},
     HINT | {"uri": "file:///never/opened.py"}, HINT | {"position": {"line": "0"}}],
)  # fmt: skip
async def test_a_hint_that_is_none_is_ignored(hint: Any) -> None:
    session = _session()
    read_ahead.after_hint(session, hint)
    assert not session.completion.reading_ahead
    await session.end()


@pytest.mark.parametrize(
    ("code", "reads"),
    [("a = 1\nb = 2\n", True), ("a = 1", False), ("a = 1\n", False), ("a = 1\n" * 2000, False)],
)
async def test_a_selection_is_read_where_it_may_be_explained_next(code: str, reads: bool) -> None:
    session = _session()
    session.documents.open(types.TextDocumentItem("file:///a.py", "python", 0, code))
    document = session.documents.get("file:///a.py").document
    explain = session.configuration.library.get("explain")
    selection = Selection(document, Span(0, len(code)))
    offer = ActionOffer(explain, explain.title, selection, ActionInput())
    read_ahead.after_selecting(session, selection, offer)
    assert bool(session.completion.reading_ahead) == reads
    await session.end()
