"""``herdmate doctor``: one page about this machine, and what to do about each trouble."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import psutil
from rich.text import Text

from herdmate.child_process import which
from herdmate.cli.console import Console, waiting
from herdmate.cli.doctor_checks import findings
from herdmate.cli.doctor_facts import Facts, Finding, State
from herdmate.cli.doctor_fix import fix
from herdmate.cli.doctor_report import report
from herdmate.cli.editor import editors, program_of
from herdmate.cli.models_in_use import beside_answers
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import found_settings
from herdmate.cli.setup import is_set_up
from herdmate.cli.terminal import write, write_json
from herdmate.cli.user_settings import UserSettings, config_file
from herdmate.cli.wording import in_terminal
from herdmate.engine.build_report import build
from herdmate.engine.remote import api_key
from herdmate.engine.remote.engine import RemoteStart
from herdmate.engine.remote.probe import probe
from herdmate.errors import HerdmateError, InstallError, NoModelError, UnreachableError
from herdmate.llama_install import INDEX
from herdmate.llama_install.wheels import check_index
from herdmate.models.adapters import fitting
from herdmate.models.answer_speed import in_use
from herdmate.models.choose import choose
from herdmate.models.discovery import in_place, own
from herdmate.models.folder import model_folder
from herdmate.models.role_choices import (
    RoleChoices,
    choose_engine,
    look_up,
)
from herdmate.models.start import remote_start
from herdmate.models.this_machine import free_disk
from herdmate.prompting.family_from_name import pieces_by_name
from herdmate.roles import Role, for_ghost_text, for_role, is_apart, is_open
from herdmate.settings import Settings
from herdmate.user_folders import cache_folder, data_folder, state_folder
from herdmate.version import VERSION

_SIGNS = {"ok": "ok", "note": "--", "trouble": "!!"}
_SLOW = ">>"
"""The sign of a note that answers are slower than they could be."""

_STYLES = {"ok": "green", "note": "yellow", "trouble": "bold red"}
_NARROW = 60
"""Columns of a terminal below which long lines are indented less."""

_MOST_FILES = 100_000
_REMOTE_SECONDS = 15.0
_LOOKING_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate doctor [--json | --report | --fix]``."""
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--json", action="store_true", help="the same as JSON")
    instead.add_argument(
        "--report", action="store_true", help="for a bug report: no paths, names or keys"
    )
    instead.add_argument(
        "--fix", action="store_true",
        help="then offer to install llama.cpp if it does not work or leaves a GPU unused",
    )  # fmt: skip
    parser.add_argument(
        "--wheel-index", default=INDEX, metavar="URL", type=_index,
        help="where --fix fetches llama.cpp ready-made (default: its project's own)",
    )  # fmt: skip
    parser.description = (
        "Looks at Python, compiler, llama.cpp, GPUs, models, memory, disk, editors, the remote\n"
        "server if the settings name one, and Herdmate's folders. Changes nothing without --fix.\n"
        "The exit code is 1 if something is in trouble, with --fix if something is left to do.\n\n"
        "If answers are slow: this page says how fast the model writes and, if that is below ten\n"
        "tokens a second, names a faster one. It says if other programs slow the model down.\n"
        "`herdmate models recommend` compares others, `herdmate models tune` finds the fastest\n"
        "way to run one here, and `herdmate bench` tells what takes how long."
    )
    parser.epilog = examples("herdmate doctor", "herdmate doctor --fix", "herdmate doctor --json")
    parser.set_defaults(run=_run)


def _index(text: str) -> str:
    try:
        return check_index(text)
    except InstallError:
        wrong = f"must be the https address of a folder, not {text!r}"
        raise argparse.ArgumentTypeError(wrong) from None


def _run(arguments: argparse.Namespace) -> int:
    with waiting("Looking at this machine…"):
        facts = _facts(arguments)
        found = findings(facts)
    if arguments.json:
        write_json([asdict(item) for item in found])
    elif arguments.report:
        write(report(facts, found))
    else:
        show(found)
    if arguments.fix:
        if not fix(arguments.wheel_index):
            return 1
        found = findings(replace(facts, build=build()))
    return 1 if any(item.state == "trouble" for item in found) else 0


def show(found: Sequence[Finding]) -> None:
    """Print the page."""
    console = Console(highlight=False)
    console.print(Text(f"Herdmate {VERSION}", style="bold"))
    margin = 14 if console.width >= _NARROW else 3
    for item in found:
        line = Text(f"{_SLOW if item.is_slow else _SIGNS[item.state]} ", style=_STYLES[item.state])
        line.append(f"{item.topic:10} " if item.topic or margin == 14 else "", style="bold")
        line.append(_hanging(item.text, console, len(line), margin), style="default")
        console.print(line, soft_wrap=True)
        if item.mend and item.state != "ok":
            console.print(Text(f"{'':{margin}}{item.mend}", style="cyan"), soft_wrap=True)
    troubles = sum(item.state == "trouble" for item in found)
    said = "1 trouble" if troubles == 1 else f"{troubles} troubles"
    said = f"{said}; each line marked !! is followed by what mends it."
    slow = f"Nothing is broken, but answers could be faster; a line marked {_SLOW} says how."
    well = slow if any(item.is_slow for item in found) else "All is well."
    console.print(said if troubles else well)


