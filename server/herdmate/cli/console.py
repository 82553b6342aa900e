"""Tables, colours and wrapped text on the terminal, in which untrusted text is made harmless."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import rich.console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.syntax import Syntax

from herdmate.cli.terminal import look, write
from herdmate.printable import printable


class Console(rich.console.Console):
    """Rich's console, without markup in text and with no escapes but its own."""

    def __init__(self, **options: Any) -> None:
        if look().plain:
            options.setdefault("no_color", True)
        if look().quiet and options.get("stderr"):
            options.setdefault("quiet", True)
        super().__init__(markup=False, emoji=False, **options)

    def render(
        self,
        renderable: rich.console.RenderableType,
        options: rich.console.ConsoleOptions | None = None,
    ) -> Iterable[Segment]:
        """Everything shown passes through here."""
        return map(_harmless, super().render(renderable, options))

    def on_broken_pipe(self) -> None:
        """Leave it to ``main`` to end the command."""
        raise BrokenPipeError


class Waiting:
    """A spinner with the seconds, once nothing has come for a second, until something is shown."""

    def __init__(self, progress: Progress | None, text: str) -> None:
        self._progress, self._lock = progress, threading.Lock()
        if progress is not None:
            self._task = progress.add_task(text, total=None)
            self._timer = threading.Timer(_PATIENCE, self._begin)
            self._timer.daemon = True
            self._timer.start()

    @property
    def is_wanted(self) -> bool:
        """Can what is waited for still be shown?"""
        return self._progress is not None

    def tell(self, text: str) -> None:
        """Say what is waited for now."""
        if self._progress is not None:
            self._progress.update(self._task, description=text)

    def end(self) -> None:
        """Take the spinner away; may be called again."""
        with self._lock:
            progress, self._progress = self._progress, None
            if progress is not None:
                self._timer.cancel()
                progress.stop()

    def _begin(self) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress.start()


_PATIENCE = 1.0
"""Seconds without a word from us before we show that we are working."""


@contextmanager
def waiting(text: str) -> Iterator[Waiting]:
    """Show what is waited for, and for how long, if standard error is a terminal."""
    console, progress = Console(stderr=True), None
    if console.is_terminal and not console.is_dumb_terminal and not look().quiet:
        spinner = SpinnerColumn("dots" if console.encoding.startswith("utf") else "line")
        described = TextColumn("{task.description}", markup=False)
        progress = Progress(
            spinner, described, TimeElapsedColumn(), console=console, transient=True
        )
    shown = Waiting(progress, text)
    try:
        yield shown
    finally:
        shown.end()


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
