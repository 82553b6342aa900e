"""How a model runs best on this machine: measured at its first load while idle, then remembered.

The measure is what a user waits for while typing: one evaluation of four tokens (a keystroke), ten
of one (a short answer) and one of 64 (a new place in the file). First how to keep the weights, then
flash attention, then threads; each choice starts from the best so far, and no more are tried when
time is up. Nothing is measured on a busy machine: one thread per core, repacked weights and no
drafting must do until the next load.

Measured on two cores, 1.5B Q4_K_M: repacked weights decode 20 % faster; mapped ones evaluate long
prompts 20 % faster and load in a tenth of the time. Either keeps one copy in memory; llama.cpp's
default keeps two. A micro batch of 512 was no faster than one of 128 and takes more memory, so it
is not tried; neither is a quantised KV cache, which changes the answers and is a setting.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal, get_args

import llama_cpp
import psutil

from herdmate.engine.profile_file import key, profiles, write_profiles
from herdmate.user_folders import cache_folder

_log = logging.getLogger(__name__)

_SECONDS = 6.0
"""Time for trying other choices; a measurement under way is finished."""

_LARGEST_RELOADED = 2_500_000_000
"""Bytes. A larger model is not loaded twice just to find out how best to keep its weights."""

_BUSY = 0.3
"""If other processes use this many cores, the machine is busy."""

_MOST = 100_000
"""Upper limit for layers, threads and the micro batch in a remembered profile."""

_SIZES = (1, 2, 4, 8, 16)

Weights = Literal["repacked", "mapped"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How a model is run.

    ``gpu_layers`` of -1 means all that fit; ``micro_batch`` is the most prompt tokens in one
    evaluation, 0 means the default; ``step_seconds`` maps the tokens in an evaluation to its time.
    """

    threads: int
    batch_threads: int
    flash_attention: bool = True
    weights: Weights = "repacked"
    step_seconds: Mapping[int, float] = field(default_factory=dict)
    gpu_layers: int = -1
    micro_batch: int = 0


Measure = Callable[[Profile, int], float]
"""Seconds to evaluate that many tokens under a profile."""


def default(path: str) -> Profile:
    """The unmeasured profile: one thread per core, repacked weights if they can be afforded."""
    cores = psutil.cpu_count(logical=False) or 1
    return Profile(cores, cores, weights="repacked" if _may_repack(path) else "mapped")


def _may_repack(path: str) -> bool:
    """Is there memory for a copy of the weights, which unlike a mapped file is never given back?

    Never if llama.cpp was built for AMX: it computes repacked weights with AMX, and GCC's code for
    that crashes with an illegal instruction (llama.cpp's pull request 26954).
    """
    fits = os.path.getsize(path) * 1.5 < psutil.virtual_memory().available
    return fits and not is_for_amx()


def tune(start: Profile, size: int, measure: Measure) -> Profile:
    """The best profile near ``start`` for a model of ``size`` bytes."""
    ends = time.monotonic() + _SECONDS
    is_large = size > _LARGEST_RELOADED
    many = 16 if is_large else 64
    best, least = start, _cost(start, many, measure)
    for options in (_none if is_large else _of_weights, _of_flash, _of_threads):
        for other in options(best):
            if time.monotonic() < ends and (cost := _cost(other, many, measure)) < least * 0.97:
                best, least = other, cost
    return with_steps(best, measure, ends + _SECONDS)


def with_steps(profile: Profile, measure: Measure, ends: float = math.inf) -> Profile:
    """The profile with measured evaluation times; after ``ends``, only of the small batches."""
    seconds: dict[int, float] = {}
    for count in _SIZES:
        if count <= 4 or time.monotonic() < ends:
            seconds[count] = min(measure(profile, count) for _ in range(2))
    return replace(profile, step_seconds=seconds)


def remembered(path: str, folder: Path | None = None) -> Profile | None:
    """The profile measured for this model on this machine, if there is one."""
    known = profiles(folder or cache_folder()).get(key(path, _llama_version()))
    if known is None or (profile := _profile(known)) is None:
        return None
    return profile if _may_repack(path) else replace(profile, weights="mapped")


def remember(path: str, profile: Profile, folder: Path | None = None) -> bool:
    """Save a measured profile; ``False`` if the folder cannot be written to."""
    folder = folder or cache_folder()
    try:
        known = {**profiles(folder), key(path, _llama_version()): asdict(profile)}
        write_profiles(folder, known)
    except OSError as error:
        _log.warning("cannot save the measurements: %s", error.strerror or error)
        return False
    return True


def others_use() -> float:
    """Cores that other processes have used since the last call."""
    whole = psutil.cpu_percent() / 100 * (psutil.cpu_count() or 1)
    return max(whole - _own.cpu_percent() / 100, 0.0)


def is_at_rest(seconds: float = 0.0) -> bool:
    """Is the machine idle apart from us, over ``seconds`` or since the last ``others_use``?"""
    if seconds:
        others_use()
        time.sleep(seconds)
    return others_use() < _BUSY


_own = psutil.Process()


def _cost(profile: Profile, many: int, measure: Measure) -> float:
    one = median(measure(profile, 1) for _ in range(5))
    few = median(measure(profile, 4) for _ in range(3))
    return 10 * one + few + measure(profile, many) * 64 / many


def _none(_best: Profile) -> Iterator[Profile]:
    return iter(())


def _of_weights(best: Profile) -> Iterator[Profile]:
    # If the weights are mapped to begin with, they cannot be repacked.
    if best.weights == "repacked":
        yield replace(best, weights="mapped")


def _of_flash(best: Profile) -> Iterator[Profile]:
    yield replace(best, flash_attention=not best.flash_attention)


def _of_threads(best: Profile) -> Iterator[Profile]:
    logical = psutil.cpu_count() or 1
    for count in sorted({best.threads // 2, best.threads - 1, logical} - {0, best.threads}):
        yield replace(best, threads=count)
    if logical != best.batch_threads:
        yield replace(best, batch_threads=logical)


def _profile(known: Any) -> Profile | None:
    """A profile as saved; ``None`` for anything that would not load a model."""
    try:
        seconds = {int(count): float(took) for count, took in known["step_seconds"].items()}
        profile = Profile(**{**known, "step_seconds": seconds})
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None
    numbers = (profile.threads, profile.batch_threads, profile.gpu_layers + 1, profile.micro_batch)
    is_sound = (
        all(type(number) is int and 0 <= number <= _MOST for number in numbers)
        and profile.threads > 0 < profile.batch_threads
        and isinstance(profile.flash_attention, bool)
        and profile.weights in get_args(Weights)
        and all(0 <= took < math.inf for took in seconds.values())
    )
    return profile if is_sound else None


def _llama_version() -> str:
    # A profile measured with one build does not suit another.
    gpus = " for GPUs" if llama_cpp.llama_supports_gpu_offload() else ""
    return f"{llama_cpp.__version__}{gpus}{' for AMX' if is_for_amx() else ''}"


def is_for_amx() -> bool:
    """Does llama.cpp compute repacked weights with AMX?"""
    return b"AMX_INT8 = 1" in llama_cpp.llama_print_system_info()
