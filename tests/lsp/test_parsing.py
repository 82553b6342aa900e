"""When long documents are parsed again."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types

from herdmate.context import syntax
from herdmate.engine.start import FakeStart
from herdmate.lsp import parsing
from herdmate.lsp.open_document import is_stale
from herdmate.lsp.server import create_server
from herdmate.models.role_choices import EngineChoice

CODE = "def f():\n    return 1\n"
URIS = [f"file:///project/{name}.py" for name in "abc"]


async def test_all_files_of_a_save_all_are_parsed_and_not_only_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parsing, "_PAUSE", 0.0)
    monkeypatch.setattr(syntax, "LONG_TEXT", 10)  # so that no key parses anything
    session = create_server(lambda *_: EngineChoice(FakeStart()))
    for uri in URIS:
        session.documents.open(types.TextDocumentItem(uri, "python", 1, CODE))
    parsing.parse_soon(session)
    await _until_parsed(session.tasks.running)
    for uri in URIS:
        start = types.Position(0, 0)
        part = types.TextDocumentContentChangePartial(types.Range(start, start), "x = 1\n")
        name = types.VersionedTextDocumentIdentifier(2, uri)
        session.documents.change(types.DidChangeTextDocumentParams(name, [part]))
        parsing.refresh_soon(session)
    assert all(is_stale(session.documents.get(uri).document) for uri in URIS)
    await asyncio.sleep(0.01)  # the timer of the pause, which is due at once
    await _until_parsed(session.tasks.running)
    assert not any(is_stale(session.documents.get(uri).document) for uri in URIS)


async def _until_parsed(tasks: set[asyncio.Task[None]]) -> None:
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
