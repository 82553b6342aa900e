"""A server's messages: JSON, alone, as server-sent events or one per line; errors are raised.

Some servers answer ``200`` and then report an error in the body; that counts as an error.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from herdmate.engine.remote.connection import Answer, asked
from herdmate.engine.remote.endpoint import Endpoint
from herdmate.errors import ContextFullError, EngineError, ServerError, UnreachableError

Message = dict[str, Any]

_SECONDS = 30.0
_LONGEST_SAYING = 200
_LONGEST_READ = 2000


async def fetch_message(
    endpoint: Endpoint, path: str, body: Mapping[str, Any] | None = None
) -> Message:
    """The one message that answers a question. Raises ``EngineError``."""
    try:
        return await asyncio.wait_for(_fetch_message(endpoint, path, body), _SECONDS)
    except asyncio.TimeoutError as error:
        raise UnreachableError(
            f"{endpoint} accepts connections but does not answer; check its log."
        ) from error


async def _fetch_message(endpoint: Endpoint, path: str, body: Mapping[str, Any] | None) -> Message:
    async with asked(endpoint, path, body) as answer:
        await check(endpoint, answer)
        return _message(endpoint, await answer.whole())


async def messages(endpoint: Endpoint, answer: Answer) -> AsyncGenerator[Message | None, None]:
    """The messages of a stream; ``None`` when the server says it is done.

    Raises ``EngineError`` for invalid JSON and for an error message.
    """
    await check(endpoint, answer)
    if answer.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        yield _message(endpoint, await answer.whole())  # it does not stream, or has failed
        return
    async with aclosing(answer.lines()) as lines:
        async for line in lines:
            field, colon, value = line.partition(b":")
            line = value.strip() if colon and field in (b"data", b"error") else line.strip()
            if not line or line.startswith(b":") or field in (b"event", b"id", b"retry"):
                continue
            if line == b"[DONE]":
                yield None
                return
            yield _message(endpoint, line)


async def check(endpoint: Endpoint, answer: Answer) -> None:
    """Raise ``EngineError`` if the status is not 200.

    A model's server gives the reason in JSON; a proxy without a server behind it sends a page.
    """
    if answer.status == 200:
        return
    if 300 <= answer.status < 400:
        raise ServerError(
            f"{endpoint} redirects to another address, which Herdmate does not follow; set "
            "herdmate.remote.url to the server itself.",
            answer.status,
        )
    try:
        found = json.loads(await answer.whole())
    except (ValueError, RecursionError):
        found = None
    status, after = answer.status, answer.headers.get("retry-after", "")
    wait = float(after) if re.fullmatch(r"\d{1,4}", after) else 0.0
    if status in (502, 504) or (status == 503 and not isinstance(found, dict)):
        raise _none_behind(endpoint, status, wait)
    raise _refusal(endpoint, status, _saying(found), wait)


def _message(endpoint: Endpoint, data: bytes) -> Message:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _nonsense(endpoint) from error
    if not isinstance(found, dict):
        raise _nonsense(endpoint)
    is_error = bool(found.get("error")) or found.get("object") == "error"
    if is_error or ("detail" in found and "choices" not in found):
        code = found["error"].get("code") if isinstance(found.get("error"), dict) else None
        raise _refusal(endpoint, code if isinstance(code, int) else 200, _saying(found), 0)
    return found


def _nonsense(endpoint: Endpoint) -> ServerError:
    return ServerError(f"{endpoint} is not a model server; check herdmate.remote.url.", 200)


def _saying(found: Any) -> str:
    """A server's own words for an error."""
    if isinstance(found, dict):
        return _saying(next((found[key] for key in _PLACES if found.get(key)), ""))
    return found[:_LONGEST_READ].strip().rstrip(".") if isinstance(found, str) else ""


def _none_behind(endpoint: Endpoint, status: int, wait: float) -> UnreachableError:
    sentence = (
        f"{endpoint} reports that no server is running behind it ({status}); start that server, "
        "or change herdmate.remote.url."
    )
    return UnreachableError(sentence, status, False, wait)


_PLACES = ("error", "message", "detail")

_TOO_LONG = re.compile(r"context|too long|max.{0,20}tokens|n_ctx", re.I)


def _refusal(endpoint: Endpoint, status: int, said: str, wait: float) -> EngineError:
    """The error for the user; its sentence quotes ``said`` if that is one short line."""
    is_quoted = said and len(said) <= _LONGEST_SAYING and said.isprintable()
    because = f" ({said})" if is_quoted else ""
    if status in (401, 403) and endpoint.no_key:
        return ServerError(endpoint.no_key, status)
    if status in (401, 403):
        return ServerError(
            f"{endpoint} requires a valid API key; set HERDMATE_API_KEY, or run Herdmate: Set API "
            "Key in VS Code.",
            status,
        )
    if status == 404:
        return ServerError(
            f"{endpoint} does not have the requested API or model{because}; check "
            "herdmate.remote.url and herdmate.remote.model.",
            status,
        )
    if status == 429:
        return ServerError(
            f"{endpoint} is overloaded{because}; try again in a moment.", status, False, wait
        )
    if status == 503:
        sentence = (
            f"{endpoint} is loading its model or is too busy{because}; try again in a moment."
        )
        return ServerError(sentence, status, True, wait)
    if status in (400, 413, 422, 500, 200) and _TOO_LONG.search(said):
        return ContextFullError(
            f"The prompt does not fit in the context of the model at {endpoint}; set "
            "herdmate.engine.contextTokens to that context's size."
        )
    return ServerError(f"{endpoint} returned error {status}{because}; see its log.",
                       status, False, wait)  # fmt: skip
