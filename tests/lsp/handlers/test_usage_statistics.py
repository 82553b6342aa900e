"""Statistics of a real server, with the fake engine: shown, accepted, edited away, off."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.engine.start import FakeStart
from herdmate.generation import Priority, Prompt, Request, Usage
from herdmate.lsp import protocol
from herdmate.lsp.handlers import usage_statistics
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.settings import Settings
from herdmate.text import Cursor, Document
from herdmate.usage.statistics import Counts
from herdmate.usage.statistics_file import StatisticsFile
from tests.e2e.editor import EMACS, VSCODE, Editor, editor, inline_params

URI = "file:///project/hushed.py"
BEFORE, GHOST, AFTER = "def total(items):\n    ", "return sum(items)", "\n\n\ntotal([1])\n"
REPLIES = {"fim_middle": GHOST}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StatisticsFile:
    """Where the server keeps what it counts."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    return StatisticsFile()


@pytest.mark.parametrize(
    ("priority", "stats", "counted"),
    [(Priority.TYPING, True, 7), (Priority.TYPING, False, 0), (Priority.ASKED, True, 0)],
)
def test_tokens_count_for_the_language_of_the_request(
    priority: Priority, stats: bool, counted: int
) -> None:
    """Also if the document has been closed meanwhile."""
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.configuration.settings = Settings(stats=stats)
    request = Request(Prompt(()), "type file:///gone.go", 1, priority=priority, language="go")
    usage_statistics.after_generating(session, request, Usage(prompt_tokens=7))
    assert _by_name(session.usage.tally.counted, "go").get("promptTokens", 0) == counted


@pytest.mark.e2e
async def test_shown_accepted_kept_and_edited_away(tmp_path: Path, file: StatisticsFile) -> None:
    async with editor(VSCODE, tmp_path, REPLIES) as client:
        client.open(URI, BEFORE + AFTER)
        number = await _shown(client)
        client.change(URI, BEFORE + GHOST + AFTER)
        await _run(client, protocol.COMMAND_ACCEPTED, number)  # as VS Code does behind the change
        client.change(URI, BEFORE + "return 0" + AFTER)
        client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(URI))
        )
        client.open(URI + "2", BEFORE + AFTER)
        await _shown(client, URI + "2")
        client.change(URI + "2", BEFORE + GHOST + AFTER)  # kept until the end, and no command
    told = _by_name(file.read(), "python")
    assert {name: told[name] for name in ("asked", "shown", "accepted", "kept")} == {
        "asked": 2,
        "shown": 2,
        "accepted": 2,
        "kept": 1,
    }
    assert told["acceptedCharacters"] == 2 * len(GHOST)
    assert told["promptTokens"] > 0
    assert sum(many for name, many in told.items() if name.startswith("new within ")) == 2
    _has_no_text(file)


@pytest.mark.e2e
async def test_what_is_typed_where_the_editor_closes_brackets_is_shown_once(
    tmp_path: Path, file: StatisticsFile
) -> None:
    async with editor(VSCODE, tmp_path, REPLIES) as client:
        client.open(URI, BEFORE + AFTER)
        await _shown(client)
        for typed in range(1, len(GHOST)):
            closed = ")" if "(" in GHOST[:typed] else ""
            client.change(URI, BEFORE + GHOST[:typed] + closed + AFTER)
            answer = await client.text_document_inline_completion_async(
                inline_params(URI, 1, 4 + typed)
            )
            assert isinstance(answer, types.InlineCompletionList)
            assert [item.insert_text for item in answer.items] == [GHOST[typed:]]
    told = _by_name(file.read(), "python")
    assert (told["answered"], told["shown"]) == (len(GHOST), 1)
    assert "accepted" not in told


@pytest.mark.e2e
async def test_the_table_is_answered_to_a_client_that_shows_no_document(
    tmp_path: Path, file: StatisticsFile
) -> None:
    async with editor(EMACS, tmp_path, REPLIES) as client:
        await client.until_ready()
        client.open(URI, BEFORE + AFTER)
        await client.text_document_completion_async(
            types.CompletionParams(types.TextDocumentIdentifier(URI), types.Position(1, 4))
        )
        text = await _run(client, protocol.COMMAND_STATS)
    assert "| Python | 1 | 1 |" in text
    assert "`herdmate stats --erase`" in text
    assert _by_name(file.read(), "python")["shown"] == 1


@pytest.mark.e2e
async def test_nothing_is_counted_where_it_is_off(tmp_path: Path, file: StatisticsFile) -> None:
    async with editor(VSCODE, tmp_path, REPLIES, options={"stats": False}) as client:
        client.open(URI, BEFORE + AFTER)
        answer = await client.text_document_inline_completion_async(inline_params(URI, 1, 4))
        assert isinstance(answer, types.InlineCompletionList)
        assert answer.items[0].command is None
        client.change(URI, BEFORE + GHOST + AFTER)
    assert not file.path.exists()


async def test_it_is_written_now_and_then(
    file: StatisticsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that comes meanwhile is written together, and not before."""
    monkeypatch.setattr(usage_statistics, "_SECONDS", 0.0)
    session = _session()
    written: asyncio.Queue[Counts] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def add(counts: Counts) -> bool:
        loop.call_soon_threadsafe(written.put_nowait, counts)
        return True

    monkeypatch.setattr(session.usage.file, "add", add)
    for _ in range(3):
        usage_statistics.after_asking(session, _place(session))
    assert written.empty()
    assert _by_name(await written.get(), "python") == {"asked": 3}
    assert not session.usage.tally.counted
    assert not file.path.exists()


async def test_what_cannot_be_written_is_not_lost(file: StatisticsFile) -> None:
    file.path.parent.write_text("a file in the place of the folder")
    session = _session()
    usage_statistics.after_asking(session, _place(session))
    await usage_statistics._save(session)
    assert _by_name(session.usage.tally.counted, "python") == {"asked": 1}
    file.path.parent.unlink()
    await usage_statistics.finish(session)
    assert _by_name(file.read(), "python") == {"asked": 1}
    await usage_statistics.finish(session)
    assert _by_name(file.read(), "python") == {"asked": 1}


async def test_what_was_counted_is_dropped_once_it_is_off(file: StatisticsFile) -> None:
    session = _session()
    usage_statistics.after_asking(session, _place(session))
    session.configuration.settings = Settings(stats=False)
    usage_statistics.after_asking(session, _place(session))
    await usage_statistics.finish(session)
    assert not file.path.exists()


def _session() -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.documents.start(Document(URI, "python", BEFORE + AFTER))
    return session


def _place(session: Session) -> Cursor:
    return Cursor(session.documents.get(URI).document, len(BEFORE))


async def _shown(client: Editor, uri: str = URI) -> Any:
    """Ask for ghost text; the number that its command has."""
    answer = await client.text_document_inline_completion_async(inline_params(uri, 1, 4))
    assert isinstance(answer, types.InlineCompletionList)
    (item,) = answer.items
    assert item.insert_text == GHOST
    assert item.command is not None
    assert item.command.command == protocol.COMMAND_ACCEPTED
    assert item.command.arguments
    return item.command.arguments[0]


async def _run(client: Editor, command: str, *arguments: Any) -> Any:
    return await client.workspace_execute_command_async(
        types.ExecuteCommandParams(command, list(arguments))
    )


def _by_name(counts: Counts, language: str) -> dict[str, int]:
    return {key.name: many for key, many in counts.items() if key.language == language}


def _has_no_text(file: StatisticsFile) -> None:
    told = file.path.read_text("utf-8")
    for word in ("total", "items", "return", "sum", "hushed", "project", "def"):
        assert word not in told
