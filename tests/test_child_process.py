"""One launcher for all children, which runs nothing that lies in the folder we were started in."""

from __future__ import annotations

import ast
import asyncio
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from herdmate import child_process

PACKAGE = Path(child_process.__file__).parent

_STARTING = frozenset({
    "create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell",
    "Popen", "popen", "system", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile",
    "execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe",
    "spawnl", "spawnle", "spawnlp", "spawnlpe", "spawnv", "spawnve", "spawnvp", "spawnvpe",
    "ProcessPoolExecutor", "check_call", "check_output", "getoutput", "getstatusoutput",
})  # fmt: skip
_MODULES = frozenset({"multiprocessing", "pty", "concurrent.futures.process"})
_IN_SUBPROCESS = frozenset({"PIPE", "DEVNULL", "STDOUT", "Popen", "Process", "TimeoutExpired"})
"""What may be named of ``subprocess``: constants, an error, and types in annotations."""


def _starts(path: Path) -> list[str]:
    """Where a module starts processes, or could."""
    found = []
    tree = ast.parse(path.read_text("utf-8"))
    annotations = {id(part) for top in ast.walk(tree) for part in _of_annotations(top)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names if name.name in _MODULES]
        elif isinstance(node, ast.ImportFrom):
            if node.module == "herdmate.child_process":
                continue
            whole = [f"{node.module}.{name.name}" for name in node.names]
            names = [name for name in whole if node.module in _MODULES]
            names += [name for name in whole if name.rpartition(".")[2] in _STARTING | {"which"}]
            names += [name for name in whole if name.startswith("subprocess.")]
        elif isinstance(node, ast.Attribute) and id(node) not in annotations:
            of_subprocess = ast.unparse(node.value) in ("subprocess", "asyncio.subprocess")
            is_odd = of_subprocess and node.attr not in _IN_SUBPROCESS
            of_shutil = ast.unparse(node) == "shutil.which"
            is_a_field = node.attr in ("fork", "system") and ast.unparse(node.value) != "os"
            if (node.attr in _STARTING and not is_a_field) or is_odd or of_shutil:
                names = [ast.unparse(node)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".start_io"):
            is_ours = any("surroundings()" in ast.unparse(word) for word in node.keywords)
            names = [] if is_ours or path.name == "serve.py" else ["start_io"]
        elif isinstance(node, ast.Constant) and node.value == "-m":
            names = ["a command with -m"]
        found += [
            f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}: {name}" for name in names
        ]
    return found


def _of_annotations(node: ast.AST) -> list[ast.AST]:
    held = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    return [part for item in held if isinstance(item, ast.AST) for part in ast.walk(item)]


def test_only_the_launcher_starts_processes() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    assert len(paths) > 100
    found = [line for path in paths if path.name != "child_process.py" for line in _starts(path)]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "import asyncio\nasyncio.create_subprocess_exec('x')",
        "from asyncio import create_subprocess_shell",
        "import subprocess\nsubprocess.run(['x'])",
        "import subprocess\nsubprocess.Popen(['x'])",
        "from subprocess import run",
        "import os\nos.system('x')",
        "import os\nos.execv('x', [])",
        "import os\nos.posix_spawn('x', [], {})",
        "import multiprocessing",
        "from multiprocessing import Process",
        "from concurrent.futures import ProcessPoolExecutor",
        "import shutil\nshutil.which('git')",
        "client.start_io('x')",
        "command = ['python', '-m', 'x']",
    ],
)
def test_the_search_finds_what_starts_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    (tmp_path / "x.py").write_text(line)
    assert len(_starts(tmp_path / "x.py")) == 1


def test_a_program_in_the_working_directory_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for place in (here, here / "bin", elsewhere):
        place.mkdir()
        (place / "git").write_text("#!/bin/sh\n")
        (place / "git").chmod(0o755)
    monkeypatch.chdir(here)
    for path in ("", ".", "bin", "./bin", str(here), f"{here}/", "::", f"../{here.name}"):
        monkeypatch.setenv("PATH", path)
        assert child_process.which("git") is None, path
        monkeypatch.setenv("PATH", os.pathsep.join((path, str(elsewhere))))
        assert child_process.which("git") == str(elsewhere / "git"), path


