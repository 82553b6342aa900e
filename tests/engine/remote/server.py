"""A server on loopback that says what a test tells it to, byte for byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

MODELS = {"data": [{"id": "qwen2.5-coder-0.5b-instruct", "max_model_len": 8192}]}
PROBES = ["/props", "/api/version", "/v1/models"]
"""What a server is asked for to tell its API; the last has its models."""


@dataclass(frozen=True)
class Asked:
    """One request; ``body`` is its JSON."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


Answer = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """Where it is, what it was asked, and whether somebody hung up while it was answering."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


@asynccontextmanager
async def serving(answers: Mapping[str, bytes | Answer]) -> AsyncIterator[Server]:
    """A server that answers by path; what is not named is not found."""
    server = Server()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await _read(reader)
            server.asked.append(asked)
            answer = answers.get(asked.path, reply(404, {"error": "not found"}))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
                return
            answering = asyncio.ensure_future(answer(asked, writer))
            end = asyncio.ensure_future(reader.read())
            await asyncio.wait({answering, end}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() or answering.exception() is not None:
                server.hung_up.set()
            answering.cancel()
            end.cancel()
        except (ConnectionError, asyncio.IncompleteReadError):
            server.hung_up.set()
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()


def reply(status: int, body: Any, **headers: str) -> bytes:
    """A whole answer; ``body`` is JSON unless it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"Content-Type": "application/json", "Content-Length": str(len(data))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Some words", *(f"{name}: {told[name]}" for name in told)]
    return "\r\n".join([*lines, "", ""]).encode() + data


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def event(message: Any) -> bytes:
    """One server-sent event."""
    return f"data: {message if isinstance(message, str) else json.dumps(message)}\n\n".encode()


def words(*texts: str, reason: str | None = None) -> bytes:
    """Events of OpenAI's completions."""
    said = b"".join(event({"choices": [{"text": text, "finish_reason": None}]}) for text in texts)
    return said + (event({"choices": [{"text": "", "finish_reason": reason}]}) if reason else b"")


def chunk(data: bytes) -> bytes:
    """A part of a chunked answer; the empty one is the last."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
    data = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Asked(method, path, headers, json.loads(data) if data else None)
