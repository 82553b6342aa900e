"""``herdmate doctor``: one page about this machine, and what to do about each trouble."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import psutil
from rich.text import Text

from herdmate.child_process import which
from herdmate.cli.console import Console, waiting
from herdmate.cli.doctor_checks import Facts, Finding, State, findings
from herdmate.cli.editor import editors, program_of
from herdmate.cli.parser import examples
from herdmate.cli.serve import engine_starter
from herdmate.cli.settings_options import found_settings
from herdmate.cli.setup import is_set_up
from herdmate.cli.terminal import write_json
from herdmate.cli.user_settings import config_file
from herdmate.cli.wording import in_terminal
from herdmate.engine.build_report import build
from herdmate.engine.remote import api_key
from herdmate.engine.remote.engine import RemoteStart
from herdmate.engine.remote.probe import probe
from herdmate.errors import HerdmateError, NoModelError
from herdmate.lsp.role_choices import look_up
from herdmate.models.adapters import fitting
from herdmate.models.choose import choose
from herdmate.models.discovery import in_place, own
from herdmate.models.folder import model_folder
from herdmate.models.start import remote_start
from herdmate.prompting.family_from_name import pieces_by_name
from herdmate.roles import for_role, is_apart
from herdmate.settings import Settings
from herdmate.user_folders import cache_folder, data_folder, state_folder
from herdmate.version import VERSION

_SIGNS = {"ok": "ok", "note": "--", "trouble": "!!"}
_STYLES = {"ok": "green", "note": "yellow", "trouble": "bold red"}
_MOST_FILES = 100_000
_REMOTE_SECONDS = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate doctor [--json]``."""
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.description = (
        "Looks at Python, compiler, llama.cpp, GPUs, models, memory, disk, editors, the remote\n"
        "server if the settings name one, and Herdmate's folders. Changes nothing. The exit code\n"
        "is 1 if something is in trouble.\n\n"
        "If answers are slow: `herdmate models recommend` names models that are quick enough,\n"
        "`herdmate models tune MODEL` finds the fastest way to run one here, and `herdmate bench`\n"
        "tells what takes how long."
    )
    parser.epilog = examples("herdmate doctor", "herdmate doctor --json")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    with waiting("Looking at this machine…"):
        found = findings(_facts(arguments))
    if arguments.json:
        write_json([asdict(item) for item in found])
    else:
        show(found)
    return 1 if any(item.state == "trouble" for item in found) else 0


def show(found: Sequence[Finding]) -> None:
    """Print the page."""
    console = Console(highlight=False)
    console.print(Text(f"Herdmate {VERSION}", style="bold"))
    for item in found:
        line = Text(f"{_SIGNS[item.state]} ", style=_STYLES[item.state])
        line.append(f"{item.topic:10}", style="bold")
        line.append(f" {item.text}", style="default")
        console.print(line, soft_wrap=True)
        if item.mend and item.state != "ok":
            console.print(Text(f"{'':13} {item.mend}", style="cyan"), soft_wrap=True)
    troubles = sum(item.state == "trouble" for item in found)
    said = f"{troubles} in trouble; each line marked !! is followed by what mends it."
    console.print(said if troubles else "All is well.")


def _facts(arguments: argparse.Namespace) -> Facts:
    found = found_settings(arguments)
    settings = found.settings
    memory = psutil.virtual_memory()
    place = next(item for item in (model_folder(), *model_folder().parents) if item.exists())
    return Facts(
        version=VERSION, system=_system(), python=sys.version.split()[0],
        executable=sys.executable, build=build(), others=_others(),
        compiler=_first("c++", "g++", "clang++", "cl"), drivers=tuple(_drivers()),
        toolkit=_first("nvcc") or _first_file("/usr/local/cuda/bin/nvcc"),
        installer=os.path.basename(_first("apt-get", "dnf", "zypper", "pacman", "apk")),
        cores=psutil.cpu_count(logical=False) or 1, memory=memory.total,
        free_memory=memory.available, free_disk=shutil.disk_usage(place).free,
        models=tuple((item.name, item.size) for item in own(model_folder())),
        editors=tuple((editor.name, program, is_set_up(editor)) for editor in editors()
                      if (program := program_of(editor))),
        folders=tuple(_folders()), config=str(config_file()),
        faults=tuple(map(in_terminal, found.faults)),
        **_model(settings, memory.available), **_remote(settings), ghost=_ghost(settings),
    )  # fmt: skip


