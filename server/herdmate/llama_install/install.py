"""Installs llama-cpp-python as the user has chosen, and makes sure that it works here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from herdmate.atomic_write import write_whole
from herdmate.child_process import environment, start_blocking
from herdmate.errors import InstallError, NoWheelError
from herdmate.llama_install import INDEX, VERSION
from herdmate.llama_install.build import build, pip
from herdmate.llama_install.download import Tell, fetch, read_page
from herdmate.llama_install.machine import Machine, builds_for_cuda, cuda_variant, variants
from herdmate.llama_install.wheels import (
    check_index,
    check_wheel,
    choose_wheel,
    page_of,
    this_pythons_tags,
)

How = Literal["ready-made", "build", "as-before"]

_SECONDS = 120.0
_CHECK = (
    "import json, sys; sys.path[:0] = sys.argv[1:]; import llama_cpp; "
    "llama_cpp.llama_backend_init(); "
    "print(json.dumps([llama_cpp.__version__, bool(llama_cpp.llama_supports_gpu_offload())]))"
)
_RECORD = "herdmate-llama.json"
"""In the environment: how llama.cpp came there."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the user is asked before anything is fetched.

    ``needed`` is False if llama.cpp is installed and works. ``readyMade`` and ``build`` say which
    of the two can be done here.
    """

    needed: bool
    question: str
    detail: str
    readyMade: bool
    build: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done, in which folder for temporary files, with which files of hashes."""

    how: How
    work: Path
    index: str = INDEX
    locked: tuple[Path, Path] | None = None
    is_again: bool = False


def offer(machine: Machine, index: str) -> Offer:
    """What can be done on a machine. Asks no one. Raises ``InstallError`` if nothing can."""
    index = check_index(index)
    found = variants(machine)
    can_build = bool(machine.compiler) or machine.system == "windows"
    if not found and not can_build:
        raise InstallError(
            "There is no ready-made llama.cpp for this processor, and no C++ compiler to build it."
        )
    parts = []
    if found:
        host = urlsplit(index).hostname
        parts.append(
            f"Ready-made: llama-cpp-python {VERSION} {_ways(found[0])}, from {host}"
            f"{' and github.com' if index == INDEX else ''}."
            f"{' If it has none that fits, it is built here.' if can_build else ''}"
        )
    if can_build:
        gpu = " with CUDA, for your GPU" if builds_for_cuda(machine) else ""
        parts.append(
            f"Building{gpu}: 110 MB of source code and tools from your package index, then 5 to 15 "
            "minutes."
        )
    else:
        parts.append("Building needs a C++ compiler, and there is none here.")
    if machine.cuda and not cuda_variant(machine) and not machine.nvcc:
        parts.append("Your GPU stays unused until NVIDIA's CUDA libraries are installed.")
    parts.append("The other packages, about 40 MB, come from your package index.")
    question = "Herdmate needs llama.cpp to run models. How should it be installed?"
    return Offer(not is_fit(machine), question, "\n\n".join(parts), bool(found), can_build)


def check_reachable(machine: Machine, index: str) -> None:
    """Raises ``InstallError`` if an index does not answer."""
    index = check_index(index)
    for variant in variants(machine)[:1]:
        with suppress(NoWheelError):  # what there is instead is seen later
            read_page(page_of(index, variant))


def install(request: Request, machine: Machine, tell: Tell) -> None:
    """Do it, leaving no temporary files. Raises ``InstallError``, and nothing is half-installed."""
    if not request.is_again and is_fit(machine):
        return
    shutil.rmtree(request.work, ignore_errors=True)  # of one that was ended
    request.work.mkdir(parents=True)
    try:
        how = request.how if request.how != "as-before" else _before()
        if how == "ready-made":
            try:
                _ready_made(request, machine, tell)
                return
            except NoWheelError as error:
                tell(f"{error}; llama.cpp is built instead")
        build(machine, request.work, request.locked, request.is_again, tell)
        if works() is None:
            raise InstallError("llama.cpp was built, but cannot be loaded on this machine.")
        _record(how="build")
    finally:
        shutil.rmtree(request.work, ignore_errors=True)


