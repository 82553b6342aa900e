"""A client for tests: a real server process, and the capabilities of a named editor."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

from herdmate.lsp import protocol
from herdmate.lsp.code_action_converter import converter_of_actions

_T = TypeVar("_T")

VSCODE, NEOVIM, EMACS = "visual-studio-code", "neovim", "emacs"


class Editor(LanguageClient):
    """A language client that keeps what the server sent; ``until`` waits for some of it."""

    def __init__(self) -> None:
        super().__init__(converter_factory=converter_of_actions)
        self.edits: list[types.WorkspaceEdit] = []
        self.reviews: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.parts: list[dict[str, Any]] = []
        self.grew: list[dict[str, Any]] = []
        self.shown_documents: list[types.ShowDocumentParams] = []
        self.questions: list[types.ShowMessageRequestParams] = []
        self.configured: list[dict[str, Any]] = []
        self.all_diagnostics: list[types.Diagnostic] = []
        self.applies_edits = True
        self.edits_fail_with = ""  # the JSON-RPC error that answers an edit
        self.chooses = ""  # the button to press where there is one of that name; else the last
        self.texts: dict[str, tuple[int, str]] = {}
        self.initialized_with: types.InitializeResult | None = None
        self._changed = asyncio.Event()
        self._listen()
        mine = self.protocol.fm.features
        others = {name: do for name, do in DEFAULT_CLIENT_FEATURES.items() if name not in mine}
        register_lsp_features(self, others)

    async def until(self, there: Callable[[], Any], seconds: float = 120.0) -> Any:
        """Wait until ``there`` answers something true, looking whenever something came in."""

        async def wait() -> Any:
            while not (found := there()):
                self._changed.clear()
                await self._changed.wait()
            return found

        return await asyncio.wait_for(wait(), seconds)

    def open(self, uri: str, text: str, language: str = "python") -> types.TextDocumentIdentifier:
        """Open a document as version 0, which is a real version."""
        self.texts[uri] = (0, text)
        item = types.TextDocumentItem(uri, language, 0, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return types.TextDocumentIdentifier(uri)

    def change(self, uri: str, text: str) -> None:
        """Replace a document's text."""
        version = self.texts[uri][0] + 1
        self.texts[uri] = (version, text)
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    async def ghost_text(self, uri: str, line: int, character: int) -> list[str]:
        """The inline completions that an explicit request brings."""
        answer = await self.text_document_inline_completion_async(
            inline_params(uri, line, character)
        )
        assert isinstance(answer, types.InlineCompletionList)
        return [str(item.insert_text) for item in answer.items]

    async def typing(
        self, uri: str, line: int, character: int, number: str,
        chosen: types.SelectedCompletionInfo | None = None,
    ) -> list[str]:  # fmt: skip
        """The inline completions that come while typing, asked for by this number.

        ``chosen`` is the entry selected in the menu that is open.
        """
        params = inline_params(uri, line, character)
        params.context.trigger_kind = types.InlineCompletionTriggerKind.Automatic
        params.context.selected_completion_info = chosen
        answer = await self.protocol.send_request_async(  # type: ignore[no-untyped-call]
            types.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=number
        )
        return [item.insert_text for item in answer.items]

    async def why(self) -> str:
        """Why there was nothing, as it is told to the user."""
        return str(
            await self.workspace_execute_command_async(
                types.ExecuteCommandParams(protocol.COMMAND_WHY)
            )
        )

    async def actions(
        self,
        uri: str,
        start: tuple[int, int],
        end: tuple[int, int],
        diagnostics: Sequence[types.Diagnostic] = (),
    ) -> dict[str, types.CodeAction]:
        """The code actions for a range, by the name of their prompt file."""
        found = await self.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(uri),
                types.Range(types.Position(*start), types.Position(*end)),
                types.CodeActionContext(list(diagnostics)),
            )
        )
        actions = [item for item in found or () if isinstance(item, types.CodeAction)]
        return {item.data["action"]: item for item in actions if item.data}

    async def run(self, action: types.CodeAction) -> Any:
        """Run the command of an action."""
        assert action.command is not None
        return await self.workspace_execute_command_async(
            types.ExecuteCommandParams(action.command.command, action.command.arguments)
        )

    async def status(self) -> dict[str, Any]:
        """What ``herdmate.status`` answers."""
        answer = await self.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_STATUS)
        )
        return answer if isinstance(answer, dict) else _plain(answer)

    async def until_status(self, there: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Ask for the status until ``there`` answers something true of it."""
        return await until_answer(self.status, there)

    async def until_ready(self) -> dict[str, Any]:
        """Wait for the model, by asking: not every client is told."""

        def is_ready(status: dict[str, Any]) -> bool:
            assert status["state"] in ("starting", "loading", "thinking", "ready"), status
            return "engineProcess" in status and status["state"] == "ready"

        return await self.until_status(is_ready)

    def all_progress(self) -> list[Any]:
        """All work-done progress that came, in order for each piece of work."""
        return [report for reports in self.progress_reports.values() for report in reports]

    def _listen(self) -> None:
        changed = self._changed

        @self.feature(protocol.STATUS)
        def status(params: Any) -> None:
            self.statuses.append(as_json(params))
            changed.set()

        @self.feature(protocol.EXPLANATION)
        def explanation(params: Any) -> None:
            self.parts.append(_plain(params))
            changed.set()

        @self.feature(protocol.COMPLETION_GREW)
        def completion_grew(params: Any) -> None:
            self.grew.append(_plain(params))
            changed.set()

        @self.feature(types.WORKSPACE_APPLY_EDIT)
        def apply_edit(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.edits.append(params.edit)
            changed.set()
            if self.edits_fail_with:
                raise JsonRpcException(self.edits_fail_with)
            return types.ApplyWorkspaceEditResult(self.applies_edits)

        @self.feature(protocol.REVIEW)
        def review(params: Any) -> types.ApplyWorkspaceEditResult:
            self.reviews.append(as_json(params))
            changed.set()
            return types.ApplyWorkspaceEditResult(self.applies_edits)

        @self.feature(protocol.CONFIGURE)
        def configure(params: Any) -> None:
            self.configured.append(_plain(params))
            changed.set()

        @self.feature(protocol.DIAGNOSTICS)
        def all_diagnostics(params: Any) -> list[types.Diagnostic]:
            return self.all_diagnostics

        @self.feature(types.WINDOW_SHOW_DOCUMENT)
        def show_document(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
            self.shown_documents.append(params)
            changed.set()
            return types.ShowDocumentResult(success=True)

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def show_message(params: types.ShowMessageParams) -> None:
            self.messages.append(params)
            changed.set()

        @self.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def ask(params: types.ShowMessageRequestParams) -> types.MessageActionItem:
            self.questions.append(params)
            changed.set()
            assert params.actions
            wanted = [item for item in params.actions if item.title == self.chooses]
            refusals = [item for item in params.actions if item.title.startswith(("Not", "Do not"))]
            return (wanted or refusals or params.actions)[-1]


@asynccontextmanager
async def editor(
    name: str,
    tmp_path: Path,
    replies: Mapping[str, str] | None = None,
    seconds: float = 0.0,
    options: Mapping[str, Any] | None = None,
    knows: tuple[str, ...] = (),
    context: int = 4096,
    record: str = "",
    ghost: Mapping[str, str] | None = None,
) -> AsyncIterator[Editor]:
    """An editor with a server of its own; with ``replies`` the server's engine is the fake.

    ``knows``: which of Herdmate's own messages the client says that it understands. ``record``: a
    file to which the fake engine writes all text that reaches it. ``ghost``: the replies of a
    second one, for ghost text, where the options name a model for it.
    """
    capabilities = client_capabilities(name)
    assert capabilities.text_document is not None
    if name == VSCODE:
        inline = types.InlineCompletionClientCapabilities(dynamic_registration=True)
        capabilities.text_document.inline_completion = inline
        capabilities.notebook_document = types.NotebookDocumentClientCapabilities(
            types.NotebookDocumentSyncClientCapabilities(dynamic_registration=True)
        )
    capabilities.experimental = {"herdmate": dict.fromkeys(knows, True)}
    async with session(
        capabilities, tmp_path, replies, seconds, options, context, record, ghost
    ) as client:
        yield client


@asynccontextmanager
async def session(
    capabilities: types.ClientCapabilities,
    tmp_path: Path,
    replies: Mapping[str, str] | None = None,
    seconds: float = 0.0,
    options: Mapping[str, Any] | None = None,
    context: int = 4096,
    record: str = "",
    ghost: Mapping[str, str] | None = None,
) -> AsyncIterator[Editor]:
    """A client with just these capabilities; the rest as with ``editor``."""
    client = Editor()
    flags: list[str] = []
    if replies is not None:
        script = tmp_path / "script.json"
        words = {"replies": replies, "seconds": seconds, "context": context, "record": record}
        words |= {"completion": ghost} if ghost is not None else {}
        script.write_text(json.dumps(words))
        flags = ["--fake-engine", str(script)]
    await client.start_io(sys.executable, "-m", "herdmate", "serve", *flags)
    params = types.InitializeParams(
        capabilities, root_uri=tmp_path.as_uri(), initialization_options=options
    )
    client.initialized_with = await client.initialize_session(params)
    try:
        yield client
    finally:
        await client.shutdown_session()
        await client.stop()  # type: ignore[no-untyped-call]


async def until_answer(
    ask: Callable[[], Awaitable[_T]], there: Callable[[_T], Any] = bool, seconds: float = 120.0
) -> _T:
    """Ask again and again until ``there`` answers something true of what is answered."""

    async def asking() -> _T:
        while not there(answer := await ask()):  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.01)
        return answer

    return await asyncio.wait_for(asking(), seconds)


def inline_params(uri: str, line: int, character: int) -> types.InlineCompletionParams:
    """An explicit request for ghost text."""
    return types.InlineCompletionParams(
        types.InlineCompletionContext(types.InlineCompletionTriggerKind.Invoked),
        types.TextDocumentIdentifier(uri),
        types.Position(line, character),
    )


def as_json(value: Any) -> Any:
    """An object of unknown shape as pygls gives it, as JSON has it."""
    if hasattr(value, "_asdict"):
        return {name: as_json(item) for name, item in value._asdict().items()}
    return [as_json(item) for item in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> dict[str, Any]:
    """pygls gives messages that it does not know as named tuples."""
    fields: dict[str, Any] = value._asdict()
    return fields
