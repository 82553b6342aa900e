"""Requests to the client; the server sends all of its requests through here.

A client may answer with an error, with something unexpected, or never. None of this is an error
here: each caller supplies the value to use instead.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.lsp.session import Session

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

SECONDS = 5.0
"""The default timeout; some clients never answer a request."""


async def ask(
    session: Session,
    method: str,
    params: Any,
    read: Callable[[Any], _T],
    otherwise: _T,
    seconds: float | None = SECONDS,
    refused: Callable[[str], _T] | None = None,
    cancels: bool = False,
) -> _T:
    """The client's answer, or ``otherwise`` if it gives none that can be read.

    ``read`` takes the answer as JSON and may raise anything. ``seconds`` is ``None`` if the user
    has to answer, which can take arbitrarily long; the wait then ends with the calling task, at the
    latest when the session ends. ``refused`` turns the message of an error response into a result.
    ``cancels``: the client is told when the answer is no longer awaited.
    """
    try:
        return read(await _answer(session, method, params, seconds, cancels))
    except asyncio.TimeoutError:
        _log.info("the client did not answer %s within %.0f s", method, seconds)
    except JsonRpcException as error:
        _log.info("the client refused %s", method)
        return refused(str(error)) if refused is not None else otherwise
    except Exception as error:
        _log.info("the client's answer to %s cannot be read: %s", method, type(error).__name__)
    return otherwise


async def tell(session: Session, method: str, params: Any) -> None:
    """Send a request whose answer does not matter."""
    await ask(session, method, params, lambda _answer: None, None)


async def register(session: Session, registration: types.Registration) -> None:
    """Register a capability, so that the client sends notifications or requests for it."""
    params = types.RegistrationParams([registration])
    await tell(session, types.CLIENT_REGISTER_CAPABILITY, params)


async def _answer(
    session: Session, method: str, params: Any, seconds: float | None, cancels: bool
) -> Any:
    number = str(uuid.uuid4())
    try:
        request = session.protocol.send_request_async(method, params, msg_id=number)
        return await asyncio.wait_for(request, seconds)
    except (asyncio.TimeoutError, asyncio.CancelledError):
        if cancels:
            session.protocol.notify(types.CANCEL_REQUEST, types.CancelParams(number))
        raise
    finally:
        session.protocol.forget(number)
