"""Runs completed programs against their tests."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path

from herdmate import child_process
from herdmate.eval.holes import Trial

_SECONDS = 10.0
_MOST_TESTS = 20


async def passes(program: str, tests: tuple[Trial, ...]) -> bool:
    """Does a Python program print what its tests expect? It runs unguarded on this machine.

    It runs in a temporary folder, for at most ten seconds per test and at most twenty tests.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(program, encoding="utf-8")
        for test in tests[:_MOST_TESTS]:
            output = await _output(path, test.input)
            if output is None or output.split() not in [right.split() for right in test.outputs]:
                return False
    return True


async def _output(path: Path, given: str) -> str | None:
    """A program's output; ``None`` if it fails or does not end in time."""
    process = await child_process.start(
        sys.executable, "-I", str(path), cwd=path.parent,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        out, _ = await asyncio.wait_for(process.communicate(given.encode()), _SECONDS)
    except asyncio.TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return None
    return out.decode("utf-8", "replace") if process.returncode == 0 else None
