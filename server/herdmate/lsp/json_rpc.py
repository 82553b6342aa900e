"""Answering messages: every request exactly once, and nothing else.

pygls supplies the handlers of the protocol's own methods. This module adds what it lacks: an
unreadable request is answered too, a request before ``initialize`` or after ``shutdown`` is
refused, and the user never sees an error about a message. pygls would also keep its own copy of
every document and split and join it on each keystroke, 20 ms for 20,000 lines; Herdmate keeps its
documents itself (see ``documents``).
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Literal

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol, lsp_method

from herdmate.lsp import protocol
from herdmate.lsp.dispatch import Handler, run
from herdmate.lsp.failures import error_to_lsp, log_failure
from herdmate.lsp.initialize_params import params_of_initialize
from herdmate.lsp.json_rpc_parsing import (
    Fault,
    Id,
    Message,
    Notification,
    Request,
    is_nested_too_deeply,
    message_from_json,
)
from herdmate.lsp.params import UnreadableError, is_request, params_from_json
from herdmate.lsp.uri_spelling import plain_uri, with_uris

_log = logging.getLogger(__name__)

_DOCUMENTS = (
    *(types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE),
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)

_OPENING = (types.TEXT_DOCUMENT_DID_OPEN, types.NOTEBOOK_DOCUMENT_DID_OPEN)
_NAMING = ("textDocument/", "notebookDocument/", "codeAction/", "herdmate/",
           types.WORKSPACE_EXECUTE_COMMAND)  # fmt: skip
"""Methods whose parameters name documents."""

_MOST_SHOWN = 100
"""Characters that an answer repeats of a name sent by the client."""

_CANCEL_SECONDS = 0.5
"""Time for a cancelled request to end; it may have something to clean up."""

_NOT_YET = int(types.ErrorCodes.ServerNotInitialized)
_INVALID = int(types.ErrorCodes.InvalidRequest)
_NO_METHOD = int(types.ErrorCodes.MethodNotFound)


class Protocol(LanguageServerProtocol):
    """The client's messages enter through ``handle``."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for method in _DOCUMENTS:
            self.fm.builtin_features.pop(method, None)
        self.stage: Literal["new", "running", "shut down"] = "new"
        self.exit_code: int | None = None  # once the client has sent exit
        self.said: Callable[[str], str] = str  # what an error's sentence is for the client's user
        self._in_flight: dict[Id, list[asyncio.Task[Any]]] = {}
        self._going_on: set[asyncio.Task[Any]] = set()

    def structure_message(self, data: Any) -> Any:
        """Leave the data as it is: pygls would take any object inside a message for a message."""
        return data

    def handle_message(self, message: Any) -> None:
        """Handle a message given as JSON."""
        self.handle(message_from_json(message))

    def handle(self, message: Message) -> None:
        """Handle a message, and answer it if it calls for an answer."""
        context = contextvars.copy_context()
        if isinstance(message, Request):
            context.run(self._request, message)
        elif isinstance(message, Notification):
            context.run(self._notification, message)
        elif isinstance(message, Fault):
            _log.info("a message was refused: %s", message.message)
            self._answer_error(message.id, types.ResponseError(int(message.code), message.message))
        else:
            self._response(message.id, message.result, message.error)

    async def finish(self, seconds: float) -> None:
        """Wait for the requests in flight, for up to ``seconds``; those left are cancelled."""
        tasks = {task for tasks in self._in_flight.values() for task in tasks}
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_CANCEL_SECONDS)

    def _request(self, request: Request) -> None:
        try:
            handler = self._handler(request)
            params = self._params(request.method, request.params)
            if request.method == types.SHUTDOWN:
                self.stage = "shut down"
                self._cancel_all()
            result = run(handler, params)
        except Exception as error:
            self._refuse(request, error)
            return
        if not inspect.isawaitable(result):
            self._answer(request, result)
            return
        task = asyncio.ensure_future(_value(result))
        self._in_flight.setdefault(request.id, []).append(task)
        task.add_done_callback(lambda _: self._finish_request(request, task))

    def _params(self, method: str, value: Any) -> Any:
        """The parsed parameters of a message; raises ``UnreadableError``."""
        if is_nested_too_deeply(value):
            raise UnreadableError("The parameters are nested too deeply.")
        if method == types.INITIALIZE:
            return params_of_initialize(self._converter, value)
        return params_from_json(self._converter, method, self._with_uris(method, value))

    def _with_uris(self, method: str, value: Any) -> Any:
        """The parameters with each URI spelled as it was when its document was opened."""
        session: Any = self._server
        if method in _OPENING:
            return with_uris(value, str)
        if method == types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS:
            return with_uris(value, plain_uri)
        return with_uris(value, session.documents.named) if method.startswith(_NAMING) else value

    def _handler(self, request: Request) -> Handler:
        """The handler of a request.

        Raises ``JsonRpcException`` if there is none, or if the session's stage forbids the request.
        """
        method = request.method
        if self.stage == "new" and method != types.INITIALIZE:
            raise JsonRpcException("The first request must be initialize.", _NOT_YET)
        if self.stage == "shut down":
            raise JsonRpcException("After shutdown, only exit is allowed.", _INVALID)
        if self.stage == "running" and method == types.INITIALIZE:
            raise JsonRpcException("The server is already initialized.", _INVALID)
        handler = self._known(method)
        if handler is None or not _is_answered(method):
            sentence = f"Unknown request: {method[:_MOST_SHOWN]}."
            raise JsonRpcException(sentence, _NO_METHOD)
        return handler

    def _known(self, method: str) -> Handler | None:
        builtin: Handler | None = self.fm.builtin_features.get(method)
        return builtin or self.fm.features.get(method)

    def _notification(self, message: Notification) -> None:
        method = message.method
        if method == types.EXIT:
            self.exit_code = 0 if self.stage == "shut down" else 1
        elif self.stage != "running":
            _log.info("a notification was ignored: the session has not begun, or is over")
        elif method == types.CANCEL_REQUEST:
            self._cancel(message.params)
        elif (handler := self._known(method)) is None or _is_answered(method):
            _log.debug("a notification without a handler: %s", method)
        else:
            self._listen(handler, message)

    def _listen(self, handler: Handler, message: Notification) -> None:
        session: Any = self._server
        try:
            params = self._params(message.method, message.params)
            if message.goes_on and message.method == types.TEXT_DOCUMENT_DID_CHANGE:
                session.documents.change(params, goes_on=True)  # what follows a change can wait
                return
            result = run(handler, params)
        except UnreadableError as error:
            _log.warning("%s was ignored: %s", message.method, error)
            session.documents.drop_after(message.method, message.params)
            return
        except Exception as error:
            log_failure(message.method, error)
            return
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(_value(result))
            self._going_on.add(task)
            task.add_done_callback(lambda _: self._finish_notification(message, task))

    def _finish_notification(self, message: Notification, task: asyncio.Task[Any]) -> None:
        self._going_on.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_failure(message.method, error)

    def _finish_request(self, request: Request, task: asyncio.Task[Any]) -> None:
        tasks = self._in_flight[request.id]
        tasks.remove(task)
        if not tasks:
            del self._in_flight[request.id]
        if task.cancelled():
            self._refuse(request, asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            self._refuse(request, error)
        else:
            self._answer(request, task.result())

    def _cancel(self, params: Any) -> None:
        """Cancel the request with the given id; it may have finished, or never existed."""
        number = params.get("id") if isinstance(params, dict) else None
        if isinstance(number, str | int | float):
            for task in self._in_flight.get(number, ()):
                task.cancel()

    def _cancel_all(self) -> None:
        for task in (
            *self._going_on,
            *(task for some in self._in_flight.values() for task in some),
        ):
            task.cancel()

    def _response(self, number: Any, result: Any, error: Any) -> None:
        """Pass the client's JSON answer to the waiting caller; a second answer is ignored."""
        future = self._request_futures.pop(number, None) if isinstance(number, str) else None
        if future is None or future.done():
            _log.debug("a response to no known request")
            return
        self._result_types.pop(number, None)
        if error is not None or is_nested_too_deeply(result):
            said = error.get("message") if isinstance(error, dict) else None
            future.set_exception(
                JsonRpcException(str(said or "The client responded with an error."))
            )
        else:
            future.set_result(result)

    def forget(self, number: str) -> None:
        """Stop waiting for the answer to one of our requests."""
        self._request_futures.pop(number, None)
        self._result_types.pop(number, None)

    def _refuse(self, request: Request, error: BaseException) -> None:
        if isinstance(error, UnreadableError):
            error = JsonRpcInvalidParams(str(error))
        known = self._known(request.method) is not None
        log_failure(request.method if known else "an unknown request", error)
        answer = error_to_lsp(error)
        answer.message = self.said(answer.message)
        self._answer_error(request.id, answer)

    def _answer(self, request: Request, result: Any) -> None:
        try:
            self._write({"jsonrpc": "2.0", "id": request.id, "result": result})
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            self._refuse(request, error)

    def _answer_error(self, number: Id | None, error: types.ResponseError) -> None:
        said = {"code": error.code, "message": error.message}
        self._write({"jsonrpc": "2.0", "id": number, "error": said})

    def _send_data(self, data: Any) -> None:
        self._write(data)

    def _write(self, message: Any) -> None:
        """Send a message; raises ``TypeError`` or the like if JSON cannot represent it."""
        body = json.dumps(message, default=self._serialize_message, allow_nan=False).encode()
        _log.debug("sent: %s", body)
        if self.writer is None:
            return
        header = b"Content-Length: %d\r\n\r\n" % len(body) if self._include_headers else b""
        try:
            written = self.writer.write(header + body)
        except (OSError, ValueError) as error:  # closed
            _log.info("the client can no longer be reached: %s", error)
            return
        if inspect.isawaitable(written):
            asyncio.ensure_future(_value(written))  # noqa: RUF006 - pygls does the same

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Initialize; if this succeeds, the session is running."""
        result = yield from super().lsp_initialize(params)
        self.stage = "running"
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *given: Any) -> Generator[Any, Any, None]:
        """Run our handler, which ends the rest; ``_request`` has cancelled the tasks already."""
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            yield handler, given, None

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(
        self, params: types.ExecuteCommandParams
    ) -> Generator[Any, Any, Any]:
        """Run a command with its arguments as raw JSON; each command checks its own."""
        if (handler := self.fm.commands.get(params.command)) is None:
            raise JsonRpcInvalidParams(f"Unknown command: {params.command[:_MOST_SHOWN]}.")
        return (yield handler, tuple(params.arguments or ()), None)


def _is_answered(method: str) -> bool:
    """Is it a request that a client can make?"""
    if method in types.METHOD_TO_TYPES:
        return is_request(method)
    return method in protocol.REQUESTS


async def _value(result: Awaitable[Any]) -> Any:
    return await result
