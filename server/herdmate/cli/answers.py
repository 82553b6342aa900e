"""A model's answer as it arrives: Markdown on a terminal, plain in a pipe."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from rich.console import Group
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from herdmate.cli.asking import asking, silence_told
from herdmate.cli.console import Console
from herdmate.cli.terminal import is_told_below, keys_unseen, log_held, write
from herdmate.engine.host import EngineHost
from herdmate.generation import Finished, ModelInfo
from herdmate.printable import counted
from herdmate.prompting.template import open_fence

Show = Callable[[AsyncIterator[str], EngineHost], Awaitable[str]]
"""Shows an answer while it comes, or gathers it."""

_BETWEEN_DRAWINGS = 1 / 8
"""Seconds between two drawings of a paragraph that grows."""


async def show_answer(parts: AsyncIterator[str], host: EngineHost) -> str:
    """Show an answer while it streams, and return all of it; what is logged comes after it."""
    with log_held():
        return await _shown(parts, host)


async def _shown(parts: AsyncIterator[str], host: EngineHost) -> str:
    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        with keys_unseen():
            return await _rendered(parts, console, host)
    text = ""
    async with asking(host) as shown:
        async for part in parts:
            shown.end()
            text += part
            write(part)
    write("\n")
    return text


async def gathered(parts: AsyncIterator[str], host: EngineHost) -> str:
    """The whole answer, shown nowhere."""
    text = ""
    async with asking(host):
        async for part in parts:
            text += part
    return text


def cut_off(ends: Iterable[Finished]) -> str:
    """Why an answer stops before its end, and what gives more of it; ``""`` if it does not."""
    for end in ends:
        tokens = counted(end.usage.generated_tokens, "token")
        if end.reason == "length":
            return f"The answer is cut off after {tokens}; --max-tokens allows more."
        if end.reason == "context":
            return (
                f"The answer is cut off after {tokens}, where the model's context is full; "
                "name fewer lines, or raise --context."
            )
        if end.reason == "repeating":
            return f"The model began to repeat itself and was stopped after {tokens}."
    return ""


def comment(info: ModelInfo) -> None:
    """Say below the answers of a command who gave them, that they may be wrong, and what is next.

    Only for people: in a pipe, or with ``-q``, an answer stands alone.
    """
    if is_told_below():
        said = f"{info.shown} wrote this; it can be wrong, so check it."
        console = Console(stderr=True, highlight=False)
        console.print(Text(f"{said}\n{_FOLLOW_UP}", style="dim"))


_FOLLOW_UP = 'To ask about it: herdmate chat --resume "…"'


async def _rendered(parts: AsyncIterator[str], console: Console, host: EngineHost) -> str:
    """Whole paragraphs stay; only the last one is drawn again while it grows."""
    text = shown = ""
    async with asking(host) as spinner:
        async for first in parts:
            spinner.end()
            text = first
            break

    def draw(note: str = "") -> None:
        rest = Markdown(text[len(shown) :], hyperlinks=False)
        below = Text(note, style="dim", no_wrap=True, overflow="ellipsis")
        live.update(Group(rest, below) if note else rest)

    try:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            draw()
            async with _refreshed(live), silence_told(host, draw) as hear:
                async for part in parts:
                    hear()
                    text += part
                    if (end := _whole(text, len(shown))) > len(shown):
                        whole, shown = text[len(shown) : end], text[:end]
                        with console:  # in one write: what becomes whole never stands there twice
                            draw()
                            live.refresh()
                            console.print(Markdown(whole, hyperlinks=False))
                            console.print()
                    draw()
            live.update("")
    finally:  # what came stays, also if the rest is stopped
        console.print(Markdown(text[len(shown) :], hyperlinks=False))
    return text


@asynccontextmanager
async def _refreshed(live: Live) -> AsyncIterator[None]:
    """Draw again what grows, in the block; Rich's own thread could do it amid what is printed."""

    async def refresh() -> None:
        while True:
            await asyncio.sleep(_BETWEEN_DRAWINGS)
            live.refresh()

    refreshing = asyncio.ensure_future(refresh())
    try:
        yield
    finally:
        refreshing.cancel()


def _whole(text: str, start: int) -> int:
    """Where the last paragraph begins that is not complete, outside any fence."""
    whole, at, fence = start, start, ""
    for match in re.finditer(r"\n[ \t]*\n", text[start:]):
        end = start + match.end()
        fence, at = open_fence(text[at:end], fence), end
        if not fence:
            whole = end
    return whole
