"""No text takes the server along, whatever its grammar makes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from herdmate.context.grammars import parser_for
from herdmate.context.languages import LANGUAGES

SEED = os.environ.get("HERDMATE_SEED", "19")
LONG = os.environ.get("HERDMATE_LONG") == "1"
SECONDS = 60.0 if LONG else 0.2
"""For each language."""

QUARANTINED: dict[str, str] = {}
"""Languages whose grammars take the server along all the same, with the reason."""

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(6_000 if LONG else 300)
def test_no_text_takes_the_server_along() -> None:
    waiting = [name for name in sorted(LANGUAGES) if parser_for(name) and name not in QUARANTINED]
    assert len(waiting) > 30
    failed: list[str] = []
    while waiting:
        lines, code = _fuzz(waiting)
        done = [line.split("\t") for line in lines if line.startswith("done")]
        for _, language, figures in done:
            print(f"{language}: {figures} (seed {SEED})")  # noqa: T201
            waiting.remove(language)
        if waiting:
            failed.append(f"exit code {code} after {lines[-1:]}")
            waiting.pop(0)
    assert not failed


def _strict() -> dict[str, str]:
    """An environment in which what is written beyond its place is noticed, where there is one."""
    library = next(Path("/lib").glob("*-linux-gnu/libc_malloc_debug.so.0"), None)
    if not LONG or library is None:
        return dict(os.environ)
    return {**os.environ, "LD_PRELOAD": str(library), "MALLOC_CHECK_": "3",
            "GLIBC_TUNABLES": "glibc.malloc.check=3"}  # fmt: skip


def _fuzz(languages: list[str]) -> tuple[list[str], int]:
    """Stands for the server: starts a parser process of its own."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.context.grammar_fuzzer", SEED, str(SECONDS), *languages],
        cwd=ROOT, env=_strict(), stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    return found.stdout.splitlines(), found.returncode
