"""The files of what was measured of models on this machine, read and written without llama.cpp.

The server's process reads it too, and must not use llama.cpp: see ``measured_steps``.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from herdmate.atomic_write import write_whole
from herdmate.bounded_read import open_regular, read_text

_LARGEST_FILE = 4 << 20
"""Bytes of the file."""

_PROFILES = "tuning.json"


def profiles(folder: Path, name: str = _PROFILES) -> dict[str, Any]:
    """All that the file says, by key; empty if it cannot be read."""
    try:
        known = json.loads(read_text(folder / name, _LARGEST_FILE))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def write_profiles(folder: Path, known: Mapping[str, Any], name: str = _PROFILES) -> None:
    """Replace the file. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / name, json.dumps(known, indent=1).encode())


def key(path: str, llama: str) -> str:
    """Identifies the model by size and first MiB, the machine by processor, cores and llama.cpp.

    Raises ``OSError``.
    """
    with open_regular(Path(path)) as file:
        beginning = hashlib.sha256(file.read(1 << 20)).hexdigest()[:16]
    machine = f"{platform.machine()} {_processor()} {psutil.cpu_count()}"
    return f"{os.path.getsize(path)} {beginning} on {machine} by {llama}"


def _processor() -> str:
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
