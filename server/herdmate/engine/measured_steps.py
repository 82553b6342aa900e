"""What was measured of models on this machine, and the GPUs' memory, from a process of its own.

``python -m herdmate.engine.measured_steps`` reads paths as JSON and prints the answer as JSON. The
server's process does not: a llama.cpp built for another processor crashes as soon as it is used.
"""

from __future__ import annotations

import json
import logging
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from herdmate.child_process import python_command, start_blocking

_log = logging.getLogger(__name__)

_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Step:
    """Seconds to evaluate one token, as between two words written, and four, as after a key."""

    one: float
    four: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The measured models by path, and the most free memory on one GPU in bytes, 0 without any."""

    steps: Mapping[str, Step] = field(default_factory=dict)
    gpu: int = 0


def measured(paths: Sequence[str]) -> Measured:
    """What is remembered of these files; nothing if llama.cpp cannot be used."""
    pipe = subprocess.PIPE
    try:
        process = start_blocking(
            *python_command("herdmate.engine.measured_steps"),
            stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            out, _ = process.communicate(json.dumps(list(paths)).encode(), timeout=_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        return _from_json(json.loads(out.splitlines()[-1]))
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError) as error:
        _log.warning("what was measured of models is not known: %s", type(error).__name__)
        return Measured()


def _from_json(told: Any) -> Measured:
    """Raises ``ValueError``, ``LookupError`` or ``TypeError`` for anything else."""
    steps = {str(path): Step(float(one), float(four)) for path, (one, four) in told["steps"]}
    if not all(0 < step.one < math.inf and 0 < step.four < math.inf for step in steps.values()):
        raise ValueError("no times")
    return Measured(steps, int(told["gpu"]))


def _told(paths: Sequence[str]) -> dict[str, Any]:
    from herdmate.engine import tuning
    from herdmate.engine.devices import devices

    steps = []
    for path in paths:
        with suppress(OSError):  # it has just been removed
            profile = tuning.remembered(path)
            seconds = profile.step_seconds if profile else {}
            if seconds.get(1) and seconds.get(4):
                steps.append((path, (seconds[1], seconds[4])))
    return {"steps": steps, "gpu": max((device.free for device in devices()), default=0)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_told(json.load(sys.stdin))) + "\n")
