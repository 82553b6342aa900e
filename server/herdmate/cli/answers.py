"""A model's answer as it arrives: Markdown on a terminal, plain in a pipe."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable

from rich.console import Group
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from herdmate.cli.asking import asking, silence_told
from herdmate.cli.console import Console
from herdmate.cli.terminal import keys_unseen, log_held, write
from herdmate.engine.host import EngineHost
from herdmate.generation import Finished
from herdmate.printable import counted
from herdmate.prompting.template import open_fence


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
        with Live(console=console, refresh_per_second=8, transient=True) as live:
            draw()
            async with silence_told(host, draw) as hear:
                async for part in parts:
                    hear()
                    text += part
                    if (end := _whole(text, len(shown))) > len(shown):
                        console.print(Markdown(text[len(shown) : end], hyperlinks=False))
                        console.print()
                        shown = text[:end]
                    draw()
            live.update("")
    finally:  # what came stays, also if the rest is stopped
        console.print(Markdown(text[len(shown) :], hyperlinks=False))
    return text


def _whole(text: str, start: int) -> int:
    """Where the last paragraph begins that is not complete, outside any fence."""
    whole, at, fence = start, start, ""
    for match in re.finditer(r"\n[ \t]*\n", text[start:]):
        end = start + match.end()
        fence, at = open_fence(text[at:end], fence), end
        if not fence:
            whole = end
    return whole
