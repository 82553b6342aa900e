"""A small headless client of the server, for the demo and for measuring."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from herdmate.child_process import python_command, surroundings
from herdmate.errors import HerdmateError
from herdmate.lsp import protocol
from herdmate.lsp.code_action_converter import converter_of_actions
from herdmate.lsp.convert import UTF16, Lines, lines_of
from herdmate.lsp.direct_connection import connect_directly
from herdmate.lsp.session import Session
from herdmate.models.choose import all_from_here
from herdmate.models.folder import model_folder
from herdmate.text import Document, Edit, Span, apply_edits
from herdmate.version import VERSION

_GOODBYE_SECONDS = 10.0


@asynccontextmanager
async def connect(
    settings: dict[str, Any], *flags: str, serve: tuple[str, ...] = (), grows: bool = False
) -> AsyncIterator[Client]:
    """A client with its own server process, which ends when the block exits.

    On the server's command line, ``flags`` go before the subcommand ``serve`` and the arguments in
    ``serve`` after it. ``grows``: the server announces ghost text that has grown. Raises
    ``HerdmateError``.
    """
    settings = all_from_here(settings, model_folder())
    client = Client()
    await client.start((*flags, "serve", *serve))
    await client.shake_hands(settings, grows=grows)
    try:
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def connect_within(
    server: Session, settings: dict[str, Any], folder: Path | None = None, grows: bool = False
) -> AsyncIterator[Client]:
    """A client of a server in this process, whose model the caller can then also use directly.

    The two exchange messages as if through pipes. The client has ``folder`` open as its workspace.
    ``grows``: the server announces ghost text that has grown. Raises ``HerdmateError``.
    """
    client = Client()
    client.attend(server)
    await client.shake_hands(settings, folder, grows)
    try:
        yield client
    finally:
        await client.leave()


class Client:
    """Talks to one server as an editor would."""

    def __init__(self) -> None:
        self._client = LanguageClient(
            "herdmate-demo", VERSION, converter_factory=converter_of_actions
        )
        self._statuses: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outcomes: asyncio.Queue[types.WorkspaceEdit | str] = asyncio.Queue()
        self._progress: types.ProgressToken | None = None
        self._is_at_work = False  # on an action, of which there is no outcome yet
        self.grown = ("", 0)  # the document and version whose ghost text has grown
        self._listening: list[asyncio.Task[None]] = []
        self._listen()

    async def start(self, command: tuple[str, ...]) -> None:
        """Start a server process."""
        # In its own session: Ctrl-C reaches only us, and we shut the server down in order.
        server = python_command("herdmate", *command)
        await self._client.start_io(*server, start_new_session=True, **surroundings())

    def attend(self, server: Session) -> None:
        """Connect this client to a server in the same process."""
        self._listening += connect_directly(server, self._client)

    async def shake_hands(
        self, settings: dict[str, Any], folder: Path | None = None, grows: bool = False
    ) -> None:
        """Initialize the session, as an editor with ghost text, these settings and this folder."""
        own = {"status": True, "explanation": True, "grows": grows}
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
                    window=types.WindowClientCapabilities(work_done_progress=True),
                    experimental={"herdmate": own},
                ),
                initialization_options={"stats": False, **settings},  # no real user
                workspace_folders=[types.WorkspaceFolder(folder.absolute().as_uri(), folder.name)]
                if folder is not None
                else None,
            )
        )
        self._client.initialized(types.InitializedParams())

    async def stop(self) -> None:
        """Shut the server down and wait for it to exit; kill it if it does not answer."""
        try:
            await asyncio.wait_for(self._client.shutdown_async(None), _GOODBYE_SECONDS)
            self._client.exit(None)
        except (asyncio.TimeoutError, RuntimeError):  # already gone, or stuck
            server = self._client._server
            with contextlib.suppress(ProcessLookupError):
                if server is not None:
                    server.kill()
        await self._client.stop()  # type: ignore[no-untyped-call]

    async def leave(self) -> None:
        """Shut down a server in this process, which ends its engine."""
        await self._client.shutdown_async(None)
        for task in self._listening:
            task.cancel()
        await asyncio.wait(self._listening)

    async def ready(self, on_status: Callable[[str, float | None], None]) -> str:
        """Wait for the model and return its name; raises ``HerdmateError`` if there is none."""
        while True:
            status = await self._statuses.get()
            on_status(status["message"], status["fraction"])
            if status["state"] == "ready":
                return str(status["model"])
            if status["state"] in ("error", "noModel"):
                raise HerdmateError(status["message"])

    def open(self, document: Document) -> None:
        """Open a document on the server."""
        item = types.TextDocumentItem(document.uri, document.language, 1, document.text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, document: Document, edit: Edit, version: int) -> None:
        """Send one edit of ``document``, given as it was before, and the resulting version."""
        part = types.TextDocumentContentChangePartial(
            _lines(document).range(edit.span), edit.new_text
        )
        name = types.VersionedTextDocumentIdentifier(version, document.uri)
        self._client.text_document_did_change(types.DidChangeTextDocumentParams(name, [part]))

    def close(self, document: Document) -> None:
        """Close a document on the server."""
        name = types.TextDocumentIdentifier(document.uri)
        self._client.text_document_did_close(types.DidCloseTextDocumentParams(name))

    async def ghost_text(self, document: Document, offset: int, invoked: bool = True) -> str | None:
        """The text of the first of ``ghost_edits``, or ``None``."""
        edits = await self.ghost_edits(document, offset, invoked)
        return edits[0].new_text if edits else None

    async def ghost_edits(
        self, document: Document, offset: int, invoked: bool = True
    ) -> tuple[Edit, ...]:
        """The ghost text at an offset; ``invoked``: the user asked for it with a key.

        Cancelling the task cancels the request on the server.
        """
        lines, here = _lines(document), Span(offset, offset)
        kinds = types.InlineCompletionTriggerKind
        answer = await self._ask(
            types.TEXT_DOCUMENT_INLINE_COMPLETION,
            types.InlineCompletionParams(
                types.InlineCompletionContext(kinds.Invoked if invoked else kinds.Automatic),
                types.TextDocumentIdentifier(document.uri),
                lines.position(offset),
            ),
        )
        items = answer.items if isinstance(answer, types.InlineCompletionList) else answer or []
        return tuple(
            Edit(lines.span(item.range) if item.range else here, str(item.insert_text))
            for item in items
        )

    async def explain(self, document: Document, span: Span) -> AsyncIterator[str]:
        """The parts of an explanation as they arrive; raises ``HerdmateError``."""
        await self._execute(protocol.COMMAND_EXPLAIN, document, span, "explain")
        while True:
            part = await self._parts.get()
            if part["error"]:
                raise HerdmateError(part["error"])
            yield part["text"]
            if part["done"]:
                return

    def stop_explaining(self) -> None:
        """Press the cancel button of the latest explanation."""
        assert self._progress is not None
        self._client.window_work_done_progress_cancel(
            types.WorkDoneProgressCancelParams(self._progress)
        )

    async def status(self) -> dict[str, Any]:
        """The answer to ``herdmate.status``: the state, and what the engine has done so far."""
        answer = await self._ask(
            types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(protocol.COMMAND_STATUS)
        )
        plain: dict[str, Any] = _plain(answer)
        return plain

    async def rewrite(self, document: Document, span: Span, action: str) -> str:
        """The document's text after a refactoring; raises ``HerdmateError`` if it is refused."""
        await self._execute(protocol.COMMAND_REWRITE, document, span, action)
        return await self._outcome(document)

    async def fix(self, document: Document, span: Span, message: str) -> str:
        """The document's text after the quick fix for a problem at ``span``.

        Raises ``HerdmateError`` if no fix is offered or it is refused.
        """
        lines = _lines(document)
        about = types.Diagnostic(
            lines.range(span), message, types.DiagnosticSeverity.Error, source="tests"
        )
        context = types.CodeActionContext([about], only=[types.CodeActionKind.QuickFix])
        name = types.TextDocumentIdentifier(document.uri)
        found = await self._ask(
            types.TEXT_DOCUMENT_CODE_ACTION,
            types.CodeActionParams(name, lines.range(span), context),
        )
        fixes = (item for item in found or () if item.data and item.data["action"] == "fix")
        if (action := next(fixes, None)) is None or action.command is None:
            raise HerdmateError("No fix was offered.")
        await self._ask(
            types.WORKSPACE_EXECUTE_COMMAND,
            types.ExecuteCommandParams(action.command.command, action.command.arguments),
        )
        return await self._outcome(document)

    async def _outcome(self, document: Document) -> str:
        outcome = await self._outcomes.get()
        if isinstance(outcome, str):
            raise HerdmateError(outcome)
        return apply_edits(document.text, _edits(outcome, _lines(document)))

    async def _execute(self, command: str, document: Document, span: Span, action: str) -> Any:
        range_ = _lines(document).range(span)
        start, end = ({"line": at.line, "character": at.character} for at in (
            range_.start, range_.end
        ))  # fmt: skip
        arguments = protocol.ActionArguments(
            document.uri, {"start": start, "end": end}, action, version=1
        )
        return await self._ask(
            types.WORKSPACE_EXECUTE_COMMAND,
            types.ExecuteCommandParams(command, [asdict(arguments)]),
        )

    async def _ask(self, method: str, params: Any) -> Any:
        """Send a request and await its answer. Cancelling the task sends ``$/cancelRequest``."""
        number = str(uuid.uuid4())
        answer: asyncio.Future[Any] = self._client.protocol.send_request_async(
            method, params, msg_id=number
        )
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            answer.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._client.cancel_request(types.CancelParams(number))
            raise
        except JsonRpcException as error:
            raise HerdmateError(error.message) from error

    def _listen(self) -> None:
        @self._client.feature(protocol.STATUS)
        def status(params: Any) -> None:
            self._statuses.put_nowait(params._asdict())

        @self._client.feature(protocol.COMPLETION_GREW)
        def grew(params: Any) -> None:
            self.grown = params.uri, params.version

        @self._client.feature(protocol.EXPLANATION)
        def explanation(params: Any) -> None:
            self._parts.put_nowait(params._asdict())

        @self._client.feature(types.WINDOW_SHOW_MESSAGE)
        def show_message(params: types.ShowMessageParams) -> None:
            if self._is_at_work or params.type != types.MessageType.Info:  # else, about an edit
                self._outcomes.put_nowait(params.message)

        @self._client.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def begin_progress(params: types.WorkDoneProgressCreateParams) -> None:
            self._progress, self._is_at_work = params.token, True

        @self._client.feature(types.PROGRESS)
        def progress(_params: types.ProgressParams) -> None:
            """Ignored; without a handler pygls warns about each one."""

        @self._client.feature(types.WORKSPACE_APPLY_EDIT)
        def apply_edit(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self._is_at_work = False
            self._outcomes.put_nowait(params.edit)
            return types.ApplyWorkspaceEditResult(applied=True)


def _edits(edit: types.WorkspaceEdit, lines: Lines) -> tuple[Edit, ...]:
    """The edits of the document; none if they fill a file that is created beside it."""
    changes = edit.document_changes or ()
    if any(isinstance(change, types.CreateFile) for change in changes):
        return ()
    return tuple(
        Edit(lines.span(change.range), change.new_text)
        for document in changes
        if isinstance(document, types.TextDocumentEdit)
        for change in document.edits
        if isinstance(change, types.TextEdit | types.AnnotatedTextEdit)
    )


def _plain(value: Any) -> Any:
    """An object as dicts; pygls turns one of unknown shape into nested named tuples."""
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    return value


def _lines(document: Document) -> Lines:
    return lines_of(document.text, UTF16)
