"""A client that writes whatever a test likes to a real server process, and keeps all that comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

NOTHING = object()
"""Answers nothing at all."""

Answer = Callable[[dict[str, Any]], Any]
"""From a request of the server to the members of the response, or ``NOTHING``."""

GHOST = {"fim_middle": "return sum(items)", "": "It sums."}


def no_answer(_request: dict[str, Any]) -> Any:
    return NOTHING


class RawClient:
    """``answers`` are the server's responses by id as JSON writes it, ``told`` its notifications,
    ``asked`` its requests, all in their order; ``log`` is its standard error."""

    def __init__(self, process: asyncio.subprocess.Process, answer: Answer, log: Path) -> None:
        self.process, self.answer, self._log = process, answer, log
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.told: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._reading = asyncio.ensure_future(self._read())

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def shown(self) -> list[str]:
        """What popped up in the editor."""
        methods = ("window/showMessage", "window/showMessageRequest")
        return [m["params"]["message"] for m in self.told + self.asked if m["method"] in methods]

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    async def drain(self) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.drain()

    def send(self, message: Any) -> None:
        self.write(framed(json.dumps(message).encode()))

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(self, method: str, params: Any = None, number: Any = "asked") -> Any:
        """The one response to a request."""
        key = json.dumps(number)
        before = len(self.answers.get(key, ()))
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        await self.until(lambda: len(self.answers.get(key, ())) > before)
        return self.answers[key][-1]

    async def begin(self, capabilities: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Shake hands, and wait for the model."""
        params = {"processId": None, "rootUri": None, "capabilities": capabilities or {}, **more}
        answer = await self.request("initialize", params)
        assert "result" in answer, answer
        self.notify("initialized", {})

    async def end(self) -> int:
        """Say goodbye; the exit code."""
        if self.process.returncode is None:
            await self.request("shutdown", number="the last one")
            self.notify("exit")
        return await self.ended()

    async def ended(self, seconds: float = 60.0) -> int:
        """The exit code, once there is one."""
        return await asyncio.wait_for(self.process.wait(), seconds)

    async def until(self, there: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait until ``there`` answers something true, looking whenever something came in."""

        async def wait() -> Any:
            while not (found := there()):
                if self._reading.done():
                    raise AssertionError(f"the server has ended: {self.log[-2000:]}")
                self._changed.clear()
                await self._changed.wait()
            return found

        return await asyncio.wait_for(wait(), seconds)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        try:
            while header := await stream.readuntil(b"\r\n\r\n"):
                self._take(json.loads(await stream.readexactly(int(header.split(b":")[1]))))
                self._changed.set()
        except asyncio.IncompleteReadError:
            pass
        finally:
            self._changed.set()

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self.answers.setdefault(json.dumps(message["id"]), []).append(message)
        elif "id" not in message:
            self.told.append(message)
        else:
            self.asked.append(message)
            if (answer := self.answer(message)) is not NOTHING:
                self.send({"jsonrpc": "2.0", "id": message["id"], **answer})


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def raw_client(
    tmp_path: Path,
    answer: Answer = no_answer,
    replies: Mapping[str, str] = GHOST,
    seconds: float = 0.0,
    level: str = "info",
) -> AsyncIterator[RawClient]:
    """A client of a server with the fake engine; the server is killed where it has not ended."""
    script, log = tmp_path / "script.json", tmp_path / "log"
    script.write_text(json.dumps({"replies": replies, "seconds": seconds}))
    command = ["-m", "herdmate", "--log-level", level, "serve", "--fake-engine", str(script)]
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, limit=1 << 26,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    client = RawClient(process, answer, log)
    try:
        yield client
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        await client._reading
