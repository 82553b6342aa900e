"""What a terminal shows while the model reads a question and writes the answer."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Group
from rich.live import Live

from herdmate.cli import answers, asking
from herdmate.cli.asking import state_text
from herdmate.cli.console import Console
from herdmate.cli.main import main
from herdmate.engine.host import EngineHost, RequestRecord
from herdmate.generation import Finished, Prompt, Request, Text, Usage
from tests.cli.fake_command import use_fake_engine

_ENDED = Finished("end", Usage())
_CODE = "def total(x):\n" + "    x = x + 1\n" * 60 + "    return x\n"
_REPLY = "def total(x):\n    return x\n```\n"


@pytest.mark.parametrize(
    ("read", "tokens", "written", "finished", "said"),
    [
        (0, 0, 0, None, "Asking the model…"),
        (340, 1250, 0, None, "Reading, 340 of 1,250 tokens…"),
        (1250, 1250, 0, None, "Writing…"),
        (1250, 1250, 1, None, "Writing, 1 token so far…"),
        (0, 0, 7, None, "Writing, 7 tokens so far…"),  # by a server, which tells no more
        (1250, 1250, 7, _ENDED, "Asking the model…"),  # something else
    ],
)
def test_what_is_said(
    read: int, tokens: int, written: int, finished: Finished | None, said: str
) -> None:
    record = RequestRecord(Request(Prompt((Text("x"),)), "x", 1))
    record.read, record.tokens, record.written, record.finished = read, tokens, written, finished
    assert state_text(record) == said
    assert state_text(None) == "Asking the model…"


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        (["explain", "app.py"], 80), (["explain", "app.py", "--json"], 40),
        (["refactor", "simplify", "app.py"], 80),
    ],
)  # fmt: skip
def test_a_terminal_shows_how_much_is_read(
    words: list[str], columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _on_a_terminal(words, columns, tmp_path, monkeypatch)
    counts = [
        int(found[1].replace(",", ""))
        for found in re.finditer(r"Reading, ([\d,]+) of 1,\d{3} tokens", seen)
    ]
    assert counts
    assert counts == sorted(counts)
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", seen)
    assert all(len(line) <= columns for line in re.split(r"[\r\n]+", plain))


def test_nothing_of_it_is_seen_if_it_is_to_be_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _on_a_terminal(["-q", "explain", "app.py", "--json"], 80, tmp_path, monkeypatch)
    assert "Reading" not in seen


async def test_what_goes_on_is_said_below_an_answer_that_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as one about long code, of which each part is read when it is its turn."""
    paused, drawn = asyncio.Event(), []

    class Shown(Live):
        def update(self, renderable: Any, *, refresh: bool = False) -> None:
            drawn.append(renderable)
            if isinstance(renderable, Group):
                paused.set()

    async def parts() -> AsyncIterator[str]:
        yield "One."
        await paused.wait()
        yield " Two."

    host = EngineHost()
    host.last_request = RequestRecord(Request(Prompt((Text("x"),)), "x", 1), read=9, tokens=40)
    monkeypatch.setattr(answers, "Live", Shown)
    monkeypatch.setattr(asking, "_SILENCE", 0.0)
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    assert await answers._rendered(parts(), console, host) == "One. Two."
    with console.capture() as seen:
        console.print(next(item for item in drawn if isinstance(item, Group)))
    assert "One." in seen.get()
    assert "Reading, 9 of 40 tokens…" in seen.get()
    assert drawn[-1] == ""


def _on_a_terminal(words: list[str], columns: int, folder: Path, patch: pytest.MonkeyPatch) -> str:
    """What a slow model's answer shows on standard error, which is a terminal."""
    patch.setenv("HERDMATE_HOME", str(folder / "own"))
    patch.setenv("TERM", "xterm-256color")
    patch.setenv("COLUMNS", str(columns))
    patch.chdir(folder)
    (folder / "app.py").write_text(_CODE)
    use_fake_engine(patch, {"": _REPLY}, seconds=0.002)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    seen: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):
            while data := os.read(ours, 65536):
                seen.append(data)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with open(theirs, "w", encoding="utf-8") as stream:
        patch.setattr(sys, "stderr", stream)
        assert main(words) == 0
    reader.join(10)
    os.close(ours)
    return b"".join(seen).decode()
