"""One request and its response over HTTP, each on its own connection.

Leaving the block closes the connection, which makes the server stop generating. Redirects are not
followed, proxies are not used, and certificates are checked against the system's.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from herdmate.engine.remote.endpoint import Endpoint, travels_in_the_open
from herdmate.errors import HungUpError, ServerError, UnreachableError
from herdmate.version import VERSION

if TYPE_CHECKING:
    import httpx2

_LONGEST_LINE = 1 << 20
_CONNECT_SECONDS = 10.0
"""Time limit for connecting; for the time limits of the answer see ``Patience``."""

_HEADERS = {
    "User-Agent": f"herdmate/{VERSION}",
    "Accept": "application/json, text/event-stream, application/x-ndjson",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


@asynccontextmanager
async def asked(
    endpoint: Endpoint, path: str, body: Mapping[str, Any] | None = None
) -> AsyncIterator[Answer]:
    """The answer to a GET, or to a POST of ``body`` as JSON if there is one.

    Raises ``UnreachableError`` if no connection succeeds, ``HungUpError`` if the other side accepts
    it and hangs up, ``ServerError`` if an answer breaks off or is not HTTP.
    """
    import httpx2  # takes a quarter of a second, and only remote servers need it

    method, data = ("GET", None) if body is None else ("POST", json.dumps(body).encode())
    headers = {
        **_HEADERS,
        **_authorization(endpoint),
        **({"Content-Type": "application/json"} if body is not None else {}),
    }
    url = f"{'https' if endpoint.secure else 'http'}://{endpoint}{endpoint.base}{path}"
    timeout = httpx2.Timeout(None, connect=_CONNECT_SECONDS)
    has_begun = False
    try:
        async with (
            httpx2.AsyncClient(
                verify=_trust() if endpoint.secure else False, trust_env=False, timeout=timeout
            ) as client,
            client.stream(method, url, content=data, headers=headers) as response,
        ):
            has_begun = True
            yield Answer(response.status_code, response.headers, response)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise _no_connection(endpoint, error) from error
    except (_TooLongError, httpx2.DecodingError) as error:
        raise _not_http(endpoint) from error
    except httpx2.RemoteProtocolError as error:
        if not _is_cut(error):
            raise _not_http(endpoint) from error
        raise (broken_off if has_begun else _hung_up)(endpoint) from error
    except httpx2.NetworkError as error:
        raise (broken_off if has_begun else _hung_up)(endpoint) from error
    except httpx2.TransportError as error:
        raise broken_off(endpoint) from error


def _authorization(endpoint: Endpoint) -> Mapping[str, str]:
    """The key's header; empty if others on the network could read it, whatever the caller did."""
    is_sent = endpoint.key and not travels_in_the_open(endpoint)
    return {"Authorization": f"Bearer {endpoint.key}"} if is_sent else {}


def broken_off(endpoint: Endpoint) -> ServerError:
    """The error for a server that went away in the middle of an answer."""
    return ServerError(
        f"{endpoint} closed the connection before its answer was complete; try again."
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's response; ``headers`` ignores case."""

    status: int
    headers: Mapping[str, str]
    response: httpx2.Response

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Lines without their ends, as they arrive; an unfinished line is limited to 1 MiB."""
        held = b""
        async for part in self.response.aiter_bytes():
            *whole, held = (held + part).split(b"\n")
            for line in whole:
                yield line
            if len(held) > _LONGEST_LINE:
                raise _TooLongError
        if held:
            yield held

    async def whole(self, most: int = _LONGEST_LINE) -> bytes:
        """The whole body, or its first ``most`` bytes."""
        data = b""
        async for part in self.response.aiter_bytes():
            data += part
            if len(data) >= most:
                break
        return data[:most]


class _TooLongError(Exception):
    """A line is longer than allowed."""


def _not_http(endpoint: Endpoint) -> ServerError:
    return ServerError(f"{endpoint} did not send a valid HTTP response; check herdmate.remote.url.")


def _no_connection(endpoint: Endpoint, error: Exception) -> UnreachableError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UnreachableError(
                f"The certificate of {endpoint} is not trusted ({cause.verify_message}); if it "
                "was issued by your own authority, set SSL_CERT_FILE to that authority's "
                "certificate."
            )
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return UnreachableError(
                f"{endpoint} does not speak https; start it with a certificate, or change "
                "herdmate.remote.url to http://."
            )
        if isinstance(cause, socket.gaierror):
            return UnreachableError(
                f"The name {endpoint.host} cannot be found; check herdmate.remote.url and the "
                "network."
            )
    return UnreachableError(
        f"No server answers at {endpoint}; start it, or change herdmate.remote.url."
    )


def _hung_up(endpoint: Endpoint) -> HungUpError:
    """The error for a server that hangs up at once, as a tunnel without a server does."""
    return HungUpError(
        f"{endpoint} accepts connections and closes them at once; start the server behind it, or "
        "change herdmate.remote.url."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_cut(error: httpx2.RemoteProtocolError) -> bool:
    """Was the answer valid HTTP up to where it broke off?"""
    return any(word in str(error) for word in ("closed", "disconnected"))


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()