def is_fit(machine: Machine) -> bool:
    """Is the pinned llama.cpp installed, does it work, and use the GPU if it could?"""
    try:
        is_pinned = version("llama-cpp-python") == VERSION
    except PackageNotFoundError:
        return False
    offloads = works() if is_pinned else None
    could = cuda_variant(machine) is not None or builds_for_cuda(machine)
    return offloads is not None and (offloads or not could)


def works(*folders: str) -> bool | None:
    """Can llama.cpp be loaded, and if so, does it use GPUs? None if it cannot.

    It is looked for in ``folders`` first. A process of its own loads it, for it could crash.
    """
    pipe = subprocess.PIPE
    command = (sys.executable, "-I", "-c", _CHECK, *folders)
    process = start_blocking(*command, stdout=pipe, stderr=pipe)
    try:
        out, _ = process.communicate(timeout=_SECONDS)
        told = json.loads(out.splitlines()[-1])
        return bool(told[1]) if told[0] == VERSION else None
    except (subprocess.TimeoutExpired, ValueError, LookupError, TypeError):
        return None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _ready_made(request: Request, machine: Machine, tell: Tell) -> None:
    """Install the first wheel that there is. Raises ``NoWheelError`` if none is, or none works."""
    index, tags = check_index(request.index), this_pythons_tags()
    reason = NoWheelError("There is no ready-made llama.cpp for this machine")
    for variant in variants(machine):
        try:
            page = page_of(index, variant)
            tell(f"Looking for llama.cpp at {urlsplit(index).hostname}")
            wheel = choose_wheel(read_page(page), page, variant, tags)
            place = request.work / wheel.name
            fetch(wheel.url, variant, place, tell)
        except NoWheelError as error:
            reason = error
            continue
        digest = check_wheel(place, wheel)
        is_said = "as pinned" if wheel.sha256 else "which nobody has pinned"
        origin = f"{wheel.name} ({variant}) from {wheel.url}"
        sys.stderr.write(f"{origin}: SHA-256 {digest}, {is_said}\n")
        tell("Installing llama.cpp")
        if not _runs(place, variant, request.work):
            reason = NoWheelError(f"The ready-made llama.cpp ({variant}) does not run here")
            continue
        _pip_alone(["--force-reinstall", "--no-deps", "--no-index", str(place)], request.work)
        _record(how="ready-made", variant=variant, url=wheel.url, sha256=digest)
        return
    raise reason


def _runs(place: Path, variant: str, work: Path) -> bool:
    """Does a wheel work on this machine? It is unpacked aside, so that nothing is lost if not."""
    aside = str(work / variant)
    _pip_alone(["--target", aside, "--no-deps", "--no-index", str(place)], work)
    offloads = works(aside)
    return offloads is not None and (offloads or not variant.startswith("cu"))


def _pip_alone(arguments: list[str], work: Path) -> None:
    """Run pip without the user's configuration, which could name other places."""
    own = {name: value for name, value in environment().items() if not name.startswith("PIP_")}
    pip(["--isolated", *arguments], own, work)


def _ways(variant: str) -> str:
    """What a variant is for, its size and how long it takes."""
    if variant.startswith("cu"):
        cuda = f"{variant[2:-1]}.{variant[-1]}"
        return f"for NVIDIA GPUs with CUDA {cuda}, several hundred MB, a few minutes"
    what = "for Apple GPUs" if variant == "metal" else "for this processor"
    return f"{what}, about 25 MB, about a minute"


def _before() -> Literal["ready-made", "build"]:
    """How llama.cpp came here; by building, if nobody knows."""
    try:
        told = json.loads(Path(sys.prefix, _RECORD).read_text("utf-8"))
        return "ready-made" if told["how"] == "ready-made" else "build"
    except (OSError, ValueError, LookupError, TypeError):
        return "build"


def _record(**told: str) -> None:
    write_whole(Path(sys.prefix, _RECORD), json.dumps(told).encode())
