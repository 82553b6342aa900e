"""GGUF files made by hand."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from pathlib import Path

from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel, Source


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


def catalogued(data: bytes, *sources: Source) -> CatalogueModel:
    """A model of the catalogue whose file, ``tiny.gguf``, is this."""
    return replace(
        catalogue.starter(),
        name="tiny",
        file="tiny.gguf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        sources=sources,
    )
