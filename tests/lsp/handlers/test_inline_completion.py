"""What a request for ghost text leaves behind in the session, and who is answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
from lsprotocol import types

from herdmate.completion.in_flight import InFlight
from herdmate.completion.postprocess import Shown
from herdmate.completion.shape import Shape
from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.completion.syntax_check import syntax_check_at
from herdmate.completion.trigger import shape_at
from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.documents import Documents
from herdmate.lsp.handlers import inline_completion as handler
from herdmate.lsp.handlers import read_ahead
from herdmate.lsp.handlers.inline_completion import completion, inline_completion
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.prompting.families import QWEN_PIECES
from herdmate.settings import Settings
from herdmate.text import Cursor, Document
from tests.e2e.editor import inline_params
from tests.lsp.parsing import parse_all
from tests.waiting import until

URI = "file:///project/shop.py"


@pytest.mark.parametrize(
    ("client", "kind", "is_patient"),
    [
        ("Eglot", types.CompletionTriggerKind.Invoked, True),
        ("helix", types.CompletionTriggerKind.Invoked, True),
        ("Eglot", types.CompletionTriggerKind.TriggerCharacter, False),
        ("another", types.CompletionTriggerKind.Invoked, False),
        (None, types.CompletionTriggerKind.Invoked, False),
        ("helix", None, False),
    ],
)
def test_an_opened_menu_waits_for_the_model_where_nothing_waits_for_the_menu(
    client: str | None, kind: types.CompletionTriggerKind | None, is_patient: bool
) -> None:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(client=(client or "").lower())
    place = inline_params(URI, 0, 4)
    context = types.CompletionContext(kind) if kind is not None else None
    params = types.CompletionParams(place.text_document, place.position, context)
    assert (handler._seconds_for_menu(session, params) > 1) is is_patient


async def test_what_was_not_waited_for_is_said_to_have_shown_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = await _session()
    asked = asyncio.Event()

    async def never(_self: EngineHost) -> None:
        asked.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(EngineHost, "ready", never)
        request = asyncio.ensure_future(inline_completion(session, inline_params(URI, 0, 4)))
        await asked.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    assert "before the model had answered" in str(session.completion.silence)
    assert not session.completion.has_shown
    assert (await inline_completion(session, inline_params(URI, 0, 4))).items
    assert session.completion.silence is None
    assert session.completion.has_shown
    await session.end()


@pytest.mark.parametrize("is_closed", [True, False])
async def test_a_document_that_is_closed_meanwhile_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    session = await _session()
    info = await session.model.answers.host.ready()
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
    await session.model.answers.host.ready()
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


async def test_an_older_request_does_not_read_ahead_in_place_of_the_newer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It can end after the newer one, which had nothing to wait for."""
    session, read, asked = await _session(), list[int](), asyncio.Event()
    await session.model.answers.host.ready()
    parse_all(session.documents)
    monkeypatch.setattr(read_ahead, "after_silence", lambda _, at: read.append(at.offset))

    async def ask(_session: Session, cursor: Cursor, *_: bool) -> Silence | None:
        if cursor.offset == 3:
            await asked.wait()
            return None
        return Silence(SilenceReason.STATEMENT_COMPLETE)

    monkeypatch.setattr(handler, "_ask", ask)
    older = asyncio.ensure_future(inline_completion(session, inline_params(URI, 0, 3)))
    await asyncio.sleep(0)
    assert not (await inline_completion(session, inline_params(URI, 0, 4))).items
    asked.set()
    assert not (await older).items
    await session.end()
    assert read == [4]


