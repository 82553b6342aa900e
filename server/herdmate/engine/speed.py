"""How fast a model runs under a series of profiles; whatever they share stays loaded."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from statistics import median
from typing import Any, Literal

import llama_cpp

from herdmate.engine.backend import Slot
from herdmate.engine.llama import LlamaBackend
from herdmate.engine.loading import load_model
from herdmate.engine.start import LlamaStart
from herdmate.engine.tuning import Profile
from herdmate.generation import Sampling

KvType = Literal["f16", "q8_0"]

_BEHIND = 64
"""Tokens cached before a single measured evaluation; they also warm a model up."""

_STEPS = 12
"""Tokens generated one after the other; the median time counts."""


class Bench:
    """Measures one model and context at a time. Its methods raise ``ModelError`` like loading."""

    def __init__(self, how: LlamaStart) -> None:
        self._how = how
        self._model: Any = None
        self._backend: LlamaBackend | None = None
        self._loaded: tuple[object, ...] = ()
        self._profile: Profile | None = None
        self._filled = 0

    def seconds(self, profile: Profile, count: int) -> float:
        """Seconds to evaluate ``count`` tokens after 64 others."""
        backend = self._ready(profile, self._how.kv_type)
        self._fill(backend, _BEHIND)
        return _timed(backend, self._slots(_BEHIND, count))

    def first(self, profile: Profile, kv_type: KvType, prompt: int) -> float:
        """Seconds to the first token after a prompt of ``prompt`` tokens."""
        backend = self._ready(profile, kv_type)
        self._filled = 0
        started = time.perf_counter()
        self._fill(backend, prompt)
        return time.perf_counter() - started

    def step(self, profile: Profile, kv_type: KvType, prompt: int) -> float:
        """Seconds per further token after such a prompt."""
        backend = self._ready(profile, kv_type)
        if self._filled != prompt:
            self._fill(backend, prompt)
        self._cut(backend, prompt)
        return median(_timed(backend, self._slots(prompt + at, 1)) for at in range(_STEPS))

    def close(self) -> None:
        """Free the model and the context."""
        self._close_backend()
        if self._model is not None:
            llama_cpp.llama_model_free(self._model)
        self._model, self._loaded = None, ()

    def _close_backend(self) -> None:
        if self._backend is not None:
            self._backend.close()
        self._backend = None

    def _ready(self, profile: Profile, kv_type: KvType) -> LlamaBackend:
        """The backend for a profile; reloads only what differs from the last one."""
        asked = replace(profile, threads=0, batch_threads=0, step_seconds={}), kv_type
        if self._backend is None or asked != self._loaded[2:]:
            self._take(profile, kv_type)
            self._loaded = (profile.weights, profile.gpu_layers, *asked)
        elif profile != self._profile:
            self._backend.take_threads(profile)
        self._profile = profile
        assert self._backend is not None
        return self._backend

    def _take(self, profile: Profile, kv_type: KvType) -> None:
        self._close_backend()
        if self._model is None or (profile.weights, profile.gpu_layers) != self._loaded[:2]:
            self.close()
            self._model = load_model(self._how, profile, lambda _: None)
        self._backend = LlamaBackend(replace(self._how, kv_type=kv_type), profile, self._model)
        self._backend.looks_again = math.inf  # measure the profile's own threads
        self._filled = 0
        self._fill(self._backend, _BEHIND)

    def _fill(self, backend: LlamaBackend, count: int) -> None:
        """Leave exactly ``count`` tokens in the cache, evaluated in chunks like a prompt."""
        if self._filled != count:
            backend.forget(0, 0)
            self._filled = 0
            for start in range(0, count, backend.chunk):
                _timed(backend, self._slots(start, min(backend.chunk, count - start)))
            self._filled = count
        self._cut(backend, count)

    def _cut(self, backend: LlamaBackend, count: int) -> None:
        """Drop what follows ``count`` tokens; read these again if it cannot be dropped."""
        if not backend.forget(0, count):
            self._filled = 0
            self._fill(backend, count)

    def _slots(self, start: int, count: int) -> list[Slot]:
        """The same arbitrary tokens each time."""
        size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self._model))
        return [
            Slot(0, start + at, 3 + (start + 7 * at) % (size - 3), at == count - 1)
            for at in range(count)
        ]


def _timed(backend: LlamaBackend, slots: list[Slot]) -> float:
    """Seconds to evaluate and then sample, which waits until a GPU is done."""
    sampler = backend.sampler(Sampling(temperature=0.0))
    try:
        started = time.perf_counter()
        backend.evaluate(slots)
        sampler.sample(len(slots) - 1)
        return time.perf_counter() - started
    finally:
        sampler.close()
