"""Buggy functions with tests that fail on them: HumanEvalPack's Python part (arXiv 2308.07124)."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from herdmate.errors import SelectionError
from herdmate.eval.programs import SECONDS, run_python
from herdmate.text import Span


@dataclass(frozen=True, slots=True)
class Flaw:
    """A file with one buggy function, and test code to append that fails because of the bug."""

    name: str
    code: str
    function: str
    tests: str

    @property
    def head(self) -> Span:
        """The first line of the function."""
        start = re.search(rf"^def {re.escape(self.function)}\b", self.code, re.MULTILINE)
        at = start.start() if start else 0
        return Span(at, self.code.find("\n", at))

    @property
    def before(self) -> str:
        """What precedes the function: imports, and other functions that it uses."""
        return self.code[: self.head.start]


def read_flaws(path: Path) -> Iterator[Flaw]:
    """The flaws in a set. Raises ``SelectionError`` if it cannot be read."""
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                code = row["prompt"] + row["buggy_solution"]
                yield Flaw(row["task_id"], code, row["entry_point"], row["test"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SelectionError(
            f"{path} is not a set of bugs that Herdmate can read ({error!r}); use HumanEvalPack's "
            "Python part, as .jsonl."
        ) from error


async def failure_of(code: str, tests: str) -> str | None:
    """A test's failure on this code, as a test runner would report it; ``None`` if all pass.

    The program runs unguarded on this machine, in a temporary folder, for at most ten seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(f"{code}\n\n{tests}\n", encoding="utf-8")
        run = await run_python(path)
    if run is None:
        return f"TimeoutError: no end after {SECONDS:.0f} seconds"
    return _failure(run.errors, tests) if run.code else None


def _failure(traceback: str, tests: str) -> str:
    """The error, and the line of the tests that caused it."""
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    error = lines[-1] if lines else "the program failed"
    known = {line.strip() for line in tests.splitlines() if line.strip()}
    failed = next((line for line in reversed(lines) if line in known), "")
    return f"{error} in `{failed}`" if failed and failed not in error else error
