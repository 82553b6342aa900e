"""How far a build is, and what is said if it fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herdmate.child_process import environment
from herdmate.errors import InstallError
from herdmate.llama_install import build as module
from herdmate.llama_install.build import build, compiled, pip
from herdmate.llama_install.machine import Machine
from herdmate.llama_install.progress import Pace, megabytes


def test_files_compiled_are_counted_and_the_time_left_is_estimated() -> None:
    said = list[str]()
    seconds = iter([0.0, 0.5, 10.0, 10.2, 40.0])
    take = compiled(said.append, lambda: next(seconds))
    for line in (
        "  Running command Building wheel for llama-cpp-python",
        "  [1/40] /usr/bin/c++ -o a.o -c a.cpp",
        "  [2/40] /usr/bin/c++ -o b.o -c b.cpp",
        "  warning: [3/40] is no such line",
        "  [10/40] /usr/bin/c++ -o c.o -c c.cpp",
        "  [11/40] /usr/bin/c++ -o d.o -c d.cpp",
        "  [40/40] : && /usr/bin/c++ -shared -o libllama.so",
        "  [999999999/1] no count",
    ):
        take(line)
    assert said == [
        "Building llama.cpp: 1 of 40 files compiled",
        "Building llama.cpp: 10 of 40 files compiled, 30 s left",
        "Building llama.cpp: 40 of 40 files compiled, 0 s left",
    ]


@pytest.mark.parametrize(
    ("done", "of", "elapsed", "left"),
    [(1, 10, 1, ""), (0, 10, 60, ""), (5, 10, 60, ", 60 s left"), (1, 10, 60, ", 9 min left")],
)
def test_the_time_left(done: int, of: int, elapsed: int, left: str) -> None:
    assert Pace(100.0).left(done, of, 100.0 + elapsed) == left


def test_sizes() -> None:
    assert [megabytes(size) for size in (0, 1_540_000, 25_000_000)] == ["0.0 MB", "1.5 MB", "25 MB"]


def test_what_pip_says_is_wrong_is_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="ERROR: No matching distribution found for no-such"):
        pip(["--no-index", "no-such"], environment(), tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_compilers_end_with_what_started_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(pipe_path := tmp_path / "pipe")
    held = os.open(pipe_path, os.O_RDONLY | os.O_NONBLOCK)
    compiles = f"(echo begun; sleep 1000) > {pipe_path} & sleep 0.5; echo compiling; wait"
    monkeypatch.setattr(module, "pip_command", lambda *_: ("/bin/sh", "-c", compiles))

    def interrupted(line: str) -> None:
        assert line == "compiling"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pip([], environment(), tmp_path, interrupted)
    os.set_blocking(held, True)
    assert os.read(held, 100) == b"begun\n"
    assert os.read(held, 100) == b""  # which is said when nobody holds the pipe any more
    os.close(held)


def test_without_a_compiler_nothing_is_begun(tmp_path: Path) -> None:
    said = list[str]()
    with pytest.raises(InstallError, match=r"needs a C\+\+ compiler"):
        build(Machine("linux", "x86_64"), tmp_path, None, False, said.append)
    assert said == []
