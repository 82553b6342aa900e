"""Which ready-made llama.cpp suits which machine, and how it is built where none does."""

from __future__ import annotations

import pytest

from herdmate.llama_install.machine import (
    Machine,
    build_environment,
    this_machine,
    variants,
)

_LINUX = Machine("linux", "x86_64", compiler="/usr/bin/c++")


def _nvidia(
    cuda: tuple[int, int],
    libraries: set[int],
    capability: tuple[int, int] = (8, 9),
    nvcc: str = "",
    system: str = "linux",
) -> Machine:
    assert system in ("linux", "windows")
    return Machine(
        "linux" if system == "linux" else "windows",
        "x86_64",
        cuda=cuda,
        capability=capability,
        cuda_libraries=frozenset(libraries),
        nvcc=nvcc,
    )


@pytest.mark.parametrize(
    ("machine", "suits"),
    [
        (_LINUX, ("cpu",)),
        (Machine("linux", "x86_64", has_avx2=False), ()),
        (Machine("linux", "arm64", has_avx2=False), ("cpu",)),
        (Machine("windows", "x86_64"), ("cpu",)),
        (Machine("macos", "arm64"), ("metal", "cpu")),
        (Machine("macos", "x86_64"), ("cpu",)),
        (_nvidia((12, 4), {12}), ("cu124", "cpu")),
        (_nvidia((12, 9), {12}), ("cu125", "cpu")),
        (_nvidia((13, 1), {12, 13}), ("cu130", "cpu")),
        (_nvidia((13, 1), {12}), ("cu125", "cpu")),
        (_nvidia((13, 2), {12, 13}, capability=(6, 1)), ("cu125", "cpu")),
        (_nvidia((13, 2), {13}, capability=(6, 1)), ("cpu",)),
        (_nvidia((12, 3), {11, 12}), ("cu123", "cpu")),
        (_nvidia((12, 3), {11, 12}, system="windows"), ("cu118", "cpu")),
        (_nvidia((12, 0), {12}), ("cpu",)),
        (_nvidia((12, 4), set()), ("cpu",)),
        (_nvidia((12, 4), {12}, nvcc="/usr/local/cuda/bin/nvcc"), ("cu124",)),
        (_nvidia((12, 4), {12}, capability=(5, 2)), ("cpu",)),
    ],
)
def test_what_suits_a_machine(machine: Machine, suits: tuple[str, ...]) -> None:
    assert variants(machine) == suits


@pytest.mark.parametrize(
    ("machine", "given", "told"),
    [
        (_LINUX, {}, {}),
        (
            _nvidia((12, 4), {12}, nvcc="/cuda/bin/nvcc"), {},
            {"CMAKE_ARGS": "-DGGML_CUDA=on", "CUDACXX": "/cuda/bin/nvcc"},
        ),
        (_nvidia((12, 4), {12}, nvcc="/cuda/bin/nvcc"), {"CMAKE_ARGS": "-DGGML_VULKAN=on"}, {}),
        (_nvidia((12, 4), {12}), {}, {}),
        (Machine("linux", "x86_64", nvcc="/cuda/bin/nvcc"), {}, {}),
        (
            Machine("linux", "x86_64", avoids_amx=True), {"CFLAGS": "-g"},
            {"CFLAGS": "-g -mno-amx-int8", "CXXFLAGS": "-mno-amx-int8"},
        ),
    ],
)  # fmt: skip
def test_how_it_is_built(machine: Machine, given: dict[str, str], told: dict[str, str]) -> None:
    assert build_environment(machine, given) == told


def test_this_machine_can_be_looked_at() -> None:
    machine = this_machine()
    assert machine.system in ("linux", "macos", "windows")
    assert machine.architecture
