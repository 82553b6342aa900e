"""One client's session: what the server keeps for as long as the client is connected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from herdmate.actions.context import ActionContext
from herdmate.completion.state import CompletionState
from herdmate.context import parser_client
from herdmate.context.lexical_definitions import forget_text
from herdmate.context.project import Project
from herdmate.context.withheld import forget_document
from herdmate.engine.host import EngineHost
from herdmate.errors import HerdmateError, RefusedError, SelectionError, UnchangedError
from herdmate.lsp.capabilities import Capabilities, capabilities_from_lsp
from herdmate.lsp.convert import UTF16
from herdmate.lsp.documents import Documents
from herdmate.lsp.failures import INTERNAL, log_failure
from herdmate.lsp.json_rpc import Protocol
from herdmate.lsp.params import strict_converter
from herdmate.lsp.state import (
    Configuration,
    IndexState,
    ModelState,
    RoleModel,
    ShownDocuments,
    UsageState,
)
from herdmate.lsp.tasks import Tasks
from herdmate.lsp.wording import buttons, in_editor, with_key
from herdmate.models.role_choices import ChooseEngine
from herdmate.printable import as_message
from herdmate.prompting.family_from_name import pieces_by_name
from herdmate.settings import Settings
from herdmate.text import Document, path_of
from herdmate.version import VERSION

_log = logging.getLogger(__name__)


def declarations_key(uri: str) -> str:
    """The key of the task that asks where the names that a document imports are defined."""
    return f"declarations {uri}"


_NOTEBOOKS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook("*")])


class Session(LanguageServer):
    """A language server and what it knows about its one client.

    Each attribute has one owner: the feature whose state it is. Others only read it.
    """

    protocol: Protocol

    def __init__(self, choose: ChooseEngine) -> None:
        super().__init__(
            "herdmate", VERSION, protocol_cls=Protocol, notebook_document_sync=_NOTEBOOKS,
            converter_factory=strict_converter,
        )  # fmt: skip
        self.protocol.said = self.said
        self.capabilities = Capabilities()
        self.configuration = Configuration()
        self.documents = Documents(self.forget)
        self.project = Project(find_open=self._open_at)
        answers, apart = (RoleModel(EngineHost(pieces_by_name=pieces_by_name)) for _ in range(2))
        self.model = ModelState(choose, answers, apart)
        self.completion = CompletionState(answers.host, self.project)
        self.index = IndexState()
        self.usage = UsageState()
        self.shown = ShownDocuments()
        self.tasks = Tasks()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.configuration.settings

    @property
    def folders(self) -> tuple[Path, ...]:
        """The workspace's folders."""
        return self.project.folders

    @property
    def action_context(self) -> ActionContext:
        """The context of every action."""
        return ActionContext(self.model.answers.host, self.project)

    def begin(self, params: types.InitializeParams) -> None:
        """Record the client's capabilities and folders; nothing is started yet."""
        self.tasks.loop = asyncio.get_running_loop()
        name = params.client_info.name.lower() if params.client_info else ""
        self.capabilities = replace(capabilities_from_lsp(params.capabilities), client=name)
        self.documents.encoding = self.workspace.position_encoding or UTF16
        self.learn_folders()

    def learn_folders(self) -> None:
        """Update the workspace's folders; older clients send a single root."""
        uris = [folder.uri for folder in self.workspace.folders.values()]
        paths = (path_of(uri) for uri in uris or [self.workspace.root_uri] if uri)
        self.project.folders = tuple(dict.fromkeys(filter(None, paths)))

    def _open_at(self, path: Path) -> Document | None:
        """The document that is open at an absolute path."""
        opened = self.documents.find(self.documents.named(path.as_uri()))
        return opened.document if opened is not None else None

    def show(self, sentence: str, kind: types.MessageType = types.MessageType.Error) -> None:
        """Show the user a sentence, which is sanitized and cut, as it may quote others' text.

        What it asks for is a button where the client has menus.
        """
        offer, offered = self.shown.offer, buttons(sentence)
        sentence = self.said(sentence)
        _log.info("shown: %s", sentence)
        able = self.capabilities
        if offer is not None and offered and able.menu and able.show_message_request:
            self.spawn(offer(sentence, kind, offered))
        else:
            self.window_show_message(types.ShowMessageParams(kind, sentence))

    def said(self, sentence: str) -> str:
        """A sentence as it is shown to the client's user."""
        sentence = with_key(sentence, self.capabilities.suggestion_key)
        return as_message(in_editor(sentence) if self.capabilities.menu else sentence)

    def spawn(self, work: Coroutine[Any, Any, None], quiet: bool = False) -> asyncio.Task[None]:
        """Run work in the background, after a command has been answered.

        Its errors are shown to the user, unless it is ``quiet``: the user did not ask for it.
        """
        return self.tasks.keep(self._reporting(work, quiet))

    def forget(self, uri: str) -> None:
        """Drop everything kept for a document, or a notebook's cell, that is no longer open."""
        self.completion.forget(uri)
        self.tasks.stop(declarations_key(uri))
        self.project.forget(uri)
        forget_document(uri)
        forget_text()
        self.usage.tally.forget_document(uri)

    @contextmanager
    def asking_about(self, uri: str) -> Iterator[None]:
        """While work on a document goes on; what this leaves of one closed meanwhile is dropped."""
        try:
            yield
        finally:
            if self.documents.find(uri) is None:
                self.forget(uri)

    async def end(self) -> None:
        """Stop all tasks, the parser processes and the engines."""
        self.tasks.cancel()
        self.completion.end()
        parser_client.end_all()
        await asyncio.gather(*(model.host.stop() for model in self.model.both))

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log errors that pygls would show to the user."""
        log_failure("pygls", error)

    async def _reporting(self, work: Coroutine[Any, Any, None], quiet: bool) -> None:
        try:
            await work
        except Exception as error:
            log_failure(getattr(work, "__name__", "work"), error)
            if not quiet:
                said = str(error) if isinstance(error, HerdmateError) else INTERNAL
                self.show(said, _kind_of(error))


def _kind_of(error: Exception) -> types.MessageType:
    """How to show an error: that there is nothing to change, or nothing selected, is none."""
    if isinstance(error, UnchangedError | SelectionError):
        return types.MessageType.Info
    is_refusal = isinstance(error, RefusedError)
    return types.MessageType.Warning if is_refusal else types.MessageType.Error
