"""All command output passes through here, so that untrusted text cannot act on the terminal.

File names, model metadata, a model's answers and errors from other programs are untrusted. On a
terminal, and in everything written for people, control characters are shown as their codes (see
``printable``). Code, diffs and JSON that go to a pipe or a file are left as they are, byte for
byte, as ``git`` and ``ls`` do: another program reads them.
"""

from __future__ import annotations

import base64
import codecs
import errno
import io
import json
import logging
import os
import stat
import sys
import textwrap
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TextIO

from herdmate.printable import printable


@dataclass(frozen=True, slots=True)
class Look:
    """How one command shows what it tells.

    ``quiet``: only errors go to standard error. ``plain``: no colours.
    """

    quiet: bool = False
    plain: bool = False


_USUAL = Look()
_look: ContextVar[Look] = ContextVar("look")


def look() -> Look:
    """How the command that is running shows what it tells."""
    return _look.get(_USUAL)


@contextmanager
def looking(chosen: Look) -> Iterator[None]:
    """Show everything in the block this way."""
    token = _look.set(chosen)
    try:
        yield
    finally:
        _look.reset(token)


class LogFormatter(logging.Formatter):
    """One line per record; tracebacks are indented, so nothing can pass for another record."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Format the record on one line."""
        return printable(super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n"))

    def formatException(self, ei: Any) -> str:
        """Format a traceback, indented."""
        return printable("  " + super().formatException(ei).replace("\n", "\n  "))


class LogHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error, and gives up on a record that cannot be written there.

    While something is ``held``, records wait, so that no line of the log tears an answer.
    """

    held: deque[logging.LogRecord] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, now or later."""
        if self.held is None:
            super().emit(record)
        else:
            self.held.append(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: there is nowhere left to say it."""


@contextmanager
def log_held() -> Iterator[None]:
    """Write what is logged in the block after it."""
    handlers = [item for item in logging.getLogger().handlers if isinstance(item, LogHandler)]
    for handler in handlers:
        handler.held = deque(maxlen=_MOST_HELD)
    try:
        yield
    finally:
        for handler in handlers:
            held, handler.held = handler.held or (), None
            for record in held:
                handler.emit(record)


_MOST_HELD = 10_000  # records; the last ones matter


def write(text: str) -> None:
    """Write code or data to standard output at once: made harmless on a terminal, else as is."""
    _put(sys.stdout, printable(text) if is_output_shown() else text)


def write_json(value: Any) -> None:
    """Write a value as JSON; what the output's encoding may lack is written as JSON's escapes."""
    coding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    data = json.dumps(value, indent=1, ensure_ascii=not coding.startswith("utf"), default=str)
    write(f"{data}\n")


def write_error_as_json(text: str) -> None:
    """Write why there is no result where JSON is expected."""
    write_json({"error": text})


def write_bytes(data: bytes, shown: str) -> None:
    """Write ``data`` to standard output as it is; on a terminal, ``shown`` made harmless."""
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None or is_output_shown():
        write(shown)
        return
    sys.stdout.flush()
    raw.write(data)
    raw.flush()


def tell(text: str) -> None:
    """Write one or more lines for people to standard error, unless they want none."""
    if not look().quiet:
        tell_error(text)


def tell_error(text: str) -> None:
    """Write a message to standard error, wrapped at words if that is a terminal."""
    shown = printable(text)
    if sys.stderr.isatty():
        width = max(columns_of(sys.stderr), 20)
        shown = "\n".join(_wrapped(line, width) for line in shown.split("\n"))
    with suppress(OSError, ValueError):  # there is no other place to tell it
        _put(sys.stderr, f"{shown}\n")


def can_ask() -> bool:
    """Is there a terminal on which the user sees questions and answers them?"""
    return sys.stdin.isatty() and is_output_shown()


def is_piped() -> bool:
    """Does another program, or a file, give what is read from standard input?"""
    with suppress(OSError, ValueError):
        mode = os.fstat(sys.stdin.fileno()).st_mode
        return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
    return False


def is_output_shown() -> bool:
    """Is standard output a terminal?"""
    return sys.stdout.isatty()


def is_told_below() -> bool:
    """Does a person see what is told below what was written?"""
    return is_output_shown() and sys.stderr.isatty() and not look().quiet


def is_output_piped() -> bool:
    """Does another program read what is written to standard output?"""
    with suppress(OSError, ValueError):
        return stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode)
    return False


def copy(text: str) -> bool:
    """Put a text on the clipboard, as terminals do it (OSC 52); ``False`` without a terminal."""
    if not is_output_shown():
        return False
    code = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    _put(sys.stdout, f"\x1b]52;c;{code}\x07")
    return True


@contextmanager
def keys_unseen() -> Iterator[None]:
    """Have the terminal not show what is pressed in the block, such as ``^C`` or a line's end.

    It would move the cursor, and what is drawn again from there would stand twice.
    """
    before = _without_echo()
    try:
        yield
    finally:
        if before:
            _set_modes(before)


def _without_echo() -> list[Any]:
    """End the terminal's echo; the modes it had before, or ``[]`` if it cannot be changed."""
    if sys.platform == "win32" or not is_output_shown():
        return []
    import termios

    try:
        terminal = sys.stdout.fileno()
        before, inside = termios.tcgetattr(terminal), termios.tcgetattr(terminal)
    except (OSError, ValueError, termios.error):
        return []
    inside[_LOCAL_MODES] &= ~termios.ECHO
    _set_modes(inside)
    return before


def _set_modes(modes: list[Any]) -> None:
    """Set the terminal's modes if it is ours: in the background that would stop the command."""
    import termios

    with suppress(OSError, ValueError, termios.error):
        terminal = sys.stdout.fileno()
        if os.tcgetpgrp(terminal) == os.getpgrp():
            termios.tcsetattr(terminal, termios.TCSANOW, modes)


_LOCAL_MODES = 3
"""Where ``termios`` has the modes of the line discipline."""


def columns_of(stream: TextIO) -> int:
    """The width of the terminal that a stream writes to; ``COLUMNS`` overrides it."""
    named = os.environ.get("COLUMNS", "")
    if named.isdigit() and int(named) > 0:
        return int(named)
    with suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns or 80
    return 80


def prepare_streams() -> None:
    """Make standard output and error accept every character, and exist even if they are closed."""
    codecs.register_error("herdmate", _nearest)
    if sys.stdin is None:
        sys.stdin = io.StringIO()
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="herdmate")


def flush() -> None:
    """Write out what is left, unless the server has closed it already. Raises ``OSError``."""
    if not sys.stdout.closed:
        sys.stdout.flush()


def abandon_output() -> None:
    """Send whatever is still written to nowhere: the reader is gone, or the device is full."""
    with suppress(OSError, ValueError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)


class _Closed(io.TextIOBase):
    """Standard output that was closed before the command started."""

    def write(self, text: str) -> int:
        """Fail as writing to a closed descriptor does."""
        raise OSError(errno.EBADF, "standard output is closed")


def _put(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a stream that was not prepared
        coding = stream.encoding
        stream.write(text.encode(coding, "backslashreplace").decode(coding))
    stream.flush()


def _wrapped(line: str, width: int) -> str:
    return textwrap.fill(
        line, width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False,
        drop_whitespace=True,
    )  # fmt: skip


_NEAREST = {
    "→": "->", "…": "...", "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "·": "*",
    "•": "*", "✓": "ok", "✗": "x", "×": "x", "─": "-", "━": "-", "│": "|", "█": "#", "▏": "|",
}  # fmt: skip
"""What stands for our own characters on a terminal that does not have them."""


def _nearest(error: UnicodeError) -> tuple[str, int]:
    """Replace what an encoding lacks: our own signs by similar ones, all else by its code."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_NEAREST.get(char) or _code(char) for char in lacking), error.end


def _code(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode("ascii")