def _hanging(text: str, console: Console, first: int, margin: int) -> str:
    """A text wrapped at words on a terminal, its first line after ``first`` characters."""
    if not console.is_terminal:
        return text
    return textwrap.fill(
        text, console.width, initial_indent=" " * first, subsequent_indent=" " * margin,
        break_long_words=False, break_on_hyphens=False,
    )[first:]  # fmt: skip


def _facts(arguments: argparse.Namespace) -> Facts:
    found = found_settings(arguments)
    settings = found.settings
    roles = look_up(choose_engine, settings, 0) if is_apart(settings) else None
    memory = psutil.virtual_memory()
    processors = psutil.cpu_count() or 1
    return Facts(
        version=VERSION, system=_system(), python=sys.version.split()[0],
        executable=sys.executable, build=build(), others=_others(),
        compiler=_first("c++", "g++", "clang++", "cl"), drivers=tuple(_drivers()),
        toolkit=_first("nvcc") or _first_file("/usr/local/cuda/bin/nvcc"),
        installer=os.path.basename(_first("apt-get", "dnf", "zypper", "pacman", "apk")),
        cores=psutil.cpu_count(logical=False) or 1, processors=processors, busy=_busy(processors),
        memory=memory.total,
        free_memory=memory.available, free_disk=free_disk(),
        models=tuple((item.name, item.size) for item in own(model_folder())),
        editors=tuple((editor.name, program, is_set_up(editor)) for editor in editors()
                      if (program := program_of(editor))),
        folders=tuple(_folders()), config=str(config_file()),
        origins=_origins(found), faults=tuple(map(_for_good, found.faults)),
        **_model(settings, memory, roles), **_remote(settings), ghost=_ghost(settings, roles),
    )  # fmt: skip


def _busy(processors: int) -> float:
    """How many processors other programs use now and, where that is known, for a while."""
    now = psutil.cpu_percent(_LOOKING_SECONDS) / 100 * processors
    return now if os.name == "nt" else min(now, psutil.getloadavg()[0])


def _for_good(message: str) -> str:
    return in_terminal(message, for_good=True)


def _origins(found: UserSettings) -> dict[str, str]:
    """What sets each setting that does not come from the file: a variable, or an option."""
    file = str(config_file())
    return {key: item.origin for key, item in found.entries.items() if item.origin != file}


def _model(settings: Settings, memory: Any, roles: RoleChoices | None) -> dict[str, Any]:
    said: dict[str, Any] = {"setting": settings.model}
    beside = beside_answers(settings, roles) if roles else None
    context, others = settings.engine.context_tokens, in_place()
    try:
        chosen = choose(settings.model, model_folder(), memory.available, context, others, beside)
    except HerdmateError as error:
        unusable = _for_good(str(error))
        return said | {"unusable": unusable, "is_missing": isinstance(error, NoModelError)}
    fit = fitting(settings.engine.adapters, chosen.path)
    if not settings.remote.url:
        with suppress(OSError):  # the file has just been removed
            now, faster, better = in_use(chosen, context, memory.total, others)
            said |= {"now": now, "faster": faster, "better": better}
    return said | {
        "name": chosen.name,
        "chosen": str(chosen.path),
        "note": _for_good(chosen.note),
        "fits": chosen.fits,
        "adapters": tuple(f"{one.path.name} ({one.scale:g})" for one in fit.adapters),
        "misfits": tuple(map(_for_good, fit.notes)),
    }


def _remote(settings: Settings, role: Role = "answers") -> dict[str, Any]:
    remote = for_role(settings, role).remote
    if not remote.url:
        return {}
    said: dict[str, Any] = {
        "remote": remote.url, "fallback": remote.fallback, "remote_model": remote.model
    }  # fmt: skip
    try:
        api_key.take()
        answer = asyncio.run(asyncio.wait_for(_asked(settings, role), _REMOTE_SECONDS))
    except (HerdmateError, asyncio.TimeoutError) as error:
        told = str(error) if role == "answers" else for_ghost_text(str(error))
        told = _for_good(told) or f"{remote.url} does not answer."
        lost = isinstance(error, (UnreachableError, asyncio.TimeoutError))
        status = getattr(error, "status", 0)
        return said | {"answer": told, "is_down": True, "is_unreachable": lost, "status": status}
    return said | {"answer": answer}


def _ghost(settings: Settings, found: RoleChoices | None) -> tuple[str, str, State] | None:
    """The model in the settings for ghost text alone, and what comes of it."""
    if found is None or (found.completion is None and is_open(settings)):
        return None
    own = for_role(settings, "completion")
    name = own.remote.url or own.model
    choice = found.completion or found.answers
    if isinstance(choice, HerdmateError):
        return name, _for_good(str(choice)), "trouble"
    if isinstance(choice.start, RemoteStart):
        told = _remote(settings, "completion")
        return name, told["answer"], "trouble" if "is_down" in told else "ok"
    if found.completion is None:
        return name, _for_good(choice.note or "the model that answers"), "note"
    path = str(getattr(choice.start, "path", ""))
    return name, _for_good(f"{path}. {choice.note}" if choice.note else path), "ok"


async def _asked(settings: Settings, role: Role) -> str:
    start = remote_start(settings, role)
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
