"""A server in this process that hears raw messages, with a model that says nothing."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from herdmate.engine.interface import Engine, OnRead, unheard
from herdmate.errors import NoModelError
from herdmate.generation import Finished, ModelInfo, Piece, Request, Totals, Usage
from herdmate.lsp.connection import converse
from herdmate.lsp.server import create_server
from herdmate.prompting.families import QWEN_PIECES
from herdmate.settings import Settings

_PIECES = {piece: at for at, piece in enumerate(QWEN_PIECES)}
_UNKNOWN = "test/unknown"
_INFO = ModelInfo(
    "qwen2.5-coder.gguf", "Model", "qwen2", "bpe", 9, 4096, 32768, 1, 1, 1, pieces=_PIECES
)


class Peer:
    """Writes what any client may write and keeps what the server answers."""

    def __init__(self) -> None:
        self.session = create_server(_no_model)
        self.notifications: list[dict[str, Any]] = []
        self.said_last = ""
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._written: asyncio.Queue[bytes] = asyncio.Queue()
        self._heard = b""
        self.session.protocol.set_writer(self)
        self.listening = asyncio.ensure_future(converse(self.session.protocol, self._written.get))

    def notify(self, method: str, params: Any) -> None:
        """Write a notification."""
        self._say({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> tuple[int, asyncio.Future[dict[str, Any]]]:
        """Write a request; its number, and where its answer will be."""
        number = next(self._numbers)
        self._answers[number] = self.listening.get_loop().create_future()
        self._say({"id": number, "method": method, "params": params})
        return number, self._answers[number]

    async def until_heard(self) -> None:
        """Wait until all that was written was read: what nobody knows is answered in its turn."""
        await asyncio.wait_for(self.ask(_UNKNOWN, None)[1], 60)

    async def initialize(self, encodings: Sequence[str], *folders: Path) -> None:
        """Introduce oneself."""
        capabilities = {
            "general": {"positionEncodings": list(encodings)},
            "textDocument": {"inlineCompletion": {}},
            "notebookDocument": {"synchronization": {}},
            "experimental": {"herdmate": {"explanation": True, "status": True}},
        }
        named = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        params = {
            "processId": None, "rootUri": None, "capabilities": capabilities,
            "workspaceFolders": named, "initializationOptions": {"stats": False},
        }  # fmt: skip
        answer = await asyncio.wait_for(self.ask("initialize", params)[1], 60)
        assert answer["result"]["capabilities"]["positionEncoding"] == encodings[0]
        self.notify("initialized", {})
        await self.until_heard()

    def write(self, data: bytes) -> None:
        """Hear what the server says."""
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            size = int(self._heard[:end].lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self._heard) < end + 4 + size:
                return
            message = json.loads(self._heard[end + 4 : end + 4 + size])
            self._heard = self._heard[end + 4 + size :]
            if "method" in message:
                self.notifications.append(message)
            elif (answer := self._answers.pop(message["id"], None)) and not answer.done():
                answer.set_result(message)

    def close(self) -> None:
        """Nothing is held."""

    def _say(self, message: dict[str, Any]) -> None:
        if message["method"] != _UNKNOWN:
            self.said_last = message["method"]
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._written.put_nowait(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))


@asynccontextmanager
async def peer(
    *folders: Path, encoding: str = "utf-16", model: Callable[[], Engine] | None = None
) -> AsyncIterator[Peer]:
    """A client that has introduced itself, and a server whose model is ready."""
    client = Peer()
    try:
        await client.initialize([encoding], *folders)
        host = client.session.model.answers.host
        with contextlib.suppress(NoModelError):
            await asyncio.wait_for(asyncio.shield(host._engine), 60)
        host._engine = asyncio.get_running_loop().create_future()
        host._engine.set_result(model() if model else Silent())
        yield client
    finally:
        await client.session.end()
        client.listening.cancel()
        await asyncio.wait([client.listening])


class Silent:
    """An engine in this process that has nothing to say."""

    process_id = None

    def start(self) -> None:
        """It is ready."""

    async def stop(self) -> None:
        """It was never more than this."""

    async def ready(self) -> ModelInfo:
        """At once."""
        return _INFO

    async def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None,
        on_read: OnRead = unheard,
    ) -> AsyncGenerator[Piece | Finished, None]:  # fmt: skip
        """A word, after others had their turn."""
        for _ in range(3):
            await asyncio.sleep(0)
        yield Piece("pass")
        yield Finished("stop", Usage())

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """About as many as a real one would count."""
        return [len(text) // 4 + 1 for text in texts]

    async def totals(self) -> Totals:
        """Nobody looks."""
        return Totals()


def _no_model(_settings: Settings, *_: object) -> Any:
    raise NoModelError("There is none; this is a test.")
