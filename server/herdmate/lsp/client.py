"""A small client of the server, for the demonstration: what an editor does, without an editor."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from herdmate.errors import HerdmateError
from herdmate.lsp import protocol
from herdmate.lsp.convert import UTF16, Lines, lines_of
from herdmate.text import Document, Edit, Span, apply_edits
from herdmate.version import VERSION


@asynccontextmanager
async def connect(settings: dict[str, Any], *flags: str) -> AsyncIterator[Client]:
    """A client of a server process of its own, which is ended when the block is left.

    ``flags`` stand before ``serve`` on the server's command line. Raises ``HerdmateError``.
    """
    client = Client()
    await client.start(settings, flags)
    try:
        yield client
    finally:
        await client.stop()


class Client:
    """Asks one server as an editor would."""

    def __init__(self) -> None:
        self._client = LanguageClient("herdmate-demo", VERSION)
        self._statuses: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outcomes: asyncio.Queue[types.WorkspaceEdit | str] = asyncio.Queue()
        self._listen()

    async def start(self, settings: dict[str, Any], flags: tuple[str, ...]) -> None:
        """Start the server and shake hands."""
        await self._client.start_io(sys.executable, "-m", "herdmate", *flags, "serve")
        own = {"status": True, "explanation": True}
        edits = types.WorkspaceEditClientCapabilities(document_changes=True)
        await self._client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    workspace=types.WorkspaceClientCapabilities(
                        apply_edit=True, workspace_edit=edits
                    ),
                    text_document=types.TextDocumentClientCapabilities(
                        inline_completion=types.InlineCompletionClientCapabilities()
                    ),
                    experimental={"herdmate": own},
                ),
                initialization_options=settings,
            )
        )
        self._client.initialized(types.InitializedParams())

    async def stop(self) -> None:
        """Say goodbye and wait until the server has ended."""
        await self._client.shutdown_async(None)
        self._client.exit(None)
        await self._client.stop()  # type: ignore[no-untyped-call]

    async def ready(self, on_status: Callable[[str, float | None], None]) -> str:
        """Wait for the model and answer its name; raises ``HerdmateError`` when none comes."""
        while True:
            status = await self._statuses.get()
            on_status(status["message"], status["fraction"])
            if status["state"] == "ready":
                return str(status["model"])
            if status["state"] in ("error", "noModel"):
                raise HerdmateError(status["message"])

    def open(self, document: Document) -> None:
        """Open a document at the server."""
        item = types.TextDocumentItem(document.uri, document.language, 1, document.text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    async def ghost_text(self, document: Document, offset: int) -> str | None:
        """What the server would show at an offset, asked for explicitly."""
        lines = _lines(document)
        answer = await self._client.text_document_inline_completion_async(
            types.InlineCompletionParams(
                types.InlineCompletionContext(types.InlineCompletionTriggerKind.Invoked),
                types.TextDocumentIdentifier(document.uri),
                lines.position(offset),
            )
        )
        items = answer.items if isinstance(answer, types.InlineCompletionList) else answer or []
        return str(items[0].insert_text) if items else None

    async def explain(self, document: Document, span: Span) -> AsyncIterator[str]:
        """The parts of an explanation as they come; raises ``HerdmateError``."""
        await self._execute(protocol.COMMAND_EXPLAIN, document, span, "explain")
        while True:
            part = await self._parts.get()
            if part["error"]:
                raise HerdmateError(part["error"])
            yield part["text"]
            if part["done"]:
                return

    async def rewrite(self, document: Document, span: Span, action: str) -> str:
        """The document's text after a refactoring; raises ``HerdmateError`` with the refusal."""
        await self._execute(protocol.COMMAND_REWRITE, document, span, action)
        outcome = await self._outcomes.get()
        if isinstance(outcome, str):
            raise HerdmateError(outcome)
        return apply_edits(document.text, _edits(outcome, _lines(document)))

    async def _execute(self, command: str, document: Document, span: Span, action: str) -> None:
        range_ = _lines(document).range(span)
        start, end = ({"line": at.line, "character": at.character} for at in (
            range_.start, range_.end
        ))  # fmt: skip
        arguments = protocol.ActionArguments(
            document.uri, {"start": start, "end": end}, action, version=1
        )
        await self._client.workspace_execute_command_async(
            types.ExecuteCommandParams(command, [asdict(arguments)])
        )

    def _listen(self) -> None:
        @self._client.feature(protocol.STATUS)
        def status(params: Any) -> None:
            self._statuses.put_nowait(params._asdict())

        @self._client.feature(protocol.EXPLANATION)
        def explanation(params: Any) -> None:
            self._parts.put_nowait(params._asdict())

        @self._client.feature(types.WINDOW_SHOW_MESSAGE)
        def show_message(params: types.ShowMessageParams) -> None:
            self._outcomes.put_nowait(params.message)

        @self._client.feature(types.WORKSPACE_APPLY_EDIT)
        def apply_edit(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self._outcomes.put_nowait(params.edit)
            return types.ApplyWorkspaceEditResult(applied=True)


def _edits(edit: types.WorkspaceEdit, lines: Lines) -> tuple[Edit, ...]:
    return tuple(
        Edit(lines.span(change.range), change.new_text)
        for document in edit.document_changes or ()
        if isinstance(document, types.TextDocumentEdit)
        for change in document.edits
        if isinstance(change, types.TextEdit | types.AnnotatedTextEdit)
    )


def _lines(document: Document) -> Lines:
    return lines_of(document.text, UTF16)
