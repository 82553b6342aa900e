"""Memory of the engine's process, compared with the model's file and its KV cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from herdmate.bench.conditions import AT_ONCE, Conditions, server
from herdmate.bench.typist import Typist
from herdmate.models.inspect import read_header

_TYPED = 3


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes resident in the engine's process after it has answered, and what they are for.

    ``kv`` is for the whole context in 16 bits, llama.cpp's default; ``beside`` is what is resident
    minus the file and the KV cache.
    """

    resident: int
    file: int
    kv: int
    beside: int


async def memory(given: Conditions) -> Memory:
    """Type a little, then read the process's memory."""
    given.tell("memory")
    async with server(given, **AT_ONCE) as client:
        typist = Typist(client, given.scene)
        for key in ("", *given.scene.keys[:_TYPED]):
            await typist.stroke(key)
        process = psutil.Process((await client.status())["engineProcess"])
        resident = int(process.memory_info().rss)
    file = given.model.stat().st_size
    kv = kv_bytes(given.model, given.context_tokens)
    return Memory(resident, file, kv, resident - file - kv)


def kv_bytes(model: Path, context_tokens: int) -> int:
    """Bytes of a 16-bit KV cache, from the sizes that the GGUF file states."""
    return read_header(model).kv_bytes * context_tokens