def _model(settings: Settings, free: int) -> dict[str, Any]:
    said: dict[str, Any] = {"setting": settings.model}
    try:
        context = settings.engine.context_tokens
        chosen = choose(settings.model, model_folder(), free, context, in_place())
    except HerdmateError as error:
        unusable = in_terminal(str(error))
        return said | {"unusable": unusable, "is_missing": isinstance(error, NoModelError)}
    fit = fitting(settings.engine.adapters, chosen.path)
    return said | {
        "chosen": str(chosen.path),
        "note": in_terminal(chosen.note),
        "fits": chosen.fits,
        "adapters": tuple(f"{one.path.name} ({one.scale:g})" for one in fit.adapters),
        "misfits": tuple(map(in_terminal, fit.notes)),
    }


def _remote(settings: Settings) -> dict[str, Any]:
    if not settings.remote.url:
        return {}
    said: dict[str, Any] = {"remote": settings.remote.url}
    try:
        api_key.take()
        answer = asyncio.run(asyncio.wait_for(_asked(settings), _REMOTE_SECONDS))
    except (HerdmateError, asyncio.TimeoutError) as error:
        told = in_terminal(str(error)) or f"{settings.remote.url} does not answer."
        return said | {"answer": told, "is_down": True}
    return said | {"answer": answer}


def _ghost(settings: Settings) -> tuple[str, str, State] | None:
    """The model in the settings for ghost text alone, and what comes of it."""
    if not is_apart(settings):
        return None
    own = for_role(settings, "completion")
    name, found = own.remote.url or own.model, look_up(engine_starter(None), settings, 0)
    choice = found.completion or found.answers
    if isinstance(choice, HerdmateError):
        return name, in_terminal(str(choice)), "trouble"
    if isinstance(choice.start, RemoteStart):
        told = _remote(own)
        return name, told["answer"], "trouble" if "is_down" in told else "ok"
    if found.completion is None:
        return name, in_terminal(choice.note or "the model that answers"), "note"
    return name, str(getattr(choice.start, "path", "")), "ok"


async def _asked(settings: Settings) -> str:
    start = remote_start(settings)
    assert start is not None
    found = await probe(start.endpoint, start.api, start.model, start.context, pieces_by_name)
    return f"{found.model}, {found.info.context} tokens of context"


def _system() -> Literal["linux", "macos", "windows"]:
    if sys.platform == "darwin":
        return "macos"
    return "windows" if os.name == "nt" else "linux"


def _first(*programs: str) -> str:
    return next(filter(None, map(which, programs)), "")


def _first_file(*paths: str) -> str:
    return next(filter(os.path.exists, paths), "")


def _others() -> tuple[str, ...]:
    """The program that a shell runs as ``herdmate``, if it is not of this Python."""
    found = which("herdmate")
    if found is None:
        return ()
    folders = {os.path.dirname(os.path.realpath(found)), os.path.dirname(os.path.abspath(found))}
    ours = {os.path.dirname(sys.executable), os.path.dirname(os.path.realpath(sys.argv[0]))}
    return () if folders & ours else (found,)


def _drivers() -> Iterator[str]:
    if os.path.exists("/proc/driver/nvidia/version") or which("nvidia-smi"):
        yield "NVIDIA"
    if os.path.exists("/sys/module/amdgpu"):
        yield "AMD"


def _folders() -> Iterator[tuple[str, str, int, bool]]:
    for name, path in (
        ("Models", data_folder()), ("Caches", cache_folder()), ("State", state_folder()),
    ):  # fmt: skip
        there = next(item for item in (path, *path.parents) if item.exists())
        yield name, str(path), _size(path), os.access(there, os.W_OK | os.X_OK)


def _size(folder: Path) -> int:
    """Bytes of the files below a folder; links are not followed."""
    total = 0
    names = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    for path in islice(names, _MOST_FILES):
        with suppress(OSError):
            total += os.lstat(path).st_size
    return total
