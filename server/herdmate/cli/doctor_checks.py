"""What ``herdmate doctor`` makes of a machine: each trouble with the command that mends it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from herdmate.cli.sizes import size_text
from herdmate.engine.build_report import Build

_LITTLE_DISK = 2_000_000_000
_REBUILD = "-m pip install --force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python"


State = Literal["ok", "note", "trouble"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found on a machine; sizes in bytes.

    ``others``: other ``herdmate`` programs that the shell would find first. ``drivers``: makers of
    GPUs whose driver is here. ``installer`` installs the system's packages. ``models``: names and
    sizes of Herdmate's own. ``chosen``, ``unusable`` and ``note`` are of the model in the settings:
    its path, or why it cannot be used; ``ghost`` says the same of ghost text's own model, if it has
    one: the setting, its path or why it is not used, and how that is. ``adapters`` are the names of
    those that fit the model, ``misfits`` a sentence for each other. ``remote`` is the remote
    server's address, ``answer`` its model or, if ``is_down``, what went wrong. ``folders``: what it
    is for, path, size, writable.
    """

    version: str
    system: Literal["linux", "macos", "windows"]
    python: str
    executable: str
    build: Build
    others: tuple[str, ...] = ()
    compiler: str = ""
    drivers: tuple[str, ...] = ()
    toolkit: str = ""
    installer: str = ""
    cores: int = 1
    memory: int = 0
    free_memory: int = 0
    free_disk: int = 0
    models: tuple[tuple[str, int], ...] = ()
    setting: str = "auto"
    chosen: str = ""
    unusable: str = ""
    is_missing: bool = False
    note: str = ""
    fits: bool = True
    ghost: tuple[str, str, State] | None = None
    adapters: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ()
    editors: tuple[tuple[str, str, bool], ...] = ()
    remote: str = ""
    answer: str = ""
    is_down: bool = False
    folders: tuple[tuple[str, str, int, bool], ...] = ()
    config: str = ""
    faults: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. ``mend``: the command that mends a trouble, or that improves matters."""

    topic: str
    state: State
    text: str
    mend: str = ""


def findings(facts: Facts) -> list[Finding]:
    """All there is to say about a machine, in the order of the page."""
    return [found for check in _CHECKS for found in check(facts)]


def _python(facts: Facts) -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{facts.python}, {facts.executable}")
    if facts.others:
        folder = facts.executable.replace("\\", "/").rpartition("/")[0]
        path = _quoted(facts, f"{folder}/herdmate")
        if facts.system != "windows":
            path = f'export PATH={_quoted(facts, folder)}:"$PATH"'
        yield Finding(
            "", "trouble", f"Your shell runs another Herdmate first: {facts.others[0]}", path
        )


def _quoted(facts: Facts, path: str) -> str:
    """A path as one word of the shell's."""
    if facts.system != "windows":
        return shlex.quote(path)
    return f'"{path}"' if " " in path else path


def _compiler(facts: Facts) -> Iterator[Finding]:
    if facts.compiler:
        yield Finding("Compiler", "ok", facts.compiler)
        return
    state: Literal["note", "trouble"] = "trouble" if facts.build.error else "note"
    text = "No C++ compiler; installing or rebuilding llama.cpp needs one"
    yield Finding("Compiler", state, text, _install_compiler(facts))


def _install_compiler(facts: Facts) -> str:
    if facts.system == "macos":
        return "xcode-select --install"
    if facts.system == "windows":
        return "winget install Microsoft.VisualStudio.2022.BuildTools"
    packages = {"apt-get": "build-essential", "apk": "build-base", "pacman": "base-devel"}
    return _installed(facts, packages.get(facts.installer, "gcc-c++"))


def _installed(facts: Facts, package: str) -> str:
    """The command that installs a package of the system."""
    usual = f"{facts.installer or 'apt-get'} install"
    how = {"pacman": "pacman -S", "apk": "apk add"}.get(facts.installer, usual)
    return f"sudo {how} {package}"


def _llama(facts: Facts) -> Iterator[Finding]:
    build, python = facts.build, _quoted(facts, facts.executable)
    if build.error:
        text = f"llama.cpp cannot be used: {build.error}"
        yield Finding("llama.cpp", "trouble", text, f"{python} {_REBUILD} llama-cpp-python")
        return
    used = [name for name in _FEATURES if name in build.features]
    yield Finding(
        "llama.cpp", "ok", f"{build.version}, built for {' '.join(used) or 'any processor'}"
    )
    if "AMX_INT8" in build.features:
        flags = "CFLAGS=-mno-amx-int8 CXXFLAGS=-mno-amx-int8"
        yield Finding(
            "", "note", "It was built with AMX, which crashes; Herdmate does without, more slowly",
            f"{flags} {python} {_REBUILD} llama-cpp-python",
        )  # fmt: skip


