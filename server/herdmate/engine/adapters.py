"""LoRA adapters in llama.cpp: loaded with the model, and added to its weights in a context."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp

from herdmate.engine.start import LlamaStart


@dataclass(frozen=True, slots=True)
class Adapters:
    """Native adapters with their scales; ``note`` is a sentence about those that failed to load."""

    handles: tuple[Any, ...]
    scales: tuple[float, ...]
    note: str


def load_adapters(how: LlamaStart, model: Any) -> Adapters:
    """The adapters that are named for a model, which frees them when it is freed.

    llama.cpp wants this before a context is made, in which each takes room.
    """
    handles, scales, failed = [], [], []
    for path, scale in zip(how.adapters, how.scales, strict=True):
        if handle := llama_cpp.llama_adapter_lora_init(model, os.fsencode(path)):
            handles.append(handle)
            scales.append(scale)
        else:
            failed.append(Path(path).name)
    note = f"Could not be loaded, so left out: {', '.join(failed)}." if failed else ""
    return Adapters(tuple(handles), tuple(scales), note)


def use_adapters(context: Any, adapters: Adapters) -> None:
    """Add the adapters to the weights, as far as this context computes with them."""
    count = len(adapters.handles)
    if count:
        handles = (llama_cpp.llama_adapter_lora_p_ctypes * count)(*adapters.handles)
        scales = (ctypes.c_float * count)(*adapters.scales)
        llama_cpp.llama_set_adapters_lora(context, handles, count, scales)
