"""Every command line ends in its exit code and one sentence, whatever the terminal is like."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from herdmate import child_process
from herdmate.cli.main import main
from tests.cli.command_lines import ASKED, LINES, PAGES, Line
from tests.cli.fake_command import use_fake_engine

CODE = "def total(x):\n    y = x + 1\n    return y\n\nprint(total(1))\n"
REPLIES = {
    "fim_middle": "1", "Simplify this": "def total(x):\n    return x + 1\n```\n",
    "": "It **adds**.\n\nThat is all: → done.",
}  # fmt: skip


@dataclass(frozen=True)
class Mode:
    """How the two streams are: a terminal of ``columns``, or pipes."""

    columns: int = 0
    encoding: str = "utf-8"
    environment: dict[str, str] = field(default_factory=dict)


MODES = {
    "pipe": Mode(), "40 columns": Mode(40), "80 columns": Mode(80), "200 columns": Mode(200),
    "NO_COLOR": Mode(80, environment={"NO_COLOR": "1"}),
    "dumb": Mode(80, environment={"TERM": "dumb"}),
    "ascii": Mode(encoding="ascii", environment={"LC_ALL": "C"}), "cp1252": Mode(80, "cp1252"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files to work on, no model, no settings, no network."""
    place = tmp_path / "work"
    place.mkdir()
    for name, data in {
        "app.py": CODE.encode(), "latin.py": CODE.replace("total", "é").encode("latin-1"),
        "hole.py": b"def total():\n    return \n", "empty.py": b"",
        "binary.dat": bytes(range(256)), "a:bug:.py": CODE.encode(),
        "read_only.py": CODE.encode(), ".env": b"KEY=1\n", "old.bin": b"tjgg" + bytes(64),
        "twice.py": b"class A:\n    def run(self):\n        return 1\n\n\nclass B:\n"
        b"    @property\n    def run(self):\n        return 2\n",
        "patch.diff": b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
    }.items():  # fmt: skip
        (place / name).write_bytes(data)
    (place / "read_only.py").chmod(0o444)
    (place / "link.py").symlink_to(place / "app.py")
    (place / "folder").mkdir()
    for name in list(os.environ):
        if name.startswith("HERDMATE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("HERDMATE_CONFIG", str(tmp_path / "own" / "config.toml"))
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "HF_HOME", "OLLAMA_MODELS", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(place)
    monkeypatch.setattr(child_process, "_started_in", None)  # serve leaves the folder
    return place


class _Reader(threading.Thread):
    """Collects what arrives at one end, so that the other never blocks."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True)
        self._descriptor, self.data = descriptor, b""
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._descriptor, 65536):
                self.data += data
        os.close(self._descriptor)


@contextlib.contextmanager
def _stream(mode: Mode) -> Iterator[tuple[io.TextIOWrapper, _Reader]]:
    ours, theirs = pty.openpty() if mode.columns else os.pipe()
    if mode.columns:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, mode.columns, 0, 0))
        settings = termios.tcgetattr(theirs)
        settings[1] &= ~termios.OPOST
        termios.tcsetattr(theirs, termios.TCSANOW, settings)
    reader = _Reader(ours)
    with open(theirs, "w", encoding=mode.encoding, newline="") as stream:
        yield stream, reader


def _run(line: Line, mode: Mode, patch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    """Exit code, and what was written to the two streams."""
    for name, value in mode.environment.items():
        patch.setenv(name, value)
    if mode.columns:
        patch.setenv("COLUMNS", str(mode.columns))
    patch.setattr(sys, "stdin", io.StringIO(line.stdin))
    with _stream(mode) as (out, out_reader), _stream(mode) as (err, err_reader):
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            code = main([word.replace("\\0", "\0") for word in shlex.split(line.words)])
        except SystemExit as end:
            code = int(end.code or 0)
        out.flush()
        err.flush()
    for reader in (out_reader, err_reader):
        reader.join(10)
    return code, out_reader.data.decode(mode.encoding), err_reader.data.decode(mode.encoding)


def _files(place: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(place)): (path.read_bytes(), path.stat().st_mode)
        for path in place.rglob("*") if path.is_file() and not path.is_symlink()
    }  # fmt: skip


_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7][0-9;]*m")


def _check(line: Line, mode: Mode, code: int, out: str, err: str) -> None:
    said = f"{line.words!r}: {code}\n{out[-400:]}\n{err[-400:]}"
    assert code == line.code, said
    assert "Traceback" not in out + err, said
    assert "inside Herdmate" not in err, said
    for stream, expected in ((out, line.out), (err, line.err)):
        plain = " ".join(_ESCAPE.sub("", stream).split())
        if expected == "":
            assert plain == "" or (stream is err and code == 0 and mode.columns), said
        elif expected != "*" and mode.encoding == "utf-8":
            pattern = expected if "|" in expected else re.escape(" ".join(expected.split()))
            room = mode.columns == 40 and stream is out  # columns may be left out
            assert re.search(pattern, plain) or room, said
    if code and not mode.columns and code != 130:
        assert err.count("\n") == 1 or line.out or line.err == "*", said
    if mode.columns and code:
        width = max(mode.columns, 80) + 10 * (mode.encoding != "utf-8")
        lines = _ESCAPE.sub("", err).split("\n")
        assert all(len(text) <= width for text in lines if " " in text), said  # a path is not cut
    if "NO_COLOR" in mode.environment:
        assert not _COLOUR.search(out + err), said
    if mode.environment.get("TERM") == "dumb" or not mode.columns:
        assert "\x1b" not in out + err, said
    assert "herdmate.model " not in err, said
    assert "herdmate.engine" not in err, said


def test_there_are_enough() -> None:
    assert len(LINES) + len(ASKED) >= 150
    assert len({line.words for line in LINES}) == len(LINES)


def _some(mode: str) -> list[Line]:
    """A third of the lines, another one in each mode, and one page of help."""
    others = [line for line in LINES if line not in PAGES]
    return [PAGES[0], *others[list(MODES).index(mode) % 3 :: 3]]


@pytest.mark.parametrize("mode", MODES)
def test_command_lines(mode: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = []
    is_whole = mode in ("pipe", "80 columns", "cp1252")
    for line in LINES if is_whole else _some(mode):
        before = _files(folder)
        with monkeypatch.context() as patch:
            code, out, err = _run(line, MODES[mode], patch)
        try:
            _check(line, MODES[mode], code, out, err)
            assert _files(folder) == before, line.words
        except AssertionError as error:
            wrong.append(str(error).split("\nassert")[0])
        if line.changed:
            (folder.parent / "own" / "config.toml").unlink(missing_ok=True)
    assert not wrong, "\n\n".join([f"{len(wrong)} wrong", *wrong[:12]])


def _one_of_each(lines: Sequence[Line]) -> list[Line]:
    """One line for each way to show an answer: of each command, for people and for programs."""
    ways = {(line.words.split()[0], "--json" in line.words, line.changed): line for line in lines}
    return list(ways.values())


@pytest.mark.parametrize("mode", ["pipe", "80 columns", "cp1252"])
def test_lines_that_ask_a_model(mode: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_engine(monkeypatch, REPLIES)
    for line in ASKED if mode == "pipe" else _one_of_each(ASKED):
        before = _files(folder)
        with monkeypatch.context() as patch:
            code, out, err = _run(line, MODES[mode], patch)
        said = f"{line.words!r}: {code}\n{out}\n{err}"
        assert code == line.code, said
        plain = _ESCAPE.sub("", out)
        wanted = line.out if MODES[mode].columns == 0 or "dumb" in mode else line.out.strip("*# ")
        assert wanted.replace("**", "") in plain.replace("**", ""), said
        assert line.err in err, said
        changed = {name for name, found in _files(folder).items() if before[name] != found}
        assert changed == set(line.changed), said
        for name in changed:
            (folder / name).write_bytes(before[name][0])


def _shell(command: str, folder: Path) -> tuple[int, str]:
    herdmate = Path(sys.executable).with_name("herdmate")
    command = f"set -o pipefail; {command.replace('herdmate', str(herdmate), 1)}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONUTF8": "1"}, cwd=folder)  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("command", "code", "err"),
    [
        ("herdmate models list --json > /dev/full", 1, "No space left on device"),
        ("herdmate --help > /dev/full", 1, "No space left on device"),
        ("herdmate config show >&-", 1, "standard output is closed"),
        ("herdmate nonsense 2>&-", 2, ""),
        ("herdmate nonsense 2> /dev/full", 2, ""),
        ("herdmate models list --all | head -1 > /dev/null", 141, ""),
        ("herdmate explain - <&-", 1, "no code"),
        ("herdmate refactor simplify app.py < /dev/null", 1, "no model"),
    ],
)
def test_streams_that_fail(command: str, code: int, err: str, folder: Path) -> None:
    found, said = _shell(command, folder)
    assert found in (code, 0) if code == 141 else found == code, said
    assert err in said
    assert said.count("\n") <= 1 or not found, said
    assert "Exception ignored" not in said


def test_a_process_on_a_real_terminal(folder: Path) -> None:
    """The same where nothing is replaced: the width is the terminal's own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    reader = _Reader(ours)
    command = [sys.executable, "-m", "herdmate", "models", "list"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        assert process.wait(60) == 0
    reader.join(10)
    lines = [_ESCAPE.sub("", line) for line in reader.data.decode().split("\r\n")]
    assert any(line.startswith("Not shown for lack of room: ") for line in lines)
    assert max(map(len, lines)) <= 50
