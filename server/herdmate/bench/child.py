"""A child process of the bench that holds a model: one question per line, one answer per line.

It ends when its input ends, so it never outlives the bench.
"""

from __future__ import annotations

import asyncio
import os
import queue
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from herdmate import child_process
from herdmate.child_process import end_with_parent, from_parent, python_command
from herdmate.engine import wire
from herdmate.errors import EngineError

Answerer = Callable[[dict[str, Any]], dict[str, Any]]


class Child:
    """The bench's handle on one such process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question. Raises ``EngineError`` if the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(wire.encode(question))
        line = await self._process.stdout.readline()
        if not line:
            raise EngineError(
                f"A benchmark process ended (exit code {await self._process.wait()}); "
                "see its output above."
            )
        return wire.decode(line)


@asynccontextmanager
async def child(module: str, first: dict[str, Any]) -> AsyncIterator[Child]:
    """Run a module whose ``main`` calls ``serve``, and send it the first question."""
    pipe = asyncio.subprocess.PIPE
    process = await child_process.start(
        *python_command(module), stdin=pipe, stdout=pipe, limit=wire.LINE_LIMIT,
        start_new_session=True,
    )  # fmt: skip
    try:
        answering = Child(process)
        await answering.ask(first)
        yield answering
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def serve(start: Callable[[dict[str, Any]], Answerer]) -> None:
    """Answer questions until the input ends; ``start`` handles the first, its result the rest.

    Output of native code goes to standard error.
    """
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    answer: Answerer | None = None
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    end_with_parent(from_parent(), lines.put)
    while True:
        question = wire.decode(lines.get())
        if answer is None:
            answer, said = start(question), {}
        else:
            said = answer(question)
        output.write(wire.encode(said))
        output.flush()
