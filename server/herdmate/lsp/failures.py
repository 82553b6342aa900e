"""Reporting errors: to the client that waits for an answer, and to the log."""

from __future__ import annotations

import asyncio
import logging
import traceback

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.errors import HerdmateError

INTERNAL = "Herdmate had an internal error; please report it with the log."

_log = logging.getLogger(__name__)


def error_to_lsp(error: BaseException) -> types.ResponseError:
    """The error response to a failed request."""
    if isinstance(error, asyncio.CancelledError):
        return types.ResponseError(_CANCELLED, "The request was cancelled.")
    if isinstance(error, HerdmateError):
        return types.ResponseError(int(types.LSPErrorCodes.RequestFailed), str(error))
    if isinstance(error, JsonRpcException):
        return types.ResponseError(error.code, error.message)
    return types.ResponseError(int(types.ErrorCodes.InternalError), INTERNAL)


def log_failure(what: str, error: BaseException) -> None:
    """Log where something failed.

    The message of an unexpected error may contain the user's code, so it is logged only at DEBUG.
    """
    if isinstance(error, _EXPECTED):
        _log.info("%s: %s", what, error)
        return
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s failed with %s:\n%s", what, type(error).__name__, where)
    _log.debug("%s failed: %s", what, error)


_CANCELLED = int(types.LSPErrorCodes.RequestCancelled)
_EXPECTED = (HerdmateError, JsonRpcException, asyncio.CancelledError, KeyboardInterrupt)