def _gpus(facts: Facts) -> Iterator[Finding]:
    for name, free, total in facts.build.devices:
        yield Finding("GPU", "ok", f"{name}, {size_text(free)} of {size_text(total)} free; used")
    if facts.build.devices:
        return
    if not facts.drivers:
        yield Finding("GPU", "ok", "none with a driver; the processor does the work")
    elif facts.build.offloads:
        text = f"{facts.drivers[0]}: llama.cpp supports GPUs and finds none"
        look = "nvidia-smi" if facts.drivers[0] == "NVIDIA" else "vulkaninfo --summary"
        yield Finding("GPU", "trouble", text, look)
    else:
        yield from _unused_gpu(facts)


def _unused_gpu(facts: Facts) -> Iterator[Finding]:
    maker = facts.drivers[0]
    text = f"{maker}: not used, because llama.cpp was built for the processor only"
    kind = {"NVIDIA": "CUDA", "AMD": "HIP"}.get(maker, "VULKAN")
    python = _quoted(facts, facts.executable)
    rebuild = f"CMAKE_ARGS=-DGGML_{kind}=on {python} {_REBUILD} llama-cpp-python"
    if maker == "NVIDIA" and not facts.toolkit:
        install = _installed(
            facts, "cuda" if facts.installer == "pacman" else "nvidia-cuda-toolkit"
        )
        yield Finding("GPU", "trouble", f"{text}; building for it needs the CUDA toolkit", install)
        yield Finding("", "note", "After that, rebuild llama.cpp", rebuild)
        return
    yield Finding("GPU", "trouble", text, rebuild)


def _model(facts: Facts) -> Iterator[Finding]:
    if facts.unusable:
        if facts.is_missing or facts.setting == "auto":
            mend = "herdmate models pull starter"
        else:
            mend = "herdmate config set model auto"
        state: State = "note" if facts.remote and not facts.is_down else "trouble"
        yield Finding("Model", state, facts.unusable, mend)
    else:
        yield Finding("Model", "ok", f"{facts.setting}: {facts.chosen}")
        if facts.note:
            state = "note" if facts.fits else "trouble"
            yield Finding("", state, facts.note, "" if facts.fits else "herdmate models recommend")
    if facts.adapters:
        yield Finding("", "ok", f"Adapters: {', '.join(facts.adapters)}")
    for misfit in facts.misfits:
        yield Finding("", "trouble", misfit, "herdmate config edit")
    if facts.ghost is not None:
        setting, text, state = facts.ghost
        mend = "herdmate models recommend" if state == "note" else "herdmate models list"
        yield Finding("", state, f"Ghost text, {setting}: {text}", mend)
    if facts.models:
        names = ", ".join(f"{name} ({size_text(size)})" for name, size in facts.models)
        yield Finding("", "ok", f"Here: {names}")


def _memory(facts: Facts) -> Iterator[Finding]:
    free = f"{size_text(facts.memory)}, {size_text(facts.free_memory)} free; {facts.cores} cores"
    yield Finding("Memory", "ok", free)


def _disk(facts: Facts) -> Iterator[Finding]:
    text = f"{size_text(facts.free_disk)} free for models"
    if facts.free_disk >= _LITTLE_DISK:
        yield Finding("Disk", "ok", text)
        return
    largest = max(facts.models, key=lambda model: model[1], default=None)
    mend = "export HERDMATE_HOME=/a/larger/disk"
    if largest is not None:
        mend = f"herdmate models rm {_quoted(facts, largest[0])}"
    yield Finding("Disk", "trouble", f"{text}, too little for most", mend)


def _editors(facts: Facts) -> Iterator[Finding]:
    for name, program, is_set_up in facts.editors:
        if is_set_up:
            yield Finding("Editor", "ok", f"{name}, set up")
        else:
            how = "" if name == "jetbrains" else " --write"
            yield Finding("Editor", "note", f"{name}, not set up ({program})",
                          f"herdmate setup {name}{how}")  # fmt: skip
    if not facts.editors:
        yield Finding("Editor", "note", "none found on the search path", "herdmate setup")


def _remote(facts: Facts) -> Iterator[Finding]:
    if not facts.remote:
        yield Finding("Remote", "ok", "none; this machine does the work")
    elif facts.is_down:
        yield Finding("Remote", "trouble", facts.answer, "herdmate config unset remote.url")
    else:
        yield Finding("Remote", "ok", f"{facts.remote} answers: {facts.answer}")


def _folders(facts: Facts) -> Iterator[Finding]:
    for name, path, size, is_writable in facts.folders:
        if is_writable:
            yield Finding(name, "ok", f"{path}, {size_text(size)}")
        else:
            yield Finding(
                name,
                "trouble",
                f"{path} cannot be written",
                f"chmod -R u+rwX {_quoted(facts, path)}",
            )


def _settings(facts: Facts) -> Iterator[Finding]:
    yield Finding("Settings", "ok", facts.config)
    for fault in facts.faults:
        yield Finding("", "trouble", fault, "herdmate config edit")


_FEATURES = ("AVX", "AVX2", "AVX512", "AMX_INT8", "FMA", "NEON", "SVE", "METAL", "CUDA", "VULKAN")

_CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _python, _compiler, _llama, _gpus, _model, _memory, _disk, _editors, _remote, _folders,
    _settings,
)  # fmt: skip
