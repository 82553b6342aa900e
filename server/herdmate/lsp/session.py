"""One client's session: its capabilities, settings and documents, and the model's state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from herdmate.actions.context import ActionContext
from herdmate.bounded_read import is_within
from herdmate.completion.complete import why_smaller
from herdmate.completion.silence import Silence
from herdmate.completion.state import CompletionState
from herdmate.context import parser_client
from herdmate.context.project import Project
from herdmate.engine.client import EngineState
from herdmate.engine.host import EngineHost, EngineStart
from herdmate.engine.remote.engine import RemoteStart
from herdmate.errors import (
    HerdmateError,
    ModelError,
    NoMemoryError,
    NoModelError,
    UnreachableError,
)
from herdmate.generation import ModelInfo, Request, Usage
from herdmate.lsp import protocol, settings_layers
from herdmate.lsp.capabilities import Capabilities, capabilities_from_lsp
from herdmate.lsp.convert import UTF16
from herdmate.lsp.documents import Documents
from herdmate.lsp.error_responses import INTERNAL, log_failure
from herdmate.lsp.json_rpc import Protocol
from herdmate.lsp.open_document import OpenDocument, has_tree, without_tree
from herdmate.lsp.params import strict_converter
from herdmate.lsp.protocol import Status
from herdmate.models.start import memory_advice
from herdmate.printable import as_message, one_line
from herdmate.prompting.by_name import pieces_by_name
from herdmate.prompting.families import described, family_of, limits
from herdmate.prompting.library import Library, load_library
from herdmate.settings import RemoteSettings, Settings, settings_from_json
from herdmate.text import path_of
from herdmate.usage.statistics_file import StatisticsFile
from herdmate.usage.tally import Tally
from herdmate.version import VERSION

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_INSTEAD = (
    "Until then this machine's own model is used; herdmate.restartEngine asks the server again."
)

_PAUSE = 0.3
"""Seconds without a keystroke."""

_DISK_SECONDS = 60.0
"""Long enough for a network disk, or for a sleeping one to wake up."""

_NOTEBOOKS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook("*")])

FirstMessage = Callable[[Settings], tuple[EngineStart, str]]
"""Turns settings into what starts the engine, and a note for the user about the model."""


class Session(LanguageServer):
    """A language server and what it knows about its one client."""

    protocol: Protocol

    def __init__(self, first_message: FirstMessage) -> None:
        super().__init__(
            "herdmate", VERSION, protocol_cls=Protocol, notebook_document_sync=_NOTEBOOKS,
            converter_factory=strict_converter,
        )  # fmt: skip
        self.first_message = first_message
        self.capabilities = Capabilities()
        self.loop: asyncio.AbstractEventLoop | None = None  # set by ``begin``
        self.settings = Settings()
        self.documents = Documents()
        self.project = Project()
        self.library = Library(())
        self.status = protocol.Status("starting")
        self.layers = (
            settings_layers.Layers()
        )  # of the settings, as given by the client and the user
        self.wrong_settings: tuple[str, ...] = ()  # as last shown to the user
        self.reading_ahead: dict[str, asyncio.Task[None]] = {}  # by document
        self.typed_at = 0.0  # by the event loop's clock
        self.is_initialized = False  # the client has sent ``initialized``
        self.edited: list[str] = []  # documents, most recently edited first
        self.changed_files: set[Path] = set()  # not yet checked by the index
        self.looking: asyncio.Task[None] | None = None  # the task that checks them
        self.rules: dict[Path, object] = {}  # ignore rules as last checked, by folder
        self.shown: dict[str, str] = {}  # documents that exist only in the server, by plain URI
        self.paused_until = 0.0  # by the event loop's clock
        self.silence: Silence | HerdmateError | None = None  # of the last request for ghost text
        self.tally = Tally()
        self.statistics_file = StatisticsFile()
        self.saving: asyncio.TimerHandle | None = None  # the next write of the statistics
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
    def host(self) -> EngineHost:
        """The engine's host, created on first use, when the event loop is running."""
        return EngineHost(self._engine_changed, self.on_usage, pieces_by_name)

    @cached_property
    def completion(self) -> CompletionState:
        """The state of ghost text."""
        return CompletionState(self.host, self.project)

    @property
    def action_context(self) -> ActionContext:
        """The context of every action."""
        return ActionContext(self.host, self.project)

    def begin(self, params: types.InitializeParams) -> None:
        """Record the client's capabilities and settings; nothing is started yet."""
        self.loop = asyncio.get_running_loop()
        self.capabilities = capabilities_from_lsp(params.capabilities)
        self.documents.encoding = self.workspace.position_encoding or UTF16
        self.learn_folders()
        self.layers = settings_layers.with_initial(self.layers, params.initialization_options)
        # Errors are shown once the client is initialized and everything is read again.
        self.settings, _ = settings_from_json(settings_layers.merged(self.layers))
        self.library, _ = load_library(self._prompt_folders())

    @property
    def folders(self) -> tuple[Path, ...]:
        """The workspace's folders."""
        return self.project.folders

    def learn_folders(self) -> None:
        """Update the workspace's folders; older clients send a single root."""
        told = [folder.uri for folder in self.workspace.folders.values()]
        paths = (path_of(uri) for uri in told or [self.workspace.root_uri] if uri)
        self.project.folders = tuple(dict.fromkeys(filter(None, paths)))

    @property
    def model_path(self) -> str:
        """The file of the running model, or of the last one; empty if there was none."""
        return self._info.path if self._info else ""

    async def load_model(self, instead_of: str = "") -> bool:
        """Start the engine with the model in the settings, ending a load in progress.

        ``instead_of``: a sentence on why the remote server in the settings is not used. Answers
        ``False`` if a newer call has superseded this one. Raises ``NoModelError``.
        """
        return bool(await self.supersede("load", self._load_model(instead_of)))

    async def stop_loading(self) -> None:
        """End the process that is loading, as the user does not want to wait."""
        if self.status.state in ("starting", "loading"):
            error = ModelError(
                "Loading the model was stopped; choose another one, or run the command "
                "herdmate.restartEngine."
            )
            self.set_status(protocol.Status("error", str(error)))
            await self.host.refuse(error)

    async def _load_model(self, instead_of: str) -> bool:
        await self.host.stop()  # so its memory counts as free when a model is chosen
        if self.status.state != "starting":
            self.set_status(protocol.Status("starting", "Looking for the model."))
        settings = replace(self.settings, remote=RemoteSettings()) if instead_of else self.settings
        try:
            message, note = await self._first_message(settings)
            self._note = " ".join(filter(None, (instead_of, note)))
        except NoModelError as error:
            await self.host.refuse(error)
            self.set_status(protocol.Status("noModel", str(error)))
            raise
        except HerdmateError as error:
            await self.host.refuse(error)
            self.fail(error)
            return True
        if isinstance(message, RemoteStart) and message.endpoint.no_key:
            self.show(message.endpoint.no_key, types.MessageType.Warning)
        self.completion.reset()
        await self.host.start(message, self.settings.engine.unload_after * 60)
        return True

    async def _first_message(self, settings: Settings) -> tuple[EngineStart, str]:
        """Call ``first_message`` on a thread, as it reads disks that may be slow or gone.

        Raises ``HerdmateError``.
        """
        try:
            reading = asyncio.to_thread(self.first_message, settings)
            return await asyncio.wait_for(reading, _DISK_SECONDS)
        except asyncio.TimeoutError as error:
            raise ModelError(
                "The disk with the models does not answer; connect it again, or set herdmate.model "
                "to a file elsewhere, then run the command herdmate.restartEngine."
            ) from error
        except OSError as error:
            raise ModelError(
                f"The models cannot be read ({error.strerror or error}); set herdmate.model to a "
                "file that can."
            ) from error
        except HerdmateError:
            raise
        except Exception as error:
            _log.exception("internal error")
            raise ModelError(
                "Choosing a model met an internal error, of which the log says more; set "
                "herdmate.model to a file, and please report it."
            ) from error

    def load_prompts(self) -> None:
        """Read the prompt files; an invalid one is reported and the others are used."""
        self.library, errors = load_library(self._prompt_folders())
        for error in errors:
            self.show(str(error), types.MessageType.Warning)

    def set_status(self, status: Status) -> None:
        """Change the status, and send it to a client that supports it."""
        model = one_line(status.model) if status.model else None
        status = replace(status, message=as_message(status.message), model=model)
        self.status = status
        self._status_changed.set()
        if self.capabilities.status:
            self.protocol.notify(protocol.STATUS, asdict(status))

    async def next_status(self) -> Status:
        """Wait for the next change of status."""
        self._status_changed.clear()
        await self._status_changed.wait()
        return self.status

    def show(self, sentence: str, kind: types.MessageType = types.MessageType.Error) -> None:
        """Show the user a sentence, which is sanitized and cut, as it may quote others' text."""
        sentence = as_message(sentence)
        _log.info("shown: %s", sentence)
        self.window_show_message(types.ShowMessageParams(kind, sentence))

    def fail(self, error: HerdmateError) -> None:
        """Report an error that the user has to resolve before anything works."""
        self.set_status(protocol.Status("error", str(error)))
        self.show(str(error))

    @asynccontextmanager
    async def thinking(self) -> AsyncIterator[None]:
        """Set the status to ``thinking`` while the block runs."""
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
        """Run ``work``, cancelling older work with the same key, which ends with ``None``."""
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

    def spawn(self, work: Coroutine[Any, Any, None], quiet: bool = False) -> asyncio.Task[None]:
        """Run work in the background, after a command has been answered.

        Its errors are shown to the user, unless it is ``quiet``: the user did not ask for it.
        """
        return self.keep(self._reporting(work, quiet))

    def refresh_soon(self, uri: str) -> None:
        """Parse what was typed in a long file once typing pauses."""
        if self._refreshing is not None:
            self._refreshing.cancel()
        loop = asyncio.get_running_loop()
        self._refreshing = loop.call_later(_PAUSE, self._refresh, uri)

    def parse_soon(self) -> None:
        """Continue long parses in the background, a slice at a time."""
        if self._parsing is None or self._parsing.done():
            self._parsing = self.keep(self._parse())

    async def parsed(self, opened: OpenDocument, with_edits: bool = False) -> OpenDocument:
        """The document that a request is about, once it has its tree.

        ``with_edits``: the tree has to include the latest edits of a long file. If the document
        was edited in the meantime, this is the version in the request, without a tree.
        """
        if has_tree(opened.document) and not with_edits:
            return opened
        while (rest := self.documents.parse_on(opened.document.uri)) is not None:  # noqa: ASYNC110 - yields to others
            await asyncio.sleep(rest)
        now = self.documents.find(opened.document.uri)
        is_same = now is not None and now.document.text == opened.document.text
        return now if now is not None and is_same else without_tree(opened)

    def keep(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Run work in the background, whatever becomes of the request that it was for."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """Stop all tasks, the parser processes and the engine."""
        for task in (*self._tasks, *self.reading_ahead.values()):
            task.cancel()
        parser_client.end_all()
        await self.host.stop()

    def _refresh(self, uri: str) -> None:
        self.documents.refresh(uri)
        self.parse_soon()

    async def _parse(self) -> None:
        while (rest := self.documents.parse_on()) is not None:  # noqa: ASYNC110 - yields to others
            await asyncio.sleep(rest)

    def report_server_error(self, error: Exception, source: object) -> None:
        """Log errors that pygls would show to the user."""
        log_failure("pygls", error)

    async def _reporting(self, work: Coroutine[Any, Any, None], quiet: bool) -> None:
        try:
            await work
        except Exception as error:
            log_failure(getattr(work, "__name__", "work"), error)
            if not quiet:
                self.show(str(error) if isinstance(error, HerdmateError) else INTERNAL)

    def _prompt_folders(self) -> list[Path]:
        """Where a trusted workspace keeps its own prompt files."""
        trusted = self.folders if self.settings.trust_workspace else ()
        places = [(folder / ".herdmate" / "prompts", folder) for folder in trusted]
        return [prompts for prompts, folder in places if is_within(prompts, folder)]

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
            self.spawn(self._load_instead(f"{state.message} {_INSTEAD}"))
        elif state.state == "failed" and isinstance(state.error, NoMemoryError):
            self.set_status(protocol.Status("error", state.message))
            self.spawn(self._advise(state.message))
        elif state.state == "failed":
            self.fail(HerdmateError(state.message))

    async def _load_instead(self, why: str) -> None:
        await self.load_model(why)

    async def _advise(self, message: str) -> None:
        """Report the error with advice on what would fit into memory; this reads the disks."""
        advice = await asyncio.to_thread(memory_advice, self.settings)
        if self.status.message == as_message(message):  # nothing else was loaded meanwhile
            self.fail(NoMemoryError(f"{message} {advice[:1].upper()}{advice[1:]}."))

    def _ready_message(self) -> str:
        """The model, its prompt formats, what it cannot do, and what would work better."""
        if (info := self._info) is None:
            return ""
        try:
            family = family_of(info)
        except HerdmateError as error:
            return str(error)
        window = why_smaller(info, self.settings, self.host.latency)
        return " ".join(filter(None, (f"{info.name} is ready ({described(family)}).",
                                      limits(family), info.note, self._note, window)))  # fmt: skip
