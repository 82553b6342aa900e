"""Programs of an evaluation, the model's or with a bug: each ends, with all it started."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from herdmate.eval import programs
from herdmate.eval.programs import Run, run_python
from tests.waiting import until


async def _run(folder: Path, program: str, given: str = "") -> Run | None:
    path = folder / "program.py"
    path.write_text(program, encoding="utf-8")
    return await run_python(path, given)


async def test_a_program_is_given_its_input_and_says_what_it_printed(tmp_path: Path) -> None:
    program = "import sys\nprint(input() + 'é')\nsys.stderr.write('why')\nsys.exit(3)\n"
    assert await _run(tmp_path, program, "in\n") == Run(3, "iné\n", "why")


async def test_much_input_that_is_never_read_is_no_failure(tmp_path: Path) -> None:
    assert await _run(tmp_path, "print(1)\n", "x" * 5_000_000) == Run(0, "1\n", "")


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "while True:\n    try: input()\n    except BaseException: pass",
        "import sys, time\nsys.stdout.close()\nsys.stderr.close()\ntime.sleep(100)",
    ],
)
async def test_a_program_without_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(programs, "SECONDS", 1.0)
    before = _children()
    assert await _run(tmp_path, program) is None
    assert _children() <= before


def _children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_output_without_end_ends_the_program(tmp_path: Path, stream: str) -> None:
    run = await _run(tmp_path, f"import sys\nwhile True: sys.{stream}.write('x' * 9999)")
    assert run is not None
    assert run.code != 0
    assert len(run.output) + len(run.errors) <= 1_100_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sessions")
async def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    program = "import subprocess\nprint(subprocess.Popen(['sleep', '1000']).pid)\n"
    run = await _run(tmp_path, program)
    assert run is not None
    await until(lambda: _is_ended(int(run.output)))


def _is_ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
async def test_a_loop_does_not_outlive_an_evaluation_that_is_killed(tmp_path: Path) -> None:
    program = "import resource\nprint(resource.getrlimit(resource.RLIMIT_CPU))\n"
    run = await _run(tmp_path, "import time\ntime.sleep(0.5)\n" + program)
    assert run is not None
    assert run.output == "(20, 20)\n"
