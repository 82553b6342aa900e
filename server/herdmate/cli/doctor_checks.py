"""What ``herdmate doctor`` makes of a machine: each trouble with the command that mends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import isinf
from typing import Literal

from herdmate.cli.doctor_facts import Facts, Finding, State
from herdmate.cli.doctor_mends import (
    edit_command,
    export_command,
    install_command,
    install_compiler,
    quoted,
    set_command,
    unset_command,
    unset_variable,
    use_command,
)
from herdmate.cli.sizes import size_text, speed_text, tokens_text
from herdmate.printable import counted

_BUSY = 0.5
"""The share of the processors that other programs may use before it slows a model down."""

_LITTLE_DISK = 2_000_000_000
_REBUILD = "-m pip install --force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python"


def findings(facts: Facts) -> list[Finding]:
    """All there is to say about a machine, in the order of the page."""
    return [found for check in _CHECKS for found in check(facts)]


def _python(facts: Facts) -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{facts.python}, {facts.executable}")
    if facts.others:
        folder = facts.executable.replace("\\", "/").rpartition("/")[0]
        path = quoted(facts, f"{folder}/herdmate")
        if facts.system != "windows":
            path = f'export PATH={quoted(facts, folder)}:"$PATH"'
        yield Finding(
            "", "trouble", f"Your shell runs another Herdmate first: {facts.others[0]}", path
        )


def _compiler(facts: Facts) -> Iterator[Finding]:
    if facts.compiler:
        yield Finding("Compiler", "ok", facts.compiler)
        return
    state: Literal["note", "trouble"] = "trouble" if facts.build.error else "note"
    text = "No C++ compiler; installing or rebuilding llama.cpp needs one"
    yield Finding("Compiler", state, text, install_compiler(facts))


def _llama(facts: Facts) -> Iterator[Finding]:
    build, python = facts.build, quoted(facts, facts.executable)
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
            f"{flags} {python} {_REBUILD} llama-cpp-python", is_slow=True,
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
    python = quoted(facts, facts.executable)
    rebuild = f"CMAKE_ARGS=-DGGML_{kind}=on {python} {_REBUILD} llama-cpp-python"
    if maker == "NVIDIA" and not facts.toolkit:
        install = install_command(
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
            mend = set_command(facts, "model", "auto")
        state: State = "note" if facts.remote and not facts.is_down else "trouble"
        yield Finding("Model", state, facts.unusable, mend)
    else:
        yield Finding("Model", "ok", f"{facts.setting}: {facts.name}, {facts.chosen}")
        if facts.remote:
            only = "It is used only while the remote server does not answer"
            text = only if facts.fallback else "It is not used, because remote.url is set"
            yield Finding("", "ok", text)
        if facts.note and (facts.fallback or not facts.remote):
            state = "note" if facts.fits else "trouble"
            yield Finding("", state, facts.note, "" if facts.fits else "herdmate models recommend")
        yield from _speed(facts)
    if facts.adapters:
        yield Finding("", "ok", f"Adapters: {', '.join(facts.adapters)}")
    for misfit in facts.misfits:
        yield Finding("", "trouble", misfit, edit_command(facts, "engine.adapters"))
    if facts.ghost is not None:
        setting, text, state = facts.ghost
        mend = "herdmate models recommend" if state == "note" else "herdmate models list"
        if "://" in setting:
            mend = unset_command(facts, "completion.remoteUrl")
        yield Finding("", state, f"Ghost text, {setting}: {text}", mend)
    if facts.models:
        names = ", ".join(f"{name} ({size_text(size)})" for name, size in facts.models)
        yield Finding("", "ok", f"Here: {names}")


def _speed(facts: Facts) -> Iterator[Finding]:
    """How fast the model answers, and, if one has to wait for it, what is faster."""
    now, faster = facts.now, facts.faster
    if now is None or not facts.fits:
        return
    said, others = f"It writes {speed_text(now)}", _others(facts)
    if now.slowed:
        can = f"It can write {tokens_text(now.speed)}"
        yield from _slowed(facts, f"{can}, but its last answer came at {tokens_text(now.slowed)}")
    elif others and not isinf(now.speed):
        yield from _slowed(facts, said)
    elif now.is_comfortable:
        yield Finding("", "ok", f"{said}; {_COMPARE}")
    if now.is_comfortable:
        yield from _better(facts)
        return
    if faster is None:
        text = f"{said}; only a GPU or a remote server would be faster"
        yield Finding("", "note", text, is_slow=True)
    else:
        text = f"{said}, so answers are slow; {faster.name} would write {speed_text(faster)}"
        text = f"{text}; {_COMPARE}"
        use = use_command(facts, faster.name, faster.is_here)
        yield Finding("", "note", text, use, is_slow=True)


_COMPARE = "`herdmate models recommend` compares others"


def _better(facts: Facts) -> Iterator[Finding]:
    """A model that answers better and is still quick, unless the note has named one."""
    better = facts.better
    if better is None or facts.note or not (better.is_here or better.size < facts.free_disk):
        return
    text = f"{better.name} answers better, and would write {speed_text(better)}"
    use = use_command(facts, better.name, better.is_here)
    yield Finding("", "note", text, use)


def _slowed(facts: Facts, said: str) -> Iterator[Finding]:
    """What slows the model down, as far as it is known."""
    if others := _others(facts):
        look = {"linux": "top", "macos": "top -o cpu", "windows": "taskmgr"}[facts.system]
        text = f"{said}; {others}, which slows it down: end them, or wait"
        yield Finding("", "note", text, look, is_slow=True)
    else:
        text = f"{said}; other programs were probably at work, and if not, measure what is fastest"
        tune = f"herdmate models tune {quoted(facts, facts.name)}"
        yield Finding("", "note", text, tune, is_slow=True)


def _others(facts: Facts) -> str:
    """What other programs use, if that is half of the processors or more."""
    used = min(max(round(facts.busy), 1), facts.processors)
    if facts.busy < facts.processors * _BUSY:
        return ""
    many = counted(facts.processors, "processor")
    return f"other programs use {used} of {many}"


def _memory(facts: Facts) -> Iterator[Finding]:
    free = f"{size_text(facts.memory)}, {size_text(facts.free_memory)} free; {facts.cores} cores"
    yield Finding("Memory", "ok", free)


def _disk(facts: Facts) -> Iterator[Finding]:
    text = f"{size_text(facts.free_disk)} free for models"
    if facts.free_disk >= _LITTLE_DISK:
        yield Finding("Disk", "ok", text)
        return
    largest = max(facts.models, key=lambda model: model[1], default=None)
    mend = export_command(facts, "HERDMATE_HOME", "/a/larger/disk")
    if largest is not None:
        mend = f"herdmate models rm {quoted(facts, largest[0])}"
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
        yield Finding("Remote", "trouble", facts.answer, _mend_remote(facts))
        if not facts.is_unreachable or not facts.chosen:
            return
        if facts.fallback:
            text = f"Meanwhile, {facts.name} on this machine answers (remote.fallback)"
            yield Finding("", "ok", text)
        else:
            text = f"{facts.name} on this machine could answer while it is down"
            yield Finding("", "note", text, set_command(facts, "remote.fallback", "true"))
    else:
        yield Finding("Remote", "ok", f"{facts.remote} answers: {facts.answer}")


def _mend_remote(facts: Facts) -> str:
    if facts.status in (401, 403):
        return export_command(facts, "HERDMATE_API_KEY", "KEY")
    key = "remote.model" if facts.status == 404 and facts.remote_model else "remote.url"
    return unset_command(facts, key)


def _folders(facts: Facts) -> Iterator[Finding]:
    for name, path, size, is_writable in facts.folders:
        if is_writable:
            yield Finding(name, "ok", f"{path}, {size_text(size)}")
        else:
            yield Finding(
                name,
                "trouble",
                f"{path} cannot be written",
                f"chmod -R u+rwX {quoted(facts, path)}",
            )


def _settings(facts: Facts) -> Iterator[Finding]:
    yield Finding("Settings", "ok", facts.config)
    for fault in facts.faults:
        variable = re.match(r"(?:There is no setting )?(HERDMATE_\w+)", fault)
        mend = unset_variable(facts, variable[1]) if variable else "herdmate config edit"
        yield Finding("", "trouble", fault, mend)


_FEATURES = ("AVX", "AVX2", "AVX512", "AMX_INT8", "FMA", "NEON", "SVE", "METAL", "CUDA", "VULKAN")

_CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _python, _compiler, _llama, _gpus, _model, _memory, _disk, _editors, _remote, _folders,
    _settings,
)  # fmt: skip
