"""Of a document that was closed nothing is kept, however it came to be closed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types

from herdmate.completion.complete import Completion
from herdmate.completion.postprocess import Shown
from herdmate.context import lexical_definitions, withheld
from herdmate.context.withheld import without_secrets
from herdmate.engine.start import FakeStart
from herdmate.lsp.server import create_server
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.text import Cursor, Span
from herdmate.usage.shown_suggestion import ShownSuggestion

URI, BOOK = "file:///project/a.py", "file:///project/b.ipynb"
_SAID = Completion("2", Span(4, 4))
CELL = f"{BOOK}#one"


def _close(session: Session) -> None:
    session.documents.close(URI)


def _fail_to_change(session: Session) -> None:
    message = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": 7}
    session.documents.drop_after(types.TEXT_DOCUMENT_DID_CHANGE, message)


def _close_notebook(session: Session) -> None:
    session.documents.close_notebook(BOOK)


def _remove_cell(session: Session) -> None:
    drop = types.NotebookCellArrayChange(0, 1)
    cells = types.NotebookDocumentCellChanges(types.NotebookDocumentCellChangeStructure(drop))
    name = types.VersionedNotebookDocumentIdentifier(2, BOOK)
    change = types.NotebookDocumentChangeEvent(cells=cells)
    session.documents.change_notebook(types.DidChangeNotebookDocumentParams(name, change))


@pytest.mark.parametrize(
    ("uri", "close"),
    [(URI, _close), (URI, _fail_to_change), (CELL, _close_notebook), (CELL, _remove_cell)],
)
async def test_nothing_is_kept_of_a_closed_document(uri: str, close: Any) -> None:
    session = create_server(lambda *_: EngineChoice(FakeStart()))
    item = types.TextDocumentItem(URI, "python", 1, "x = 1\n")
    session.documents.open(item)
    cells = [types.NotebookCell(types.NotebookCellKind.Code, CELL)]
    book = types.NotebookDocument(BOOK, "jupyter", 1, cells)
    texts = [types.TextDocumentItem(CELL, "python", 1, "x = 1\n")]
    session.documents.open_notebook(types.DidOpenNotebookDocumentParams(book, texts))
    opened = session.documents.get(uri)
    state, project, tally = session.completion, session.project, session.usage.tally
    state.cache.put(Cursor(opened.document, 4), Shown("2"))
    state.reading_ahead[uri] = reading = asyncio.ensure_future(asyncio.sleep(3600))
    state.overviews._made[uri] = "", ()
    project.withheld[uri] = None  # type: ignore[assignment]
    project._chosen[uri] = None  # type: ignore[assignment]
    tally.offer(Cursor(opened.document, 4), [_SAID])
    without_secrets(opened.document)
    lexical_definitions.lexical_definition_at(opened.document.text, "yaml", Span(0, 0))
    close(session)
    assert uri not in session.documents
    assert uri not in withheld._documents._known
    assert not state.reading_ahead
    assert not state.overviews._made
    assert not project.withheld
    assert not project._chosen
    assert not state.cache._given
    assert not lexical_definitions._all.cache_info().currsize
    assert not tally._shown
    assert not tally._offers
    await asyncio.wait({reading})
    assert reading.cancelled()


async def test_what_is_kept_of_other_documents_stays() -> None:
    session = create_server(lambda *_: EngineChoice(FakeStart()))
    for uri in (URI, "file:///project/c.py"):
        opened = session.documents.open(types.TextDocumentItem(uri, "python", 1, "x = 1\n"))
        cursor = Cursor(opened.document, 4)
        session.completion.cache.put(cursor, Shown("2"))
        session.usage.tally.offer(cursor, [_SAID])
    session.documents.close(URI)
    assert session.completion.cache.get(cursor) == Shown("2")
    assert [item.uri for item in session.usage.tally._offers] == ["file:///project/c.py"]
    assert isinstance(session.usage.tally._shown[0], ShownSuggestion)


async def test_nothing_is_kept_of_a_document_closed_while_it_is_asked_about() -> None:
    session = create_server(lambda *_: EngineChoice(FakeStart()))
    session.documents.open(types.TextDocumentItem(URI, "python", 1, "x = 1\n"))
    document = session.documents.get(URI).document
    with session.asking_about(URI):
        _close(session)
        without_secrets(document)
    assert URI not in withheld._documents._known
    await session.model.answers.host.stop()
