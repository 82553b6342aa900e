"""Asking the client: the one way in which the server does it.

A client may answer with an error, with anything else than what it was asked for, or never. None of
this is an error here: whoever asks says what holds then.
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
"""Some clients never answer a request."""


async def ask(
    session: Session,
    method: str,
    params: Any,
    read: Callable[[Any], _T],
    otherwise: _T,
    seconds: float | None = SECONDS,
    refused: Callable[[str], _T] | None = None,
) -> _T:
    """What the client answers, or ``otherwise`` where it gives no answer that can be read.

    ``read`` takes the answer as JSON has it, and may raise anything. ``seconds`` is ``None`` where
    a user answers, who may take any time: that ends with the task that asks, as all do when the
    session ends. ``refused`` says what holds where the client answers with an error, whose words
    it takes.
    """
    try:
        return read(await _answer(session, method, params, seconds))
    except asyncio.TimeoutError:
        _log.info("the client did not answer %s within %.0f s", method, seconds)
    except JsonRpcException as error:
        _log.info("the client refused %s", method)
        return refused(str(error)) if refused is not None else otherwise
    except Exception as error:
        _log.info("the client's answer to %s cannot be read: %s", method, type(error).__name__)
    return otherwise


async def tell(session: Session, method: str, params: Any) -> None:
    """Ask for something to which any answer is as good as another."""
    await ask(session, method, params, lambda _answer: None, None)


async def register(session: Session, registration: types.Registration) -> None:
    """Have the client tell more than it would by itself, or ask more."""
    params = types.RegistrationParams([registration])
    await tell(session, types.CLIENT_REGISTER_CAPABILITY, params)


async def _answer(session: Session, method: str, params: Any, seconds: float | None) -> Any:
    number = str(uuid.uuid4())
    try:
        request = session.protocol.send_request_async(method, params, msg_id=number)
        return await asyncio.wait_for(request, seconds)
    finally:
        session.protocol.forget(number)
