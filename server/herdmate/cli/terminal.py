"""All that the commands print goes through here, so that no text of others acts on the terminal.

Names of files, what model files say of themselves, a model's answers, and errors of other programs
hold what somebody else put there. On a terminal, and in all that is written for people, signs that
act are shown by their numbers (see ``printable``). Code, diffs and JSON that go into a pipe or a
file stay as they are, byte for byte, as ``git`` and ``ls`` do it: another program reads them.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import rich.console
from rich.segment import Segment

from herdmate.printable import printable


class Console(rich.console.Console):
    """Rich's, which takes no markup out of text and passes no escapes on but its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render(
        self,
        renderable: rich.console.RenderableType,
        options: rich.console.ConsoleOptions | None = None,
    ) -> Iterable[Segment]:
        """Everything that is shown comes by here."""
        return map(_harmless, super().render(renderable, options))


class Parser(argparse.ArgumentParser):
    """Its errors name arguments, which a shell may have made of the names of files."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end with the exit code 2."""
        super().error(printable(message))


class LogFormatter(logging.Formatter):
    """One record a line, but for a traceback, which is indented: nothing looks like another."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The record's own line."""
        return printable(super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n"))

    def formatException(self, ei: Any) -> str:
        """A traceback."""
        return printable("  " + super().formatException(ei).replace("\n", "\n  "))


def write(text: str) -> None:
    """Write code or data to standard output at once: harmless on a terminal, else as it is."""
    _put(sys.stdout, printable(text) if sys.stdout.isatty() else text)


def tell(text: str) -> None:
    """Write a line or some for people to standard error."""
    _put(sys.stderr, f"{printable(text)}\n")


def _put(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a file's name that is no text
        coding = stream.encoding
        stream.write(text.encode(coding, "backslashreplace").decode(coding))
    stream.flush()


def _harmless(segment: Segment) -> Segment:
    if segment.control:
        return segment
    style = segment.style
    if style is not None and style.link:  # none is ever ours
        style = style.update_link(None)
    return Segment(printable(segment.text), style)