async def test_no_child_has_the_api_key_or_a_relative_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERDMATE_API_KEY", "sk-secret")
    monkeypatch.setenv("HERDMATE_COMPLETION_API_KEY", "sk-secret")
    monkeypatch.setenv("HERDMATE_HOME", "here")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(("", ".", "src", "/absolute")))
    monkeypatch.setenv("PATH", os.pathsep.join(("", ".", "bin", "/usr/bin")))
    told = "import os; print(os.getcwd(), dict(os.environ), sep='\\n')"
    process = await child_process.start(
        sys.executable, "-c", told, extra={"MORE": "yes"}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    blocking = child_process.start_blocking(
        sys.executable, "-c", told, extra={"MORE": "yes"}, stdout=subprocess.PIPE
    )
    with blocking:
        assert blocking.communicate()[0] == said
    folder, environment = said.decode().splitlines()
    assert folder == str(Path(sys.prefix).resolve())
    assert "sk-secret" not in environment
    found = ast.literal_eval(environment)
    assert found["PYTHONPATH"] == "/absolute"
    assert found["PATH"] == "/usr/bin"
    assert found["HERDMATE_HOME"] == str(tmp_path / "here")
    assert found["MORE"] == "yes"


async def test_a_program_without_a_folder_is_not_started() -> None:
    with pytest.raises(ValueError, match="not an absolute path"):
        await child_process.start("python3", "-c", "")
    with pytest.raises(ValueError, match="not an absolute path"):
        child_process.start_blocking("./python3", "-c", "")


def test_relative_paths_mean_the_same_once_the_folder_is_left(tmp_path: Path) -> None:
    code = (
        "import os\nfrom herdmate import child_process\n"
        "child_process.leave_working_directory()\n"
        "print(os.getcwd(), child_process.absolute('x.gguf'), os.environ['HERDMATE_HOME'])"
    )
    environment = {**os.environ, "HERDMATE_HOME": "./home"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    folder, file, home = done.stdout.split()
    assert folder == str(Path(sys.prefix).resolve())
    assert (file, home) == (str(tmp_path / "x.gguf"), str(tmp_path / "home"))


def test_a_child_ends_with_its_parent_whatever_it_does() -> None:
    code = (
        "from herdmate.child_process import *\nimport threading\n"
        "end_with_parent(from_parent(), code=7)\nprint(flush=True)\nthreading.Event().wait()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        child.stdin.close()
        assert child.wait(60) == 7


def test_pip_ends_with_its_parent_while_it_waits_for_an_index() -> None:
    """pip itself looks at nobody, and a download would go on for as long as it takes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        command = child_process.python_command(
            *("herdmate.models.package_download", "download", "--no-input", "--quiet"),
            *("--index-url", index, "--disable-pip-version-check", "herdmate-none"),
        )
        pipe = subprocess.PIPE
        with child_process.start_blocking(*command, stdin=pipe, stderr=pipe) as child:
            silent.settimeout(60)
            silent.accept()
            assert child.poll() is None
            assert child.stdin is not None
            child.stdin.close()
            assert child.wait(60) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
async def test_a_start_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    line = f"(echo begun; sleep 1000) > {pipe}; true"
    starting = asyncio.ensure_future(
        child_process.start(*child_process.shell_command(line), start_new_session=True)
    )
    for _ in range(100):  # rounds of the loop, which learns of the child only when it goes on
        if select.select([held], [], [], 0.2)[0]:
            break
        await asyncio.sleep(0)
    assert os.read(held, 100) == b"begun\n"
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert select.select([held], [], [], 30)[0], "something still holds the pipe"
    assert os.read(held, 100) == b""
    os.close(held)
