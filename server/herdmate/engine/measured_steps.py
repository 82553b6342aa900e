"""What was measured of models on this machine, and the GPUs' memory, from a process of its own.

``python -m herdmate.engine.measured_steps`` reads paths as JSON and prints the answer as JSON. The
server's process does not: a llama.cpp built for another processor crashes as soon as it is used.
Such a process takes a second, most of it for importing llama-cpp-python; ``measured_before`` does
without, for a model that was measured with this version of it.
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
from importlib import metadata
from typing import Any

from herdmate.child_process import python_command, start_blocking
from herdmate.engine.profile_file import key, profiles
from herdmate.user_folders import cache_folder

_log = logging.getLogger(__name__)

_SECONDS = 30.0

_BUILDS = ("", " for GPUs", " for AMX", " for GPUs for AMX")
"""How ``tuning`` tells apart builds of one version."""


_SENSELESS = (ValueError, LookupError, TypeError, OverflowError)
"""What JSON raises that is not what it should be."""


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


def measured_before(path: str) -> Step | None:
    """What is remembered of a file, if that does not depend on how llama.cpp was built."""
    try:
        start, known = key(path, metadata.version("llama-cpp-python")), profiles(cache_folder())
        (found,) = (known[name] for name in (start + build for build in _BUILDS) if name in known)
        one, four = (float(found["step_seconds"][count]) for count in ("1", "4"))
        return _from_json({"steps": [(path, (one, four))], "gpu": 0}).steps[path]
    except (OSError, *_SENSELESS, metadata.PackageNotFoundError):
        return None


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
    except (OSError, subprocess.TimeoutExpired, *_SENSELESS) as error:
        _log.warning("what was measured of models is not known: %s", type(error).__name__)
        return Measured()


def _from_json(told: Any) -> Measured:
    """Raises one of ``_SENSELESS`` for anything else."""
    steps = {str(path): Step(float(one), float(four)) for path, (one, four) in told["steps"]}
    if not all(0 < step.one < math.inf and 0 < step.four < math.inf for step in steps.values()):
        raise ValueError("no times")
    return Measured(steps, int(told["gpu"]))


def measured_in_process(paths: Sequence[str]) -> Measured:
    """The same in a process that uses llama.cpp anyway."""
    from herdmate.engine import tuning
    from herdmate.engine.devices import devices

    steps = {}
    for path in paths:
        with suppress(OSError):  # it has just been removed
            profile = tuning.remembered(path)
            seconds = profile.step_seconds if profile else {}
            if seconds.get(1) and seconds.get(4):
                steps[path] = Step(seconds[1], seconds[4])
    return Measured(steps, max((device.free for device in devices()), default=0))


def _told(known: Measured) -> dict[str, Any]:
    steps = [(path, (step.one, step.four)) for path, step in known.steps.items()]
    return {"steps": steps, "gpu": known.gpu}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_told(measured_in_process(json.load(sys.stdin)))) + "\n")
