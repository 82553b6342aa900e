"""Tables, colours and wrapped text on the terminal, in which untrusted text is made harmless."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import rich.console
from rich.segment import Segment
from rich.syntax import Syntax

from herdmate.cli.terminal import write
from herdmate.printable import printable


class Console(rich.console.Console):
    """Rich's console, without markup in text and with no escapes but its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render(
        self,
        renderable: rich.console.RenderableType,
        options: rich.console.ConsoleOptions | None = None,
    ) -> Iterable[Segment]:
        """Everything shown passes through here."""
        return map(_harmless, super().render(renderable, options))


def show_diff(diff: str) -> None:
    """Print a unified diff: coloured on a terminal, plain otherwise."""
    console = Console(soft_wrap=True)
    if console.is_terminal:
        console.print(Syntax(diff, "diff", background_color="default"))
    else:
        write(diff)


def _harmless(segment: Segment) -> Segment:
    if segment.control:
        return segment
    style = segment.style
    if style is not None and style.link:  # never one of ours
        style = style.update_link(None)
    return Segment(printable(segment.text), style)
