"""What decides which llama.cpp suits this machine."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from herdmate.child_process import start_blocking, which

NO_AMX = ("-mno-amx-int8",)
"""For compilers: GCC's code for AMX crashes in llama.cpp."""

_CUDA = ((13, 2), (13, 0), (12, 5), (12, 4), (12, 3), (12, 2), (12, 1), (11, 8))
"""The versions of CUDA for which the project publishes wheels, newest first."""

VARIANTS = ("cpu", "metal", *(f"cu{major}{minor}" for major, minor in _CUDA))
"""The folders of the index that are made use of."""

_NOT_ON_WINDOWS = ((12, 3), (12, 2), (12, 1))
_OLDEST_GPU = {13: (7, 5), 12: (6, 0), 11: (6, 0)}
"""The least compute capability that a major version of CUDA still serves."""

_MOST_OF_PROC = 1 << 20


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine; tests make their own.

    ``cuda`` is the newest version that NVIDIA's driver runs, ``capability`` the compute capability
    of the first GPU, and ``cuda_libraries`` the major versions whose libraries are installed.
    ``nvcc`` and ``compiler`` are paths. ``avoids_amx``: the compiler would use AMX, and crash.
    """

    system: Literal["linux", "macos", "windows"]
    architecture: str
    has_avx2: bool = True
    cuda: tuple[int, int] | None = None
    capability: tuple[int, int] = (0, 0)
    cuda_libraries: frozenset[int] = frozenset()
    nvcc: str = ""
    compiler: str = ""
    avoids_amx: bool = False


def variants(machine: Machine) -> tuple[str, ...]:
    """The folders of the index that suit a machine, best first; none if it has to build."""
    found = []
    if machine.system == "macos" and machine.architecture == "arm64":
        found.append("metal")
    if (cuda := cuda_variant(machine)) is not None:
        found.append(cuda)
        if machine.nvcc:  # without such a wheel, one built here uses the GPU
            return tuple(found)
    if machine.architecture != "x86_64" or machine.has_avx2:  # else its first answer would crash
        found.append("cpu")
    return tuple(found)


def cuda_variant(machine: Machine) -> str | None:
    """The newest wheel for NVIDIA that the driver, the GPU and the installed libraries can run."""
    if machine.cuda is None or machine.architecture != "x86_64":
        return None
    for version in _CUDA:
        is_new_enough = version <= machine.cuda and version[0] in machine.cuda_libraries
        if machine.system == "windows" and version in _NOT_ON_WINDOWS:
            continue
        if is_new_enough and machine.capability >= _OLDEST_GPU[version[0]]:
            return f"cu{version[0]}{version[1]}"
    return None


def build_environment(machine: Machine, given: dict[str, str]) -> dict[str, str]:
    """What a build is told beyond the user's own variables, which take precedence."""
    told: dict[str, str] = {}
    if builds_for_cuda(machine) and "CMAKE_ARGS" not in given:
        told["CMAKE_ARGS"] = "-DGGML_CUDA=on"
        if "CUDACXX" not in given:
            told["CUDACXX"] = machine.nvcc
    if machine.avoids_amx:
        for name in ("CFLAGS", "CXXFLAGS"):
            told[name] = " ".join([*filter(None, [given.get(name)]), *NO_AMX])
    return told


def builds_for_cuda(machine: Machine) -> bool:
    """Does a build here use NVIDIA's GPU?"""
    return bool(machine.cuda and machine.nvcc)


def this_machine() -> Machine:
    """The machine we run on. Starts a compiler, and asks NVIDIA's driver if there is one."""
    system = _system()
    names = {"amd64": "x86_64", "x86-64": "x86_64", "aarch64": "arm64"}
    architecture = platform.machine().lower()
    flags = _cpu_flags()
    compiler = next(filter(None, map(which, ("c++", "g++", "clang++", "cl"))), "")
    cuda, capability = _driver(system)
    return Machine(
        system,
        names.get(architecture, architecture),
        has_avx2=_has_avx2(system, flags),
        cuda=cuda,
        capability=capability,
        cuda_libraries=frozenset(it for it in {major for major, _ in _CUDA} if _loads(it, system)),
        nvcc=_nvcc(system),
        compiler=compiler,
        avoids_amx="amx_int8" in flags and _takes(compiler, NO_AMX),
    )


def _system() -> Literal["linux", "macos", "windows"]:
    if sys.platform == "darwin":
        return "macos"
    return "windows" if os.name == "nt" else "linux"


def _cpu_flags() -> frozenset[str]:
    try:
        with open("/proc/cpuinfo", "rb") as file:
            text = file.read(_MOST_OF_PROC).decode("ascii", "replace")
    except OSError:
        return frozenset()
    found = re.search(r"^flags\s*:(.*)$", text, re.M)
    return frozenset(found[1].split() if found else ())


def _has_avx2(system: str, flags: frozenset[str]) -> bool:
    if system == "linux":
        return {"avx2", "fma", "f16c"} <= flags
    if system == "windows":
        return bool(_windows_library("kernel32").IsProcessorFeaturePresent(40))
    return True


def _windows_library(name: str) -> Any:
    return getattr(ctypes, "WinDLL")(name)  # noqa: B009 - it exists on Windows alone


def _driver(system: str) -> tuple[tuple[int, int] | None, tuple[int, int]]:
    """The newest CUDA that NVIDIA's driver runs, and the compute capability of the first GPU."""
    if system == "macos":
        return None, (0, 0)
    try:
        if system == "windows":
            driver = _windows_library("nvcuda.dll")
        else:
            driver = ctypes.CDLL("libcuda.so.1")
        number, device = ctypes.c_int(), ctypes.c_int()
        if driver.cuDriverGetVersion(ctypes.byref(number)) or driver.cuInit(0):
            return None, (0, 0)
        if driver.cuDeviceGet(ctypes.byref(device), 0):
            return None, (0, 0)
        capability = [ctypes.c_int(), ctypes.c_int()]
        for value, attribute in zip(capability, (75, 76), strict=True):  # major, minor
            driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device)
    except (OSError, AttributeError):
        return None, (0, 0)
    cuda = number.value // 1000, number.value % 1000 // 10
    return cuda, (capability[0].value, capability[1].value)


def _loads(major: int, system: str) -> bool:
    """Are the libraries of a version of CUDA where a program finds them?"""
    if system == "macos":
        return False
    if system == "windows":
        folder = Path(os.environ.get("CUDA_PATH", "C:/no-cuda")) / "bin"
        return any((at / f"cublas64_{major}.dll").exists() for at in (folder, folder / "x64"))
    runtime = "libcudart.so.11.0" if major == 11 else f"libcudart.so.{major}"
    try:
        for library in (runtime, f"libcublasLt.so.{major}", f"libcublas.so.{major}"):
            ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _nvcc(system: str) -> str:
    name = "nvcc.exe" if system == "windows" else "nvcc"
    if (found := which(name)) is not None:
        return found
    usual = Path(os.environ.get("CUDA_PATH") or "/usr/local/cuda") / "bin" / name
    return str(usual) if usual.is_absolute() and usual.exists() else ""


def _takes(compiler: str, options: tuple[str, ...]) -> bool:
    """Does a compiler know some options?"""
    if not compiler:
        return False
    nothing = subprocess.DEVNULL
    command = (compiler, *options, "-x", "c++", "-fsyntax-only", os.devnull)
    with suppress(OSError, subprocess.TimeoutExpired):
        process = start_blocking(*command, stdin=nothing, stdout=nothing, stderr=nothing)
        try:
            return process.wait(timeout=30) == 0
        finally:
            process.kill()
            process.wait()
    return False
