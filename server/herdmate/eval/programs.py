"""Runs completed programs against their tests."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from herdmate import child_process
from herdmate.eval.holes import Trial

SECONDS = 10.0
"""How long a program may run."""

_MOST_TESTS = 20


async def passes(program: str, tests: tuple[Trial, ...]) -> bool:
    """Does a Python program print what its tests expect? It runs unguarded on this machine.

    It runs in a temporary folder, for at most ten seconds per test and at most twenty tests.
    """
    with tempfile.TemporaryDirectory() as folder:
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

    ``by`` is another program that is given its path and runs it.
    """
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-I", *([str(by)] if by else []), str(path)]
    process = await child_process.start(
        *command, cwd=path.parent, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(given.encode()), SECONDS)
    except asyncio.TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return None
    said = (part.decode("utf-8", "replace") for part in (output, errors))
    return Run(process.returncode, *said)
