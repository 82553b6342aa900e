"""Loading a model with the profile that ``herdmate models tune`` or its first load measured."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

import llama_cpp

from herdmate.engine import tuning
from herdmate.engine.llama import LlamaBackend
from herdmate.engine.loading import as_wished, check_file, load_model
from herdmate.engine.speed import Bench
from herdmate.engine.start import LlamaStart
from herdmate.errors import HerdmateError

_LOOK_SECONDS = 0.25
"""How long to sample the machine's load before measuring."""


def load(
    how: LlamaStart,
    on_progress: Callable[[float], None],
    on_measuring: Callable[[], None] = lambda: None,
) -> LlamaBackend:
    """Load a model in the way that suits this machine, measured the first time.

    ``on_progress`` receives fractions from 0 to 1. Raises ``ModelError`` with a sentence that says
    what to do.
    """
    check_file(how.path)
    profile = tuning.remembered(how.path)
    on_processor = not llama_cpp.llama_supports_gpu_offload()
    if profile is None and on_processor and tuning.is_at_rest(_LOOK_SECONDS):
        on_measuring()
        with suppress(HerdmateError):  # what cannot be measured for lack of memory may run
            profile = _measured(how)
    profile = as_wished(how, profile or tuning.default(how.path))
    model = load_model(how, profile, on_progress)
    try:
        return LlamaBackend(how, profile, model)
    except Exception:
        llama_cpp.llama_model_free(model)
        raise


def _measured(how: LlamaStart) -> tuning.Profile:
    """Measure in a separate small context; remember the result unless the machine became busy."""
    start = tuning.default(how.path)
    alone = replace(how, context=512, lock_memory=False, adapters=(), scales=())
    with closing(Bench(alone)) as bench:
        profile = tuning.tune(start, os.path.getsize(how.path), bench.seconds)
    if tuning.is_at_rest():
        tuning.remember(how.path, profile)
    return profile
