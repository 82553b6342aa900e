"""All command output passes through here, so that untrusted text cannot act on the terminal.

File names, model metadata, a model's answers and errors from other programs are untrusted. On a
terminal, and in everything written for people, control characters are shown by their numbers (see
``printable``). Code, diffs and JSON that go to a pipe or a file are left as they are, byte for
byte, as ``git`` and ``ls`` do: another program reads them.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import rich.console
from rich.segment import Segment
from rich.syntax import Syntax

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


class Parser(argparse.ArgumentParser):
    """Makes errors printable: they quote arguments, which a shell may have made of file names."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with code 2."""
        super().error(printable(message))


class LogFormatter(logging.Formatter):
    """One line per record; tracebacks are indented, so nothing can pass for another record."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Format the record on one line."""
        return printable(super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n"))

    def formatException(self, ei: Any) -> str:
        """Format a traceback, indented."""
        return printable("  " + super().formatException(ei).replace("\n", "\n  "))


def write(text: str) -> None:
    """Write code or data to standard output at once: made harmless on a terminal, else as is."""
    _put(sys.stdout, printable(text) if sys.stdout.isatty() else text)


def tell(text: str) -> None:
    """Write one or more lines for people to standard error."""
    _put(sys.stderr, f"{printable(text)}\n")


def _put(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a file name that is not text
        coding = stream.encoding
        stream.write(text.encode(coding, "backslashreplace").decode(coding))
    stream.flush()


def _harmless(segment: Segment) -> Segment:
    if segment.control:
        return segment
    style = segment.style
    if style is not None and style.link:  # never one of ours
        style = style.update_link(None)
    return Segment(printable(segment.text), style)


def show_diff(diff: str) -> None:
    """Print a unified diff: coloured on a terminal, plain otherwise."""
    console = Console(soft_wrap=True)
    if console.is_terminal:
        console.print(Syntax(diff, "diff", background_color="default"))
    else:
        write(diff)
