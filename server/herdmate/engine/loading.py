"""Loading a GGUF file with llama.cpp: the model, its context, and why that failed."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import llama_cpp

from herdmate.engine.start import LlamaStart
from herdmate.engine.tuning import Profile, is_for_amx
from herdmate.errors import ModelError, NoMemoryError

_log = logging.getLogger(__name__)

LANES = 8
"""Sequences of the cache that hold prompts."""

SEQUENCES = 2 * LANES
"""All sequences: each lane has a second one for a parked suffix."""

STATES = 4
"""The same for a model with a running state, of which each sequence has a copy of its own."""

BATCH = 512
"""The most tokens in one evaluation."""

CHUNK = 128
"""The most prompt tokens in one evaluation on a CPU; few, so that urgent jobs wait briefly."""

_LARGEST_CONTEXT = 1 << 20
"""Tokens; a file can claim any training context."""

OUTPUTS = 32
"""The most tokens in one evaluation whose logits can be read."""


def as_wished(how: LlamaStart, profile: Profile) -> Profile:
    """The profile with the user's settings overriding measured values."""
    if how.threads:
        profile = replace(profile, threads=how.threads, batch_threads=how.threads)
    if how.gpu_layers >= 0:
        profile = replace(profile, gpu_layers=how.gpu_layers)
    return profile if how.weights == "auto" else replace(profile, weights=how.weights)


def load_model(how: LlamaStart, profile: Profile, on_progress: Callable[[float], None]) -> Any:
    """The native model. ``on_progress`` receives fractions from 0 to 1.

    Raises ``ModelError`` with a sentence that says what to do.
    """
    said = _route_log()
    check_file(how.path)
    model = _native_model(how, profile, on_progress)
    if not model:
        raise _why_not_loaded(how.path, said)
    return model


def _native_model(how: LlamaStart, profile: Profile, on_progress: Callable[[float], None]) -> Any:
    @llama_cpp.llama_progress_callback  # type: ignore[untyped-decorator]
    def progress(fraction: float, _data: Any) -> bool:
        on_progress(fraction)
        return True

    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = profile.gpu_layers
    params.progress_callback = progress
    if not llama_cpp.llama_supports_gpu_offload():
        # By default llama.cpp repacks the weights and keeps the mapped file too: two copies.
        params.use_extra_bufts = profile.weights == "repacked" and not is_for_amx()
        params.load_mode = _LOAD_MODES[profile.weights, how.lock_memory]
    llama_cpp.llama_backend_init()
    return llama_cpp.llama_model_load_from_file(os.fsencode(how.path), params)


_LOAD_MODES = {
    ("repacked", False): llama_cpp.LLAMA_LOAD_MODE_NONE,
    ("repacked", True): llama_cpp.LLAMA_LOAD_MODE_MLOCK,
    ("mapped", False): llama_cpp.LLAMA_LOAD_MODE_MMAP,
    ("mapped", True): llama_cpp.LLAMA_LOAD_MODE_MMAP_MLOCK,
}


def lock_note(how: LlamaStart) -> str:
    """Why the model cannot be locked in memory as requested; empty if it can or need not be."""
    try:
        import resource
    except ImportError:  # Windows, where locking needs no permission
        return ""
    allowed, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    needed = Path(how.path).stat().st_size
    if not how.lock_memory or allowed == resource.RLIM_INFINITY or allowed >= needed:
        return ""
    return (
        f"The model is not locked in memory: it needs {needed // 1_000_000} MB, but the limit is "
        f"{allowed // 1_000_000} MB; raise the limit with `ulimit -l unlimited` before you start "
        "the editor, or turn herdmate.engine.lockMemory off."
    )


def has_state(model: Any) -> bool:
    """Does the model keep a running state, in which it cannot go back, in place of a full cache?"""
    return bool(llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model))


def state_note(model: Any) -> str:
    """What a running state costs, in words for the user; empty if the model has none."""
    if not has_state(model):
        return ""
    return (
        "It keeps a running state that cannot be taken back token by token: after an edit it reads "
        "on from a saved state, so ghost text takes longer than with other models of its size."
    )


