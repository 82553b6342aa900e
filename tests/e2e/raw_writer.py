"""What a server in this process writes, message by message."""

from __future__ import annotations

import asyncio
import json
from typing import Any

_SECONDS = 60.0  # the machine may be busy


class Writer:
    """Keeps the bytes of each message that is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self._more = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self._more.set()

    def close(self) -> None:
        """Nothing is open."""

    async def message(self, index: int) -> dict[str, Any]:
        """One of the messages, once it is written."""

        async def wait() -> None:
            while len(self.written) <= index:
                self._more.clear()
                await self._more.wait()

        await asyncio.wait_for(wait(), _SECONDS)
        found: dict[str, Any] = json.loads(self.written[index].split(b"\r\n\r\n")[1])
        return found
