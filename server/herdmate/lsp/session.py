"""One client's session: its capabilities, settings and documents, and the model's state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from herdmate.assist.companion import Companion, memory_advice
from herdmate.assist.complete import why_smaller
from herdmate.assist.statistics_file import StatisticsFile
from herdmate.assist.tally import Tally
from herdmate.engine.client import EngineState
from herdmate.engine.remote.engine import RemoteStart
from herdmate.errors import HerdmateError, NoMemoryError, NoModelError, UnreachableError
from herdmate.generation import ModelInfo, Request, Usage
from herdmate.lsp import protocol
from herdmate.lsp.capabilities import Capabilities, capabilities_from_lsp
from herdmate.lsp.convert import UTF16
from herdmate.lsp.documents import Documents
from herdmate.lsp.opened import OpenDocument, has_tree, without_tree
from herdmate.lsp.sync import Protocol
from herdmate.prompting.families import described, family_of, limits
from herdmate.prompting.library import Library, load_library
from herdmate.settings import RemoteSettings, Settings, settings_from_json
from herdmate.text import path_of
from herdmate.version import VERSION

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_INSTEAD = (
    "Until then this machine's own model is used; herdmate.restartEngine asks the server again."
)

_PAUSE = 0.3
"""Seconds without a key."""

_NOTEBOOKS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook("*")])

FirstMessage = Callable[[Settings], tuple[Mapping[str, Any] | RemoteStart, str]]
"""From settings to what starts the engine, and a note for the user about the model."""


class Session(LanguageServer):
    """A language server and what it knows of its one client."""

    def __init__(self, first_message: FirstMessage) -> None:
        super().__init__(
            "herdmate", VERSION, protocol_cls=Protocol, notebook_document_sync=_NOTEBOOKS
        )
        self.first_message = first_message
        self.capabilities = Capabilities()
        self.settings = Settings()
        self.documents = Documents()
        self.library = Library(())
        self.status = protocol.Status("starting")
        self.wishes: dict[str, Any] = {}  # settings as the client last gave them
        self.reading_ahead: dict[str, asyncio.Task[None]] = {}  # by document
        self.typed_at = 0.0  # by the event loop's clock
        self.edited: list[str] = []  # documents, the one edited last first
        self.changed_files: set[Path] = set()  # that the index has not looked at again
        self.looking: asyncio.Task[None] | None = None  # at these
        self.rules: dict[Path, object] = {}  # of ignoring, by folder, when last looked at
        self.shown: dict[str, str] = {}  # documents that only the server has, by URI
        self.paused_until = 0.0  # by the event loop's clock
        self.silence = ""  # why nothing was shown when something was asked last
        self.tally = Tally()
        self.statistics_file = StatisticsFile()
        self.saving: asyncio.TimerHandle | None = None  # what was counted
        self.on_usage: Callable[[Request, Usage], None] = lambda _request, _usage: None
        self._refreshing: asyncio.TimerHandle | None = None
        self._parsing: asyncio.Task[None] | None = None
        self._note = ""
        self._info: ModelInfo | None = None
        self._thinking = 0
        self._status_changed = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._latest: dict[str, asyncio.Task[Any]] = {}

    @cached_property
    def companion(self) -> Companion:
        """The model; first asked for when the event loop runs."""
        return Companion(self._engine_changed, self.on_usage)

    def begin(self, params: types.InitializeParams) -> None:
        """Learn what the client can do and wants; nothing is started yet."""
        self.capabilities = capabilities_from_lsp(params.capabilities)
        self.documents.encoding = self.workspace.position_encoding or UTF16
        self.learn_folders()
        if isinstance(params.initialization_options, Mapping):
            self.wishes = dict(params.initialization_options)
        # What is wrong with them is shown once the client is initialized and all is read again.
        self.settings, _ = settings_from_json(self.wishes)
        self.library, _ = load_library(self._prompt_folders())

    @property
    def folders(self) -> tuple[Path, ...]:
        """The workspace's."""
        return self.companion.neighbours.folders

    def learn_folders(self) -> None:
        """Which folders the workspace has; older clients tell one root."""
        told = [folder.uri for folder in self.workspace.folders.values()]
        paths = (path_of(uri) for uri in told or [self.workspace.root_uri] if uri)
        self.companion.neighbours.folders = tuple(dict.fromkeys(filter(None, paths)))

    @property
    def model_path(self) -> str:
        """The file that runs, or ran last; empty where none did."""
        return self._info.path if self._info else ""

    async def load_model(self, instead_of: str = "") -> None:
        """Start the engine with the model that the settings ask for.

        ``instead_of``: a sentence on why the server is not used that they name.
        """
        await self.companion.stop()  # its memory counts as free when one is chosen
        settings = replace(self.settings, remote=RemoteSettings()) if instead_of else self.settings
        try:
            message, note = self.first_message(settings)
            self._note = " ".join(filter(None, (instead_of, note)))
        except NoModelError as error:
            await self.companion.refuse(error)
            self.set_status(protocol.Status("noModel", str(error)))
            raise
        except HerdmateError as error:
            await self.companion.refuse(error)
            self.fail(error)
            return
        await self.companion.start(message, self.settings.engine.unload_after * 60)

    def load_prompts(self) -> None:
        """Read the prompt files; a wrong one is reported and the others are used."""
        self.library, errors = load_library(self._prompt_folders())
        for error in errors:
            self.show(str(error), types.MessageType.Warning)

    def set_status(self, status: protocol.Status) -> None:
        """Remember what is going on, and tell a client that wants to know."""
        self.status = status
        self._status_changed.set()
        if self.capabilities.status:
            self.protocol.notify(protocol.STATUS, asdict(status))

    async def next_status(self) -> protocol.Status:
        """Wait until something else is going on."""
        self._status_changed.clear()
        await self._status_changed.wait()
        return self.status

    def show(self, message: str, kind: types.MessageType = types.MessageType.Error) -> None:
        """Show the user a sentence."""
        _log.info("shown: %s", message)
        self.window_show_message(types.ShowMessageParams(kind, message))

    def fail(self, error: HerdmateError) -> None:
        """Nothing works until the user does what the sentence says."""
        self.set_status(protocol.Status("error", str(error)))
        self.show(str(error))

    @asynccontextmanager
    async def thinking(self) -> AsyncIterator[None]:
        """The status says so while the model is asked."""
        self._thinking += 1
        if self.status.state == "ready":
            self.set_status(replace(self.status, state="thinking", message="Asking the model."))
        try:
            yield
        finally:
            self._thinking -= 1
            if self.status.state == "thinking" and not self._thinking:
                self.set_status(replace(self.status, state="ready", message=self._ready_message()))

    async def supersede(self, key: str, work: Coroutine[Any, Any, _T]) -> _T | None:
        """Do the newest piece of work of one key; an older one ends with ``None``."""
        if (older := self._latest.get(key)) is not None:
            older.cancel()
        task = self._latest[key] = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() and self._latest.get(key) is not task:
                return None
            task.cancel()
            raise
        finally:
            if self._latest.get(key) is task:
                del self._latest[key]

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Go on with work after a command was answered; its errors are shown to the user."""
        return self.keep(self._reporting(work))

    def refresh_soon(self, uri: str) -> None:
        """Parse what was typed in a long file once typing pauses."""
        if self._refreshing is not None:
            self._refreshing.cancel()
        loop = asyncio.get_running_loop()
        self._refreshing = loop.call_later(_PAUSE, self._refresh, uri)

    def parse_soon(self) -> None:
        """Go on with what takes long to parse, a slice at a time."""
        if self._parsing is None or self._parsing.done():
            self._parsing = self.keep(self._parse())

    async def parsed(self, opened: OpenDocument, with_edits: bool = False) -> OpenDocument:
        """A document that a request is about, with its tree once that is there.

        With the last edits of a long file in it only where they are wanted. Where the document was
        edited meanwhile it is as the request knows it, without a tree.
        """
        if has_tree(opened.document) and not with_edits:
            return opened
        while self.documents.parse_on(opened.document.uri):  # noqa: ASYNC110 - others' turn
            await asyncio.sleep(0)
        now = self.documents.find(opened.document.uri)
        is_same = now is not None and now.document.text == opened.document.text
        return now if now is not None and is_same else without_tree(opened)

    def keep(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Go on with work whatever becomes of the request that it was for."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """Stop whatever is going on, and the engine."""
        for task in (*self._tasks, *self.reading_ahead.values()):
            task.cancel()
        await self.companion.stop()

    def _refresh(self, uri: str) -> None:
        self.documents.refresh(uri)
        self.parse_soon()

    async def _parse(self) -> None:
        while self.documents.parse_on():  # noqa: ASYNC110 - others' turn
            await asyncio.sleep(0)

    async def _reporting(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except HerdmateError as error:
            self.show(str(error))
        except Exception:
            _log.exception("internal error")
            self.show("Herdmate met an internal error; its log says more. Please report it.")

    def _prompt_folders(self) -> list[Path]:
        """Where a trusted workspace keeps its own prompt files."""
        trusted = self.folders if self.settings.trust_workspace else ()
        return [folder / ".herdmate" / "prompts" for folder in trusted]

    def _engine_changed(self, state: EngineState) -> None:
        if state.state == "ready" and state.info is not None:
            self._info = state.info
            doing: protocol.State = "thinking" if self._thinking else "ready"
            message = self._ready_message()
            self.set_status(protocol.Status(doing, message, model=state.info.name))
        elif state.state == "loading":
            message = state.message or "Loading the model."
            self.set_status(protocol.Status("loading", message, state.fraction))
        elif state.state == "sleeping":
            self.set_status(protocol.Status("sleeping", state.message))
        elif state.state == "crashed":
            self.set_status(protocol.Status("starting", state.message))
            self.show(state.message, types.MessageType.Warning)
        elif (
            state.state == "failed"
            and self.settings.remote.fallback
            and isinstance(state.error, UnreachableError)
        ):
            self.spawn(self.load_model(f"{state.message} {_INSTEAD}"))
        elif state.state == "failed":
            is_memory = isinstance(state.error, NoMemoryError)
            advice = f" {memory_advice(self.settings)}." if is_memory else ""
            self.fail(HerdmateError(state.message + advice[:2].upper() + advice[2:]))

    def _ready_message(self) -> str:
        """Which model, in which words it is asked, what it cannot do, and what would be better."""
        if (info := self._info) is None:
            return ""
        try:
            family = family_of(info)
        except HerdmateError as error:
            return str(error)
        window = why_smaller(info, self.settings, self.companion.pace)
        return " ".join(filter(None, (f"{info.name} is ready ({described(family)}).",
                                      limits(family), info.note, self._note, window)))  # fmt: skip
