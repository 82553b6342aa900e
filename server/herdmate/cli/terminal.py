"""All command output passes through here, so that untrusted text cannot act on the terminal.

File names, model metadata, a model's answers and errors from other programs are untrusted. On a
terminal, and in everything written for people, control characters are shown as their codes (see
``printable``). Code, diffs and JSON that go to a pipe or a file are left as they are, byte for
byte, as ``git`` and ``ls`` do: another program reads them.
"""

from __future__ import annotations

import argparse
import logging
import sys
from typing import Any, NoReturn

from herdmate.printable import printable


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
