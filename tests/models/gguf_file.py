"""GGUF files made by hand."""

from __future__ import annotations

import struct
from pathlib import Path


def string(text: str) -> bytes:
    """A string as GGUF has it."""
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def gguf(tensor_bytes: int = 4096, given_bytes: int | None = None, version: int = 3) -> bytes:
    """A small file of one F32 tensor; ``given_bytes`` of its data are really there."""
    keys = (
        string("general.architecture") + struct.pack("<I", 8) + string("llama")
        + string("llama.block_count") + struct.pack("<II", 4, 2)
        + string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + string("a") + string("b")
        + string("tokenizer.ggml.scores") + struct.pack("<IIQff", 9, 6, 2, 0.5, 1.0)
        + string("general.alignment") + struct.pack("<II", 4, 32)
    )  # fmt: skip
    tensor = string("w") + struct.pack("<IQIQ", 1, tensor_bytes // 4, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", version, 1, 5) + keys + tensor
    padding = b"\0" * (-len(head) % 32)
    return head + padding + b"\1" * (tensor_bytes if given_bytes is None else given_bytes)


def write(path: Path, data: bytes) -> Path:
    """Write a file and answer its path."""
    path.write_bytes(data)
    return path
