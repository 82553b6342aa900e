"""Nothing that lies in the opened folder runs, however the server is started in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from herdmate.lsp import protocol
from tests.e2e.plain_client import server
from tests.processes import command_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform == "win32", reason="programs are scripts of a shell"),
]

_MODULES = (
    "asyncio", "collections", "ctypes", "html", "http", "importlib", "json", "logging", "numpy",
    "re", "signal", "socket", "ssl", "subprocess", "typing", "threading", "queue", "argparse",
    "cattrs", "attrs", "filelock", "httpx", "huggingface_hub", "llama_cpp", "lsprotocol",
    "pathspec", "pip", "platformdirs", "psutil", "pygls", "requests", "rich", "tomllib",
    "tree_sitter", "tree_sitter_languages", "site", "runpy",
    "encodings", "sitecustomize", "usercustomize", "herdmate",
)  # fmt: skip

_BEFORE_US = {"encodings", "sitecustomize", "usercustomize", "herdmate", "site"}
"""What Python itself imports before our first line, of what PYTHONPATH names."""

_BEFORE_US_AS_SCRIPT = {"re", "collections"}
"""And what the script that pip writes imports before it, of what PYTHONPATH names."""

_BEFORE_US_WITH_M = {"herdmate", "runpy", "importlib", "collections"}
"""And with ``-m``, of what lies in the working directory: nothing we print or start uses that."""

_PROGRAMS = ("python", "python3", "pip", "git", "herdmate", "sh", "nvidia-smi", "lscpu")
_FILES = {
    "pyvenv.cfg": "home = {folder}\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/\n",
    "setup.cfg": "[install]\nprefix = {folder}\n",
    ".env": "PYTHONPATH={folder}\nHERDMATE_HOME={folder}\n",
    "pyproject.toml": "[tool.pip]\n",
    "python._pth": "{folder}\n",
}


class Folder:
    """A folder full of traps, and what they caught."""

    def __init__(self, path: Path, caught: Path) -> None:
        self.path, self._caught = path, caught
        caught.mkdir()

    def plant(self, without: frozenset[str] | set[str] = frozenset()) -> None:
        """Set the traps, also in ``src``."""
        for folder in (self.path, self.path / "src"):
            folder.mkdir(exist_ok=True)
            for at, name in enumerate(sorted(set(_MODULES) - without)):
                trap = f"open({str(self._caught / name)!r}, 'w').close()\n"
                if at % 2:
                    (folder / f"{name}.py").write_text(trap)
                else:
                    (folder / name).mkdir(exist_ok=True)
                    (folder / name / "__init__.py").write_text(trap)
                    (folder / name / "__main__.py").write_text(trap)
            for name in _PROGRAMS:
                if not (folder / name).exists():  # a module of the name is there
                    (folder / name).write_text(f"#!/bin/sh\n: > {self._caught}/program-{name}\n")
                    (folder / name).chmod(0o755)
            for name, text in _FILES.items():
                (folder / name).write_text(text.format(folder=folder))

    @property
    def caught(self) -> list[str]:
        """What has run."""
        return sorted(path.name for path in self._caught.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """An opened folder, in which nothing has run in the end."""
    (tmp_path / "opened").mkdir()
    found = Folder(tmp_path / "opened", tmp_path / "caught")
    yield found
    assert found.caught == []


_PATHS = {
    "no PYTHONPATH": None,
    "an empty one": "",
    "a dot": ".",
    "the folder": "{folder}",
    "a folder in it": "{folder}/src",
    "among others": ":{folder}:src:",
}


_FEW = _PATHS if os.environ.get("HERDMATE_LONG") else {
    name: _PATHS[name] for name in ("no PYTHONPATH", "a dot", "among others")
}  # fmt: skip

some_paths = pytest.mark.parametrize("path", _FEW.values(), ids=_FEW.keys())


def _environment(folder: Folder, path: str | None) -> dict[str, str]:
    found = {"PATH": f":.:src:{os.environ['PATH']}"}
    return found if path is None else {**found, "PYTHONPATH": path.format(folder=folder.path)}


@some_paths
@pytest.mark.parametrize("start", ["the console script", "python -m"])
async def test_nothing_in_the_folder_runs_when_the_server_is_started_in_it(
    tmp_path: Path, folder: Folder, start: str, path: str | None
) -> None:
    is_script = start == "the console script"
    script = Path(sys.executable).with_name("herdmate")
    command = (str(script),) if is_script else (sys.executable, "-m", "herdmate")
    before_us = _BEFORE_US | _BEFORE_US_AS_SCRIPT if path else set()
    folder.plant(before_us if is_script else before_us | _BEFORE_US_WITH_M)
    environment = {**_environment(folder, path), "HERDMATE_API_KEY": "sk-secret"}
    async with server(
        tmp_path, {}, command=command, cwd=folder.path, environment=environment
    ) as found:
        await found.until(
            lambda message: (
                message.get("method") == protocol.STATUS and message["params"]["state"] == "ready"
            )
        )
        await found.open_and_ask(2)
        await found.until(lambda message: message.get("id") == 2)
        children = psutil.Process(found.process.pid).children(recursive=True)
        commands = " ".join(word for child in children for word in command_of(child))
        assert {"herdmate.engine.worker", "herdmate.context.parser_worker"} <= {*commands.split()}
        for child in children:
            assert b"sk-secret" not in Path(f"/proc/{child.pid}/environ").read_bytes()
        here = {os.readlink(f"/proc/{pid}/cwd") for pid in (found.process.pid, *_pids(children))}
        assert here == {str(Path(sys.prefix).resolve())}


def _pids(processes: list[psutil.Process]) -> list[int]:
    return [process.pid for process in processes]


_CHILDREN = """
import asyncio, json, sys
from herdmate.__main__ import distrust_working_directory
distrust_working_directory()
from herdmate import child_process

