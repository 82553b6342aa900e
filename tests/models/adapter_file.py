"""LoRA adapters made by hand, as llama.cpp's ``convert_lora_to_gguf.py`` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np

ATTENTION = {
    f"blk.{at}.attn_{name}.weight": (64, outputs)
    for at in (0, 1)
    for name, outputs in (("q", 64), ("v", 32))
}
"""What most adapters change, in the tiny model; inputs and outputs of each matrix."""


def adapter(
    path: Path,
    changes: Mapping[str, tuple[int, int]] = ATTENTION,
    *,
    architecture: str = "llama",
    kinds: Sequence[str] = ("adapter", "lora"),
    rank: int = 4,
    alpha: Any = 8.0,
    without: Sequence[str] = (),
    number: Any = np.float32,
    keys: Mapping[str, Sequence[int]] | None = None,
) -> Path:
    """Write an adapter; the weights are the same every time."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(kinds[0])
    writer.add_string("adapter.type", kinds[1])
    if isinstance(alpha, float):
        writer.add_float32("adapter.lora.alpha", alpha)
    else:
        writer.add_string("adapter.lora.alpha", alpha)
    for key, values in (keys or {}).items():
        writer.add_array(key, list(values))
    dice = np.random.default_rng(3)
    for name, (inputs, outputs) in changes.items():
        shapes = {"lora_a": (rank, inputs), "lora_b": (outputs, rank)}
        if name == "token_embd.weight":  # stored the other way round: inputs are the vocabulary
            shapes = {"lora_a": (inputs, rank), "lora_b": (outputs, rank)}
        for part, shape in shapes.items():
            if part not in without:
                numbers = np.ascontiguousarray(dice.normal(0, 0.5, shape), dtype=number)
                writer.add_tensor(f"{name}.{part}", numbers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
