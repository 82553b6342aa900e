"""A model's answer as it arrives: Markdown on a terminal, plain in a pipe."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from rich.live import Live
from rich.markdown import Markdown

from herdmate.cli.console import Console, waiting
from herdmate.cli.terminal import write

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*(.*)$", re.MULTILINE)


async def show_answer(parts: AsyncIterator[str]) -> str:
    """Show an answer while it streams, and return all of it."""
    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        return await _rendered(parts, console)
    text = ""
    with waiting("Asking the model…") as shown:
        async for part in parts:
            shown.end()
            text += part
            write(part)
    write("\n")
    return text


async def gathered(parts: AsyncIterator[str]) -> str:
    """The whole answer, shown nowhere."""
    text = ""
    with waiting("Asking the model…"):
        async for part in parts:
            text += part
    return text


async def _rendered(parts: AsyncIterator[str], console: Console) -> str:
    """Whole paragraphs stay; only the last one is drawn again while it grows."""
    text = shown = ""
    with waiting("Asking the model…") as spinner:
        async for first in parts:
            spinner.end()
            text = first
            break
    try:
        with Live(console=console, refresh_per_second=8, transient=True) as live:
            live.update(Markdown(text, hyperlinks=False))
            async for part in parts:
                text += part
                if (end := _whole(text, len(shown))) > len(shown):
                    console.print(Markdown(text[len(shown) : end], hyperlinks=False))
                    console.print()
                    shown = text[:end]
                live.update(Markdown(text[len(shown) :], hyperlinks=False))
            live.update("")
    finally:  # what came stays, also if the rest is stopped
        console.print(Markdown(text[len(shown) :], hyperlinks=False))
    return text


def _whole(text: str, start: int) -> int:
    """Where the last paragraph begins that is not complete, outside any fence."""
    whole, at, fence = start, start, ""
    for match in re.finditer(r"\n[ \t]*\n", text[start:]):
        end = start + match.end()
        fence, at = _open_fence(text[at:end], fence), end
        if not fence:
            whole = end
    return whole


def _open_fence(text: str, fence: str) -> str:
    """The fence that is open after a text, if any; ``fence`` is the one open before it."""
    for mark, rest in _FENCE.findall(text):
        if not fence:
            fence = "" if "`" in mark and "`" in rest else mark
        elif mark.startswith(fence) and not rest.strip():
            fence = ""
    return fence