async def run(given, module, *arguments):
    pipe = asyncio.subprocess.PIPE
    command = child_process.python_command(module, *arguments)
    child = await child_process.start(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    child.stdin.write(given)
    said = []
    while (line := await child.stdout.readline()):
        said.append(line)
        if given:
            break
    if given:
        child.stdin.close()
    words = await child.stderr.read()
    await child.wait()
    return b"".join(said) + words

async def main():
    load = {"path": "/nowhere.gguf", "context": 512}
    first = json.dumps({"log_level": 40, "load": load}).encode() + b"\\n"
    fake = json.dumps({"log_level": 40, "fake": {}}).encode() + b"\\n"
    assert b"no model file" in await run(first, "herdmate.engine.worker")
    assert b"ready" in await run(fake, "herdmate.engine.worker")
    question = json.dumps({"what": "others", "profile": None, "values": []}).encode() + b"\\n"
    first = json.dumps(load).encode() + b"\\n" + question
    assert b"value" in await run(first, "herdmate.engine.speed_process")
    url = "http://127.0.0.1:1/x.gguf"
    about = await run(b"", "herdmate.models.web_file", "about", "web", url, "/nowhere")
    assert b"failed" in about, about
    question = {"do": "try", "text": "x", "language": "python", "tree": 0, "seconds": 1}
    given = json.dumps(question).encode() + b"\\n"
    assert b"{}" in await run(given, "herdmate.context.parser_worker")
    place = ("own/er", "main", "x.gguf", "1", "/nowhere/x")
    assert await run(b"", "herdmate.models.hugging_face", *place)
    assert b"pip 2" in await run(b"", "herdmate.models.package_download", "--version")
    assert b"serve" in await run(b"", "herdmate", "--help")

asyncio.run(main())
"""


@some_paths
def test_nothing_in_the_folder_runs_in_a_child_of_any_kind(
    folder: Folder, path: str | None
) -> None:
    """Here PYTHONPATH is only what children would inherit: this process does not look at it."""
    folder.plant()
    environment = {
        **os.environ, **_environment(folder, path), "HF_ENDPOINT": "http://127.0.0.1:1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", "-c", _CHILDREN], cwd=folder.path, env=environment,
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_traps_catch(folder: Folder, tmp_path: Path) -> None:
    """Started as it was before, a child runs what it finds."""
    other = Folder(folder.path, tmp_path / "really caught")
    other.plant()
    command = [sys.executable, "-m", "herdmate.engine.worker"]
    subprocess.run(command, cwd=other.path, stdin=subprocess.DEVNULL, check=False, timeout=60)
    assert other.caught


def test_what_setup_prints_runs_nothing_of_the_folder(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from herdmate.child_process import isolated_command
    from herdmate.cli import setup

    folder.plant()
    monkeypatch.chdir(folder.path)
    monkeypatch.setenv("PATH", f".::{folder.path}:{os.environ['PATH']}")
    assert os.path.isabs(setup.server_command()[0])
    assert not setup.server_command()[0].startswith(str(folder.path))
    for command in (setup.server_command()[:-1], isolated_command("herdmate")):
        subprocess.run([*command, "--version"], cwd=folder.path, check=True, timeout=60)
    monkeypatch.setenv("PYTHONPATH", str(folder.path))
    assert isolated_command("herdmate", "serve")[1:] == ("-I", "-m", "herdmate", "serve")
    command = isolated_command("herdmate")
    subprocess.run([*command, "--version"], cwd=folder.path, check=True, timeout=60)
