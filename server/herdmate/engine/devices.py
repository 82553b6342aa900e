"""The graphics processors that this build of llama.cpp can use, from its own device list."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import llama_cpp

_GPUS = (1, 2)  # GGML_BACKEND_DEVICE_TYPE_GPU and _IGPU


@dataclass(frozen=True, slots=True)
class Device:
    """A graphics processor; memory in bytes."""

    name: str
    free: int
    total: int


def devices() -> tuple[Device, ...]:
    """All graphics processors; empty if llama.cpp was built for the CPU only."""
    if not llama_cpp.llama_supports_gpu_offload():
        return ()
    llama_cpp.llama_backend_init()
    try:
        return tuple(_devices(*_libraries()))
    except (OSError, AttributeError):  # another version has other library or function names
        return ()


def _libraries() -> tuple[ctypes.CDLL, ctypes.CDLL]:
    """The library that lists the devices, and the one that describes them."""
    folder = Path(llama_cpp.__file__).parent / "lib"
    found = [next(iter(sorted(folder.glob(f"*{name}.*")))) for name in ("ggml", "ggml-base")]
    listing, asking = (ctypes.CDLL(str(path)) for path in found)
    listing.ggml_backend_dev_count.restype = ctypes.c_size_t
    listing.ggml_backend_dev_get.restype = ctypes.c_void_p
    listing.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    asking.ggml_backend_dev_description.restype = ctypes.c_char_p
    asking.ggml_backend_dev_description.argtypes = [ctypes.c_void_p]
    asking.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    size = ctypes.POINTER(ctypes.c_size_t)
    asking.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p, size, size]
    return listing, asking


def _devices(listing: ctypes.CDLL, asking: ctypes.CDLL) -> Iterator[Device]:
    for index in range(listing.ggml_backend_dev_count()):
        device = listing.ggml_backend_dev_get(index)
        if asking.ggml_backend_dev_type(device) in _GPUS:
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            asking.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            name = asking.ggml_backend_dev_description(device).decode("utf-8", "replace")
            yield Device(name, free.value, total.value)
