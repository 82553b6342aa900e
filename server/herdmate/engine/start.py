"""The first message to the engine's process: what is to answer, and how to log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class LlamaStart:
    """A GGUF file for llama.cpp to load, and the engine's settings; 0 means what it does there.

    ``adapters`` are the files of LoRA adapters that fit it, ``scales`` how much of each to add.
    ``name`` is what the user knows the model by.
    """

    path: str
    context: int = 4096
    threads: int = 0
    gpu_layers: int = -1
    control_pieces: tuple[str, ...] = ()
    weights: Literal["auto", "repacked", "mapped"] = "auto"
    kv_type: Literal["f16", "q8_0"] = "f16"
    lock_memory: bool = False
    adapters: tuple[str, ...] = ()
    scales: tuple[float, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class FakeStart:
    """What the fake engine of tests says.

    ``replies`` maps a text to look for in the prompt to the reply; the first match wins, and ``""``
    matches every prompt. ``seconds`` is the time per evaluated token, ``load_seconds`` the time to
    load the model. The reply ``"<die>"`` ends the process like a crash in native code,
    ``"<illegal>"`` like an instruction that the processor lacks; ``"<digest>"`` is replaced by a
    digest of the cached prompt, which exposes wrong cells, and what follows ``"<slowly>"`` takes
    0.1 s for each byte. All text that reaches the engine is appended to the file ``record``, if one
    is given. The characters in ``doubtful`` are improbable. ``model`` is the one in the settings,
    which makes no difference to what is said.
    """

    replies: Mapping[str, str] = field(default_factory=lambda: {"": "fake"})
    control_pieces: tuple[str, ...] = ()
    seconds: float = 0.0
    context: int = 4096
    record: str = ""
    load_seconds: float = 0.0
    doubtful: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class StartMessage:
    """The first message to the engine's process; ``log_level`` as in ``logging``."""

    start: LlamaStart | FakeStart
    log_level: int = logging.WARNING
