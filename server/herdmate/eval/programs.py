"""Runs completed programs against their tests."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import BinaryIO

from herdmate import child_process
from herdmate.eval.holes import Trial

SECONDS = 10.0
"""How long a program may run."""

_MOST_TESTS = 20
_MOST_OUTPUT = 1_000_000


async def passes(program: str, tests: tuple[Trial, ...]) -> bool:
    """Does a Python program print what its tests expect? It runs unguarded on this machine.

    It runs in a temporary folder, for at most ten seconds per test and at most twenty tests.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(program, encoding="utf-8")
        for test in tests[:_MOST_TESTS]:
            run = await run_python(path, test.input)
            expected = [right.split() for right in test.outputs]
            if run is None or run.code or run.output.split() not in expected:
                return False
    return True


@dataclass(frozen=True, slots=True)
class Run:
    """What a program printed, and its exit code."""

    code: int | None
    output: str
    errors: str


async def run_python(path: Path, given: str = "", by: Path | None = None) -> Run | None:
    """Run a Python program in its folder; ``None`` if it does not end in ten seconds.

    Nothing that it started outlives it, unless it leaves the session. On Linux it also ends when it
    writes more than a megabyte. ``by`` is another program that is given its path and runs it.
    """
    command = [sys.executable, "-I", *([str(by)] if by else []), str(path)]
    with TemporaryFile() as source, TemporaryFile() as output, TemporaryFile() as errors:
        source.write(given.encode())
        source.seek(0)
        process = await child_process.start(
            *command, cwd=path.parent, stdin=source, stdout=output, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
        try:
            _limit(process.pid)
            code = await asyncio.wait_for(process.wait(), SECONDS)
        except asyncio.TimeoutError:
            return None
        finally:
            await child_process.end(process)
        return Run(code, _text(output), _text(errors))


def _limit(pid: int) -> None:
    """Bound what a program can do, even after an evaluation that is killed; on Linux."""
    if sys.platform == "linux":
        import resource

        most = {resource.RLIMIT_CPU: int(2 * SECONDS), resource.RLIMIT_FSIZE: _MOST_OUTPUT}
        with contextlib.suppress(ProcessLookupError):
            for kind, value in most.items():
                resource.prlimit(pid, kind, (value, value))


def _text(output: BinaryIO) -> str:
    output.seek(0)
    return output.read(_MOST_OUTPUT).decode("utf-8", "replace")
