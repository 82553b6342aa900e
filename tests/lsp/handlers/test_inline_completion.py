"""What a request for ghost text leaves behind in the session, and who is answered."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types

from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.lsp.documents import Documents
from herdmate.lsp.handlers.inline_completion import completion, inline_completion
from herdmate.lsp.session import Session
from herdmate.prompting.families import QWEN_PIECES
from herdmate.settings import Settings
from tests.e2e.editor import inline_params

URI = "file:///project/shop.py"


@pytest.mark.parametrize("is_closed", [True, False])
async def test_a_document_that_is_closed_meanwhile_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    session = await _session()
    info = await session.model.host.ready()
    reached, closed = asyncio.Event(), asyncio.Event()

    async def model(_self: EngineHost) -> object:
        reached.set()
        await closed.wait()
        return info

    monkeypatch.setattr(EngineHost, "ready", model)
    asked = asyncio.ensure_future(inline_completion(session, inline_params(URI, 0, 4)))
    await reached.wait()
    if is_closed:
        session.documents.close(URI)
    closed.set()
    assert [item.insert_text for item in (await asked).items] == ["value"]
    assert (URI in session.completion.in_flight) is not is_closed
    await session.end()


@pytest.mark.parametrize("in_menu", [True, False])
async def test_an_older_request_that_waits_for_the_parser_does_not_overtake_the_newer(
    monkeypatch: pytest.MonkeyPatch, in_menu: bool
) -> None:
    session = await _session()
    await session.model.host.ready()
    left = iter([0.2])  # the older waits for the parser, and the newer finds its work done
    monkeypatch.setattr(Documents, "parse_on", lambda *_: next(left, None))

    async def texts() -> list[str]:
        params = inline_params(URI, 0, 4)
        if not in_menu:
            return [
                str(item.insert_text) for item in (await inline_completion(session, params)).items
            ]
        place = types.CompletionParams(params.text_document, params.position)
        return [item.label for item in (await completion(session, place)).items]

    older, newer = asyncio.ensure_future(texts()), asyncio.ensure_future(texts())
    assert await older == []
    while not (found := await newer) and in_menu:  # a menu does not wait for a slow model
        newer = asyncio.ensure_future(texts())
    assert found == ["value"]
    await session.end()


async def _session() -> Session:
    """A session with one open document and a model that says ``value``."""
    session = Session(lambda _settings: (FakeStart(), ""))
    session.configuration.settings = Settings(stats=False)
    session.documents.open(types.TextDocumentItem(URI, "python", 0, "x = \n"))
    await session.model.host.start(FakeStart({"": "value"}, QWEN_PIECES))
    return session
