"""How every child process is started: it runs nothing that lies in the folder we were started in.

Editors start the server in the workspace, and Python, the operating system and some libraries look
for modules, programs and configuration in the working directory first. So each child works in a
folder of the interpreter, finds programs by absolute paths only, and never has the API key.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

API_KEY = "HERDMATE_API_KEY"
"""The environment variable that holds the key of a remote server; no child gets it."""

NEUTRAL_FOLDER = sys.prefix
"""Where children work: whoever can write here can replace the interpreter's packages anyway."""


def python_command(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of this installation with these arguments."""
    safe_path = ("-P",) if sys.version_info >= (3, 11) else ()
    return (sys.executable, *safe_path, "-m", module, *arguments)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment for a child: without the API key, and with absolute search paths only.

    What ``PYTHONPATH`` says of the workspace has left it before (see ``__main__``).
    """
    cleaned = {name: value for name, value in os.environ.items() if name != API_KEY}
    for name in ("PATH", "PYTHONPATH"):
        if name in cleaned:
            cleaned[name] = _absolute(cleaned[name])
    return {**cleaned, "PYTHONSAFEPATH": "1", **(extra or {})}


async def start(
    *command: str, extra: Mapping[str, str] | None = None, **options: Any
) -> asyncio.subprocess.Process:
    """Start a child; ``options`` are those of ``asyncio.create_subprocess_exec``.

    The program's path must be absolute. ``extra`` is added to its environment. Raises ``OSError``.
    """
    _refuse_relative(command[0])
    options.setdefault("cwd", NEUTRAL_FOLDER)
    return await asyncio.create_subprocess_exec(*command, env=environment(extra), **options)


def start_at_once(
    *command: str, extra: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """The same where no event loop runs; ``options`` are those of ``subprocess.Popen``."""
    _refuse_relative(command[0])
    options.setdefault("cwd", NEUTRAL_FOLDER)
    return subprocess.Popen(command, env=environment(extra), **options)


def _refuse_relative(program: str) -> None:
    if not Path(program).is_absolute():
        raise ValueError(f"{program} is looked up on a path; name it in full")


def _absolute(path: str) -> str:
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if os.path.isabs(entry))
