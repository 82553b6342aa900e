"""Buggy functions with tests that fail on them, and what a test says of one.

They are HumanEvalPack's Python part (arXiv 2308.07124), or planted: see ``eval.planted``.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from herdmate.errors import SelectionError, reason_of
from herdmate.eval import values_of_assertions
from herdmate.eval.programs import SECONDS, run_python
from herdmate.text import Span

_LONGEST = 500  # characters of an error
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Flaw:
    """A file with one buggy function, and test code to append that fails because of the bug.

    ``kind`` is the kind of bug, if it is known.
    """

    name: str
    code: str
    function: str
    tests: str
    kind: str = ""

    @property
    def half(self) -> Literal["first", "second"]:
        """The half of any set that it belongs to."""
        return half_of(self.name)

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

    def differs_in(self, code: str) -> bool:
        """Is the function another one in ``code``, beyond comments and layout?"""
        return _function(code, self.function) != _function(self.code, self.function)


def half_of(name: str) -> Literal["first", "second"]:
    """The half of any set that a flaw belongs to, which depends on its name alone."""
    return "second" if hashlib.sha256(name.encode()).digest()[0] % 2 else "first"


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
            f"{path} is not a set of bugs that Herdmate can read ({reason_of(error)}); use "
            "HumanEvalPack's Python part, as .jsonl."
        ) from error


async def failure_of(code: str, tests: str) -> str | None:
    """A test's failure on this code, as a test runner would report it; ``None`` if all pass.

    The program runs unguarded on this machine, in a temporary folder, for at most ten seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(f"{code}\n\n{tests}\n", encoding="utf-8")
        run = await run_python(path, by=Path(values_of_assertions.__file__))
    if run is None:
        return f"TimeoutError: no end after {SECONDS:.0f} seconds"
    return _failure(run.errors, code, tests) if run.code else None


def _failure(traceback: str, code: str, tests: str) -> str:
    """The error, the line of the code where it was raised, and the line of the tests."""
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    error = lines[-1][:_LONGEST] if lines else "the program failed"
    failed, raised = _last_of(tests, lines), ""
    if not error.startswith("AssertionError"):
        raised = _last_of(code, lines[lines.index(failed) :] if failed else lines)
    parts = [error]
    parts += [f"at `{raised}`"] if raised and raised not in error else []
    parts += [f"in `{failed}`"] if failed and failed not in error else []
    return " ".join(parts)


def _last_of(code: str, lines: list[str]) -> str:
    """The last of a traceback's lines that is a line of some code."""
    known = {line.strip() for line in code.splitlines() if line.strip()}
    return next((line for line in reversed(lines) if line in known), "")


def _function(code: str, name: str) -> str:
    """The last function of that name, without comments and layout; all code if it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError):
        return code
    found = [node for node in nodes if isinstance(node, _Function) and node.name == name]
    return ast.unparse(found[-1]) if found else code
