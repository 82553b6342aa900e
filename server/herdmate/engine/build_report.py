"""What this llama.cpp was built for: ``python -m herdmate.engine.build_report`` prints it as JSON.

In a process of its own, because a build for another processor crashes as soon as it is used.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from herdmate.child_process import python_command, start_blocking
from herdmate.printable import one_line

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Build:
    """The installed llama.cpp. ``error`` says why it cannot be used; the rest is empty then.

    ``features`` are instruction sets and libraries. ``offloads``: it can use a GPU. ``devices`` are
    names, free and all memory in bytes of those it finds.
    """

    version: str = ""
    features: tuple[str, ...] = ()
    offloads: bool = False
    devices: tuple[tuple[str, int, int], ...] = ()
    error: str = ""


def build() -> Build:
    """Ask a process of its own."""
    pipe = subprocess.PIPE
    try:
        process = start_blocking(
            *python_command("herdmate.engine.build_report"), stdout=pipe, stderr=pipe
        )
        try:
            out, said = process.communicate(timeout=_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
    except (OSError, subprocess.TimeoutExpired) as error:
        return Build(error=f"it does not answer ({type(error).__name__})")
    if process.returncode < 0:
        return Build(error=f"it crashes on this processor (signal {-process.returncode})")
    try:
        told = json.loads(out.splitlines()[-1])
        devices = tuple((str(name), int(free), int(total)) for name, free, total in told["devices"])
        return Build(told["version"], tuple(told["features"]), told["offloads"], devices)
    except (ValueError, LookupError, TypeError):
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return Build(error=one_line(lines[-1] if lines else "it says nothing", 200))


def _told() -> dict[str, Any]:
    import llama_cpp

    from herdmate.engine.devices import devices

    info = llama_cpp.llama_print_system_info().decode("utf-8", "replace")
    features = re.findall(r"\b(\w+) = 1", info)
    return {
        "version": llama_cpp.__version__,
        "features": sorted(set(features)),
        "offloads": bool(llama_cpp.llama_supports_gpu_offload()),
        "devices": [tuple(asdict(device).values()) for device in devices()],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_told()) + "\n")