@pytest.mark.parametrize("turns", range(6))
async def test_an_edit_right_behind_a_request_does_not_move_the_places_that_it_looks_at(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """A string in lines that the edit deletes was taken for code, or other code for a string."""
    session, text = await _session(), "a = 1\n" * 20 + 'text = """\n\n"""\n'
    await session.model.answers.host.ready()
    session.documents.open(types.TextDocumentItem(URI, "python", 1, text))
    parse_all(session.documents)
    seen = []

    def noted(
        cursor: Cursor, setting: Literal["auto", "always", "never"], is_asked: bool = False
    ) -> Shape:
        seen.append((shape_at(cursor, setting, is_asked), syntax_check_at(cursor)))
        return seen[-1][0]

    monkeypatch.setattr("herdmate.completion.complete.shape_at", noted)
    asked = asyncio.ensure_future(inline_completion(session, inline_params(URI, 21, 0)))
    for _ in range(turns):
        await asyncio.sleep(0)
    start, end = types.Position(0, 0), types.Position(20, 0)
    part = types.TextDocumentContentChangePartial(types.Range(start, end), "")
    named = types.VersionedTextDocumentIdentifier(2, URI)
    session.documents.change(types.DidChangeTextDocumentParams(named, [part]))
    await asked
    await session.end()
    if turns:  # else the request is only heard after the edit
        document = Document(URI, "python", text)
        cursor = Cursor(document, text.index("\n\n") + 1)
        assert seen == [("line", syntax_check_at(cursor))]


async def test_what_comes_while_the_first_lines_are_checked_is_told_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The model had ended by the time that it was to be watched, and the rest was never shown."""
    session = await _session()
    await session.model.answers.host.start(
        FakeStart({"": "first = 1\n    second = 2"}, QWEN_PIECES)
    )
    session.capabilities = Capabilities(grows=True)
    session.documents.open(types.TextDocumentItem(URI, "python", 0, "def both():\n    \n"))
    told, follow = asyncio.Event(), InFlight.follow
    session.protocol = cast(Any, SimpleNamespace(notify=lambda *_: told.set()))

    async def slow(self: InFlight, *given: Any, **named: Any) -> Shown | None:
        shown = await follow(self, *given, **named)
        await until(lambda: self.is_done)
        return shown and replace(shown, text=shown.text.partition("\n")[0])

    monkeypatch.setattr(InFlight, "follow", slow)
    params = inline_params(URI, 1, 4)
    params.context.trigger_kind = types.InlineCompletionTriggerKind.Automatic
    for text in ("first = 1", "first = 1\n    second = 2"):
        found = await inline_completion(session, params)
        assert [item.insert_text for item in found.items] == [text]
        await asyncio.wait_for(told.wait(), 60)
    await session.end()


@pytest.mark.parametrize("is_known", [False, True])
async def test_an_entry_of_the_menu_settles_which_word_it_is(is_known: bool) -> None:
    session = await _doubting("x = on\n")
    if is_known:
        session.completion.cache.put(
            Cursor(Document(URI, "python", "x = \n"), 4),
            Shown("onz + 1", logprobs=((2, -0.01), (3, -4.0), (7, -0.01))),
        )
    found = await inline_completion(session, _chosen(6, "onz"))
    assert [item.insert_text for item in found.items] == ["onz + 1"]
    await session.model.answers.host.stop()


async def test_what_does_not_fit_the_menu_was_not_seen() -> None:
    session = await _doubting("x = \n", "one + z + 1")
    assert not (await inline_completion(session, _chosen(4, "other"))).items
    _retype(session, "x = one +\n")
    assert not (await inline_completion(session, _while_typing(9))).items
    _retype(session, "x = o\n")
    assert (await inline_completion(session, _while_typing(5))).items
    _retype(session, "x = one +\n")
    assert (await inline_completion(session, _while_typing(9))).items
    await session.model.answers.host.stop()


def _retype(session: Session, text: str) -> None:
    session.documents.open(types.TextDocumentItem(URI, "python", 0, text))


def _while_typing(character: int) -> types.InlineCompletionParams:
    params = inline_params(URI, 0, character)
    params.context.trigger_kind = types.InlineCompletionTriggerKind.Automatic
    return params


def _chosen(character: int, entry: str) -> types.InlineCompletionParams:
    """The cursor with an entry selected in the menu, which replaces what follows ``x = ``."""
    params = _while_typing(character)
    place = types.Range(types.Position(0, 4), types.Position(0, character))
    params.context.selected_completion_info = types.SelectedCompletionInfo(place, entry)
    return params


async def _doubting(text: str, says: str = " + 1") -> Session:
    """A session whose model is sure of lines that have a ``z``, but not of that word."""
    session = Session(lambda *_: EngineChoice(FakeStart()))
    usual = Settings(stats=False)
    completion = replace(usual.completion, confidence=0.01, delay=0, prefill=False)
    session.configuration.settings = replace(usual, completion=completion)
    session.documents.open(types.TextDocumentItem(URI, "python", 0, text))
    await session.model.answers.host.start(FakeStart({"": says}, QWEN_PIECES, doubtful="z"))
    return session


async def _session() -> Session:
    """A session with one open document and a model that says ``value``."""
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.configuration.settings = Settings(stats=False)
    session.documents.open(types.TextDocumentItem(URI, "python", 0, "x = \n"))
    await session.model.answers.host.start(FakeStart({"": "value"}, QWEN_PIECES))
    return session
