"""A client that writes and reads the protocol's messages as they are, for a server process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

_WITH_STATUS = {"experimental": {"herdmate": {"status": True}}}

_MAIN = """
import sys
from herdmate.__main__ import main
sys.exit(main())
"""

SECONDS = 30.0
"""A bound for hangs; what is promised are two seconds on a machine that is not busy."""


@dataclass
class Server:
    """A server process, and who speaks to it."""

    process: asyncio.subprocess.Process
    errors: Path

    async def say(self, method: str, params: Any, number: int | None = None) -> None:
        """Send a notification, or a request of this number."""
        message = {"method": method, "params": params}
        await self._send(message if number is None else {**message, "id": number})

    async def reply(self, number: Any, result: Any) -> None:
        """Answer a request."""
        await self._send({"id": number, "result": result})

    async def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await self.process.stdin.drain()

    async def hear(self) -> dict[str, Any]:
        """The next message."""
        assert self.process.stdout is not None
        header = await self.process.stdout.readuntil(b"\r\n\r\n")
        length = int(header.lower().split(b"content-length:")[1].split()[0])
        message: dict[str, Any] = json.loads(await self.process.stdout.readexactly(length))
        return message

    async def until(self, is_it: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Wait for a message."""

        async def wait() -> dict[str, Any]:
            while not is_it(message := await self.hear()):
                pass
            return message

        return await asyncio.wait_for(wait(), SECONDS)

    async def open_and_ask(self, number: int) -> None:
        """Open a document and have ghost text generated."""
        item = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "x = "}
        await self.say("textDocument/didOpen", {"textDocument": item})
        await self.say(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": "file:///a.py"},
                "position": {"line": 0, "character": 4},
                "context": {"triggerKind": 1},
            },
            number,
        )


@asynccontextmanager
async def server(
    tmp_path: Path,
    script: Mapping[str, Any] | None,
    model: str = "auto",
    prelude: str = "",
    command: tuple[str, ...] = (),
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    capabilities: Mapping[str, Any] = MappingProxyType(_WITH_STATUS),
) -> AsyncIterator[Server]:
    """A server that has been greeted by a client with a status; ``prelude`` changes it before."""
    flags = []
    if script is not None:
        (tmp_path / "script.json").write_text(json.dumps({"replies": {"": "x" * 300}, **script}))
        flags = ["--fake-engine", str(tmp_path / "script.json")]
    errors = tmp_path / "errors.txt"
    with errors.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(command or (sys.executable, "-c", f"{prelude}\n{_MAIN}")),
            *("serve", *flags),
            cwd=cwd,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, "HERDMATE_HOME": str(tmp_path / "home"), **(environment or {})},
            start_new_session=True,
        )
    found = Server(process, errors)
    try:
        params = {"processId": None, "rootUri": None, "capabilities": dict(capabilities)}
        await found.say("initialize", {**params, "initializationOptions": {"model": model}}, 1)
        await found.until(lambda message: message.get("id") == 1)
        await found.say("initialized", {})
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
