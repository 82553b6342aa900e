"""Runs a command on a pseudo-terminal, in this process, and presses keys at its questions."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import threading
from collections.abc import Sequence

import pytest
from prompt_toolkit.application import create_app_session

from herdmate.cli.main import main

Step = tuple[str, str]
"""What to wait for after the last step, and the keys to press then."""

_PATIENCE = 120.0  # seconds

IN_A_SESSION = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A program that makes the terminal that of its session, so that Ctrl-C stops what it runs."""


class _Person(threading.Thread):
    """Reads what is shown, and presses the keys of each step once its text has come."""

    def __init__(self, terminal: int, steps: Sequence[Step]) -> None:
        super().__init__(daemon=True)
        self._terminal, self._steps = terminal, list(steps)
        self.shown = b""
        self.start()

    def run(self) -> None:
        seen = 0
        with contextlib.suppress(OSError):  # how Linux tells that the other side is closed
            while data := self._read():
                self.shown += data
                while self._steps and self._steps[0][0].encode() in self.shown[seen:]:
                    text, keys = self._steps.pop(0)
                    seen = self.shown.index(text.encode(), seen) + len(text.encode())
                    os.write(self._terminal, keys.encode())

    def _read(self) -> bytes:
        """What came next; presses Ctrl-C where nothing comes, so that a test fails soon."""
        while not select.select([self._terminal], [], [], _PATIENCE)[0]:
            os.write(self._terminal, b"\x03")
        return os.read(self._terminal, 65536)

    @property
    def left(self) -> list[Step]:
        """The steps whose text has not come."""
        return self._steps


def run_at_terminal(
    words: Sequence[str], steps: Sequence[Step], patch: pytest.MonkeyPatch
) -> tuple[int, str]:
    """The exit code, and all that was shown; every step's text must have come."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    patch.setenv("TERM", "xterm")
    patch.setenv("NO_COLOR", "1")
    patch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    patch.delenv("COLUMNS", raising=False)
    person = _Person(ours, steps)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, theirs)
        inner = stack.enter_context(patch.context())
        stack.enter_context(create_app_session())
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            stream = stack.enter_context(open(theirs, mode, encoding="utf-8", closefd=False))
            inner.setattr(sys, name, stream)
        code = main(words)
    person.join(30)
    os.close(ours)
    assert not person.left, person.shown.decode("utf-8", "replace")
    return code, person.shown.decode("utf-8", "replace").replace("\r\n", "\n")
