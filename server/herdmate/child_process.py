"""Starts every child process so that it runs nothing from the folder we were started in.

Editors start the server in the workspace, and Python, the operating system and some libraries look
for modules, programs and configuration in the working directory first. So each child runs in a
folder of the interpreter, finds programs by absolute path only, and never gets an API key.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import site
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

API_KEYS = ("HERDMATE_API_KEY", "HERDMATE_COMPLETION_API_KEY")
"""The environment variables that hold keys of remote servers; no child gets them."""

NEUTRAL_FOLDER = sys.prefix
"""The children's working directory. Anyone who can write to it already controls the interpreter."""


_FOLDERS = (
    "HERDMATE_CONFIG", "HERDMATE_HOME", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE",
    "OLLAMA_MODELS", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
)  # fmt: skip
"""Environment variables that name one folder or file each."""

_started_in: str | None = None
"""The original working directory, once we have left it."""


def python_command(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of this installation with the given arguments."""
    safe_path = ("-P",) if sys.version_info >= (3, 11) else ()
    return (sys.executable, *safe_path, "-m", module, *arguments)


def isolated_command(module: str, *arguments: str) -> tuple[str, ...]:
    """Like ``python_command``, for a user or editor to run in any folder and environment.

    Uses ``-I`` if the interpreter still finds the package that way, else the safest alternative.
    """
    top = Path(__file__).parent
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    lies_in = {os.path.realpath(entry) for entry in (*entries, site.getusersitepackages()) if entry}
    if os.path.realpath(top.parent) not in lies_in:
        return (sys.executable, "-I", "-m", module, *arguments)
    if sys.version_info >= (3, 11):
        return python_command(module, *arguments)
    return (sys.executable, str(top / "__main__.py"), *arguments)


def pip_command(*arguments: str) -> tuple[str, ...]:
    """Runs this interpreter's pip, with no module of the folder we were started in."""
    return (sys.executable, "-I", "-m", "pip", *arguments)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment for a child, without API keys and with absolute paths only.

    ``__main__`` has already removed the workspace from ``PYTHONPATH``.
    """
    cleaned = {name: value for name, value in os.environ.items() if name not in API_KEYS}
    for name in ("PATH", "PYTHONPATH"):
        if name in cleaned:
            cleaned[name] = _absolute_entries(cleaned[name])
    cleaned |= {name: absolute(cleaned[name]) for name in _FOLDERS if cleaned.get(name)}
    return {**cleaned, "PYTHONSAFEPATH": "1", **(extra or {})}


def surroundings(extra: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A child's working directory and environment, for libraries that start their own."""
    return {"cwd": NEUTRAL_FOLDER, "env": environment(extra)}


async def start(
    *command: str, extra: Mapping[str, str] | None = None, **options: Any
) -> asyncio.subprocess.Process:
    """Start a child; ``options`` are those of ``asyncio.create_subprocess_exec``.

    The program's path must be absolute. ``extra`` is added to its environment. Raises ``OSError``.
    Cancelled meanwhile, it ends the child, and with a session of its own also all it started.
    """
    _check(command)
    options = {**surroundings(extra), **options}
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*command, **options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:  # by itself, asyncio would kill the child alone
        process = await starting
        if options.get("start_new_session"):
            end_session(process.pid)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise


def start_blocking(
    *command: str, extra: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Like ``start``, without an event loop; ``options`` are those of ``subprocess.Popen``."""
    _check(command)
    options = {**surroundings(extra), **options}
    return subprocess.Popen(command, **options)


async def end(process: asyncio.subprocess.Process) -> None:
    """End a child that has a session of its own, and all it started."""
    end_session(process.pid)
    await process.wait()


def end_session(pid: int, politely: bool = False) -> None:
    """Signal the child that has a session of its own and all it started; on Windows, only it."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGTERM if politely else signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)  # which ends it at once there


def shell_command(line: str) -> tuple[str, ...]:
    """The command that runs the user's line in the system's shell."""
    if os.name == "nt":
        shell = os.environ.get("COMSPEC", r"C:\Windows\System32\cmd.exe")
        return (shell, "/d", "/s", "/c", line)
    return ("/bin/sh", "-c", line)


def from_parent() -> BinaryIO:
    """Standard input, as a separate file object.

    ``sys.stdin`` has a lock that a thread waiting for input would still hold when the interpreter
    exits.
    """
    return open(0, "rb", closefd=False)


def end_with_parent(
    lines: BinaryIO, take: Callable[[bytes], None] = lambda _: None, code: int = 0
) -> None:
    """Start a thread that passes each line to ``take`` and exits the process after the last one.

    The input ends when the parent does, for whatever reason. The thread notices even if this
    process is busy with something that cannot be interrupted.
    """

    def read() -> None:
        try:
            for line in lines:
                take(line)
        finally:
            os._exit(code)

    threading.Thread(target=read, name="end with the parent", daemon=True).start()


def which(program: str) -> str | None:
    """The path of a program on the search path; never looks in the working directory."""
    here = os.path.realpath(_working_directory())
    for entry in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if not os.path.isabs(entry) or os.path.realpath(entry) == here:
            continue
        if found := shutil.which(os.path.join(entry, program)):
            return found
    return None


def leave_working_directory() -> None:
    """Move to the neutral folder; relative paths keep their meaning."""
    global _started_in
    _started_in = _working_directory()
    os.environ.update(
        {name: absolute(os.environ[name]) for name in _FOLDERS if os.environ.get(name)}
    )
    os.chdir(NEUTRAL_FOLDER)


def absolute(path: str) -> str:
    """A path, resolved against the folder we were started in; a leading ``~`` is kept."""
    if path.startswith("~") or os.path.isabs(path):
        return path
    return os.path.normpath(os.path.join(_working_directory(), path))


def _working_directory() -> str:
    if _started_in is not None:
        return _started_in
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return NEUTRAL_FOLDER


def _check(command: tuple[str, ...]) -> None:
    if not os.path.isabs(command[0]):
        raise ValueError(f"{command[0]!r} is not an absolute path")


def _absolute_entries(path: str) -> str:
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if os.path.isabs(entry))
