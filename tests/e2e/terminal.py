"""A full-screen program in a terminal: real keys go in, the real screen comes out. Needs tmux."""

from __future__ import annotations

import secrets
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


class Terminal:
    """A program of 100 columns and 30 rows, in a tmux server of its own."""

    def __init__(self, program: Sequence[str], folder: Path, environment: Mapping[str, str]):
        socket = folder / f"tmux-{secrets.token_hex(4)}"  # an earlier server may still be closing
        self._tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(socket)]
        variables = [f"{name}={value}" for name, value in environment.items()]
        line = shlex.join(["exec", "env", *variables, *program])
        size = ["-x", "100", "-y", "30"]
        self._run("new-session", "-d", *size, "-c", str(folder), line)
        self._run("set", "-g", "escape-time", "0", ";", "set", "-g", "remain-on-exit", "on")
        self.pid = int(self._run("display-message", "-p", "#{pane_pid}"))

    def keys(self, *keys: str) -> None:
        """Press keys by tmux's names of them, such as ``Enter``, ``C-g`` or ``M-x``."""
        for key in keys:
            self._run("send-keys", key)
            if key == "Escape":  # read together with the next key it would be Alt and that key
                time.sleep(0.3)

    def type(self, text: str) -> None:
        """Type a text."""
        self._run("send-keys", "-l", text)

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return self._run("capture-pane", "-p")

    @property
    def coloured_screen(self) -> str:
        """The same with the escape sequences of its colours."""
        return self._run("capture-pane", "-p", "-e")

    @property
    def ended(self) -> bool:
        """Whether the program has closed the terminal.

        tmux also draws "Pane is dead", but never where it overlooks that its child has exited.
        """
        return self._run("display-message", "-p", "#{pane_dead}").strip() == "1"

    def until(self, there: Callable[[], Any], seconds: float = 120.0) -> Any:
        """Wait until ``there`` answers something true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := there():
                return found
            time.sleep(0.05)
        raise AssertionError(f"timed out; the screen was\n{self.screen}")

    def close(self) -> None:
        """End the program, whatever it is doing."""
        self._run("kill-server")

    def _run(self, *arguments: str) -> str:
        command = [*self._tmux, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
