"""A bench: what a vLLM's users wait for, alone and together, and how soon it stops when told to.

Run it as ``python -m tests.e2e.looks_at_vllm http://127.0.0.1:8123/v1`` beside one without a key.
Each person has a server process of their own, and files of this repository that nobody else has.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median

import herdmate
from herdmate.errors import HerdmateError
from herdmate.lsp.client import Client, connect
from herdmate.text import Document, Edit, Span

_RETURN = re.compile(r"(?<=\n    return ).+")
_RUNNING = re.compile(r"^vllm:num_requests_(?:running|waiting)\{.*\} (\S+)$", re.MULTILINE)


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--people", type=int, nargs="*", default=[1, 4, 20])
    given = parser.parse_args()
    asyncio.run(_measure(given.url, given.rounds, given.people))


async def _measure(url: str, rounds: int, people: Sequence[int]) -> None:
    files = _files()
    async with _person(url) as client:
        cold = list(islice(files, rounds))
        _tell("ghost text in a new file", [await _ghost(client, *place) for place in cold])
        _tell("after another key", [await _after_a_key(client, *place) for place in cold])
        answers = [await _explanation(client, *next(files)) for _ in range(rounds)]
        _tell("an explanation's first words", [first for first, _ in answers])
        _tell("a whole explanation", [whole for _, whole in answers])
        _tell("idle after a stop", [await _stop(client, url, *next(files)) for _ in range(rounds)])
    for number in people:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(_person(url)) for _ in range(number)]
            waits = [_ghost(client, *next(files)) for client in clients]
            _tell(f"ghost text for {number} at once", await asyncio.gather(*waits))
            both = [_explanation(client, *next(files)) for client in clients]
            answers = await asyncio.gather(*both)
            _tell(f"first words for {number} at once", [first for first, _ in answers])


def _files() -> Iterator[tuple[Document, int]]:
    """Files of our own with the place of what a function returns, which is taken out."""
    for path in sorted(Path(herdmate.__file__).parent.rglob("*.py"), key=lambda path: path.name):
        text = path.read_text("utf-8")
        if len(text) > 3000 and (found := _RETURN.search(text, 2000)):
            text = text[: found.start()] + text[found.end() :]
            yield Document(path.as_uri(), "python", text), found.start()


@asynccontextmanager
async def _person(url: str) -> AsyncIterator[Client]:
    settings = {"remote": {"url": url}, "completion": {"timeBox": 0}}
    async with connect(settings, "--log-level", "error") as client:
        await client.ready(lambda _message, _fraction: None)
        yield client


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.monotonic()
    await work()
    return time.monotonic() - begun


async def _ghost(client: Client, document: Document, offset: int) -> float:
    client.open(document)
    return await _timed(lambda: client.ghost_text(document, offset))


async def _after_a_key(client: Client, document: Document, offset: int) -> float:
    """For a key that hardly anyone could foresee."""
    edit = Edit(Span(offset, offset), "z")
    client.change(document, edit, 2)
    text = f"{document.text[:offset]}z{document.text[offset:]}"
    return await _timed(lambda: client.ghost_text(replace(document, text=text), offset + 1))


async def _explanation(client: Client, document: Document, offset: int) -> tuple[float, float]:
    """The seconds to its first words and to its end."""
    client.open(document)
    begun, first = time.monotonic(), 0.0
    span = Span(max(offset - 600, 0), offset)
    async for part in client.explain(document, span):
        first = first or (time.monotonic() - begun if part.strip() else 0.0)
    return first, time.monotonic() - begun


async def _stop(client: Client, url: str, document: Document, offset: int) -> float:
    """The seconds from Cancel until the server has nothing to do."""
    client.open(document)
    span = Span(max(offset - 600, 0), offset)
    begun = 0.0
    with suppress(HerdmateError):  # it was stopped
        async for part in client.explain(document, span):
            if part.strip() and not begun:
                begun = time.monotonic()
                client.stop_explaining()
    while await asyncio.to_thread(_is_busy, url):  # noqa: ASYNC110 - nothing tells when
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


def _is_busy(url: str) -> bool:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/metrics", timeout=60) as answer:
        return any(float(number) for number in _RUNNING.findall(answer.read().decode()))


def _tell(what: str, seconds: Sequence[float]) -> None:
    shown = f"median {median(seconds):.2f} s, longest {max(seconds):.2f} s"
    print(f"{what}: {shown} of {len(seconds)}", flush=True)  # noqa: T201 - a program's output


if __name__ == "__main__":
    main()
