"""Connects a server and a client within one process, as if through pipes."""

from __future__ import annotations

import asyncio
from threading import Event

from pygls.io_ import run_async
from pygls.lsp.client import LanguageClient
from pygls.lsp.server import LanguageServer


def connect_directly(server: LanguageServer, client: LanguageClient) -> list[asyncio.Task[None]]:
    """Connect the two; return the tasks that listen, which are to be cancelled at the end."""
    to_server, to_client = asyncio.StreamReader(), asyncio.StreamReader()
    client.protocol.set_writer(_Voice(to_server))
    server.protocol.set_writer(_Voice(to_client))
    return [
        asyncio.ensure_future(run_async(Event(), to_server, server.protocol)),
        asyncio.ensure_future(run_async(Event(), to_client, client.protocol)),
    ]


class _Voice:
    """A writer whose output the other side's reader receives."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        self._stream.feed_data(data)

    def close(self) -> None:
        self._stream.feed_eof()
