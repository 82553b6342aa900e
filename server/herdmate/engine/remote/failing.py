"""What a server's failures mean, and what is said about them."""

from __future__ import annotations

import asyncio

from herdmate.engine.remote.connection import broken_off
from herdmate.engine.remote.endpoint import Endpoint
from herdmate.errors import ServerError, UnreachableError

REFUSED = (400, 422, 500, 501)
"""What servers answer that cannot tell probabilities, llama-cpp-python among them."""


def is_passing(error: ServerError) -> bool:
    """Can a retry succeed?"""
    return isinstance(error, UnreachableError) or error.status in (0, 429, 502, 504)


def not_whole(endpoint: Endpoint, error: Exception, limit: float) -> ServerError:
    """The error for an answer that is incomplete."""
    if isinstance(error, ServerError):
        return error
    if isinstance(error, asyncio.TimeoutError):
        return ServerError(f"{endpoint} has sent nothing for {limit:.0f} seconds; try again.", 408)
    return broken_off(endpoint)


def loading(endpoint: Endpoint) -> str:
    """What the status says while an answer may have to wait for the model."""
    return f"Waiting for {endpoint}, which may be loading its model."