def new_context(how: LlamaStart, profile: Profile, model: Any) -> Any:
    """A native context for a model. Raises ``NoMemoryError`` if there is no memory for it."""
    params = llama_cpp.llama_context_default_params()
    trained = llama_cpp.llama_model_n_ctx_train(model)
    wished = how.context or min(trained, _LARGEST_CONTEXT)
    params.n_ctx = min(wished, trained) if trained > 0 else wished
    params.n_batch = BATCH
    params.n_ubatch = micro_batch(profile)
    params.n_seq_max = STATES if has_state(model) else SEQUENCES
    params.n_outputs_max = OUTPUTS  # otherwise the compute buffer has room for every token's logits
    params.kv_unified = True  # all sequences share the cells: idle lanes reserve none
    params.no_perf = True
    params.n_threads, params.n_threads_batch = profile.threads, profile.batch_threads
    if not profile.flash_attention:
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    if how.kv_type == "q8_0":  # which llama.cpp can read only with flash attention
        params.type_k = params.type_v = llama_cpp.GGML_TYPE_Q8_0
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
    context = llama_cpp.llama_init_from_model(model, params)
    if not context:
        raise NoMemoryError(
            f"There is not enough memory for a context of {params.n_ctx} tokens; reduce "
            "herdmate.engine.contextTokens or choose a smaller model."
        )
    return context


def micro_batch(profile: Profile) -> int:
    """The most prompt tokens in one evaluation: the measured value, else one for most machines.

    Few on a CPU, so that urgent jobs wait briefly; a GPU is fast only with more.
    """
    usual = BATCH if llama_cpp.llama_supports_gpu_offload() else CHUNK
    return min(profile.micro_batch or usual, BATCH)


def unknown_architecture(path: str) -> str:
    """Why this build of llama.cpp does not know a file's architecture; empty if it does.

    Reads only the file's metadata.
    """
    said = _route_log()
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    llama_cpp.llama_backend_init()
    if model := llama_cpp.llama_model_load_from_file(os.fsencode(path), params):
        llama_cpp.llama_model_free(model)
    is_unknown = any(_UNKNOWN in line for line in said)
    return str(_why_not_loaded(path, said)) if is_unknown else ""


def check_file(path: str) -> None:
    """Raise ``ModelError`` if there is no file: llama.cpp's own message says little."""
    if not os.path.isfile(path):
        raise ModelError(
            f"There is no model file at {path}; set herdmate.model to an existing one."
        )


_ERROR = 4
"""In ggml_log_level: 1 debug, 2 info, 3 warning, 4 error, 5 continues the previous line."""

_CANCELLED = ("compute_async failed with error 1", "compute status: 1", "decode, ret = 2")
"""What llama.cpp logs as errors when we abort an evaluation."""


def _route_log() -> list[str]:
    """Route llama.cpp's log to ours, errors at INFO; the returned list collects the errors."""
    errors: list[str] = []

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def write(level: int, text: bytes, _data: Any) -> None:
        line = text.decode("utf-8", "replace").rstrip()
        is_error = level == _ERROR and not any(words in line for words in _CANCELLED)
        if is_error and line:
            errors.append(line)
        if line:
            _log.log(logging.INFO if is_error else logging.DEBUG, "llama.cpp: %s", line)

    _kept_alive.append(write)
    llama_cpp.llama_log_set(write, ctypes.c_void_p(0))
    return errors


_kept_alive: list[Any] = []  # ctypes callbacks that C still references


_UNKNOWN = "unknown model architecture"

_NO_MEMORY = (
    "failed to allocate", "unable to allocate", "out of memory",
    "Cannot allocate memory", "std::bad_alloc",
)  # fmt: skip
"""What llama.cpp, the operating system (for a mapped file) and C++ say when memory runs out."""


def _why_not_loaded(path: str, said: Sequence[str]) -> ModelError:
    name, words = Path(path).name, " ".join(said)
    if _UNKNOWN in words:
        kind = words.split(f"{_UNKNOWN}:")[-1].split("'")[1:2]
        return ModelError(
            f"{name} has an architecture that this llama.cpp does not support ({''.join(kind)}); "
            "upgrade llama-cpp-python or choose another model."
        )
    if any(sign in words for sign in _NO_MEMORY):
        return NoMemoryError(f"There is not enough memory for {name}; choose a smaller model.")
    last = said[-1] if said else "no reason was given"
    return ModelError(f"{name} could not be loaded ({last}); fetch it again or choose another.")
