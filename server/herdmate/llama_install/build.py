"""Runs pip, and tells how far a build of llama.cpp is."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from herdmate.child_process import (
    NEUTRAL_FOLDER,
    end_session,
    environment,
    pip_command,
    start_blocking,
)
from herdmate.errors import InstallError
from herdmate.llama_install import VERSION
from herdmate.llama_install.download import Tell
from herdmate.llama_install.machine import Machine, build_environment
from herdmate.llama_install.progress import Pace
from herdmate.printable import one_line

INSTALL = ("install", "--disable-pip-version-check", "--no-input", "--progress-bar=off")

_COMPILED = re.compile(r"\[(\d{1,6})/(\d{1,6})\] ")
"""How Ninja begins the line of each file that it compiles."""

_WRONG = re.compile(r"\s*(?:error|ERROR): (?!subprocess-exited)\S")
_LONGEST_LINE = 1 << 16


def build(
    machine: Machine, work: Path, locked: tuple[Path, Path] | None, is_again: bool, tell: Tell
) -> None:
    """Build llama-cpp-python and install it. Raises ``InstallError``.

    ``work`` is a folder for temporary files. ``locked`` are the files that pin what builds it and
    itself; without them, pip fetches the tools that the source names. ``is_again``: a wheel that
    pip has built before is not used.
    """
    if not machine.compiler and machine.system != "windows":
        raise InstallError("llama.cpp has to be built here, which needs a C++ compiler.")
    own = environment()
    told = build_environment(machine, own)
    anew = ["--no-cache-dir"] if is_again or "CMAKE_ARGS" in told else []
    wanted = [f"llama-cpp-python=={VERSION}"]
    if locked is not None:
        tools, itself = locked
        tell("Fetching what builds llama.cpp")
        pip(["-U", "--require-hashes", "-r", str(tools)], own, work)
        wanted = ["--require-hashes", "--no-build-isolation", "-r", str(itself)]
    tell("Building llama.cpp")
    # Told in full by -v, line by line.
    options = ["-v", "--no-deps", "--force-reinstall", "--no-binary=llama-cpp-python", *anew]
    pip([*options, *wanted], own | told, work, compiled(tell))


def compiled(tell: Tell, clock: Callable[[], float] = time.monotonic) -> Callable[[str], None]:
    """Takes the lines of a build, and tells how many of its files are compiled."""
    pace: Pace | None = None

    def take(line: str) -> None:
        nonlocal pace
        if (found := _COMPILED.match(line.strip())) is None:
            return
        done, of, now = int(found[1]), int(found[2]), clock()
        pace = pace or Pace(now)
        if done == of or pace.is_due(now):
            left = pace.left(done, of, now)
            tell(f"Building llama.cpp: {done} of {of} files compiled{left}")

    return take


def pip(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    work: Path,
    take: Callable[[str], None] = lambda _: None,
) -> None:
    """Run ``pip install``; its words go to standard error, and to ``take`` line by line.

    If we are interrupted, it is ended with all compilers that it started. Raises ``InstallError``.
    """
    process = start_blocking(
        *pip_command(*INSTALL, *arguments),
        cwd=NEUTRAL_FOLDER,
        env={**variables, "TMPDIR": str(work), "TEMP": str(work), "TMP": str(work)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    wrong = last = ""
    try:
        assert process.stdout is not None
        while raw := process.stdout.readline(_LONGEST_LINE):
            line = raw.decode("utf-8", "replace").rstrip()
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
            take(line)
            last = line or last
            wrong = line if _WRONG.match(line) else wrong
        code = process.wait()
    finally:
        if process.poll() is None:
            _end(process)
    if code:
        raise InstallError(one_line(wrong or last or f"pip ended with {code}", 300))


def _end(process: subprocess.Popen[bytes]) -> None:
    end_session(process.pid, politely=True)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    end_session(process.pid)
    process.wait()
