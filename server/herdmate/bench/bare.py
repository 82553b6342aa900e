"""A bare ``llama_decode`` loop with greedy sampling: what llama.cpp itself does on this machine.

Run as a ``child``. Questions: ``{"decode": count, "depth": tokens}`` and
``{"steps": sizes, "depth": tokens, "times": n}``.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from typing import Any

import llama_cpp
import numpy as np

from herdmate.bench.child import Answerer, serve
from herdmate.bench.figures import median
from herdmate.errors import ModelError

_BATCH = 512


def main() -> None:
    """Answer the bench's questions."""
    serve(_start)


def _start(load: dict[str, Any]) -> Answerer:
    loop = BareLoop(load["path"], load["context"], load["threads"], load["gpu_layers"])

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        depth = question["depth"]
        if "decode" in question:
            return {"seconds": loop.decode(question["decode"], depth)}
        sizes, times = question["steps"], question["times"]
        return {"seconds": [[size, loop.step(size, depth, times)] for size in sizes]}

    return answer


class BareLoop:
    """One model, one context, one sequence."""

    def __init__(self, path: str, context: int, threads: int, gpu_layers: int) -> None:
        self._log = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)
        llama_cpp.llama_log_set(self._log, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        how = llama_cpp.llama_model_default_params()
        how.n_gpu_layers = gpu_layers
        self._model = llama_cpp.llama_model_load_from_file(path.encode(), how)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, _BATCH, _BATCH
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        self._context = llama_cpp.llama_init_from_model(self._model, params) if self._model else 0
        if not self._context:
            raise ModelError(f"{path} could not be loaded; choose another model.")
        vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._size = llama_cpp.llama_vocab_n_tokens(vocab)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(_BATCH, 0, 1)

    def decode(self, count: int, depth: int) -> float:
        """Seconds to decode ``count`` tokens one by one, after ``depth`` others."""
        self._fill(depth)
        token = self._best()
        started = time.perf_counter()
        for at in range(depth, depth + count):
            self._evaluate([token], at)
            token = self._best()
        return time.perf_counter() - started

    def step(self, size: int, depth: int, times: int) -> float:
        """Median seconds to evaluate ``size`` tokens at once, after ``depth`` others."""
        self._fill(depth)
        taken = []
        for _ in range(times):
            started = time.perf_counter()
            self._evaluate(self._tokens(size), depth)
            self._best()
            taken.append(time.perf_counter() - started)
            if not llama_cpp.llama_memory_seq_rm(self._memory, 0, depth, -1):
                self._fill(depth)  # a running state cannot go back
        return median(taken)

    def _fill(self, depth: int) -> None:
        llama_cpp.llama_memory_clear(self._memory, True)
        tokens = self._tokens(depth)
        for start in range(0, depth, _BATCH):
            self._evaluate(tokens[start : start + _BATCH], start)

    def _tokens(self, count: int) -> list[int]:
        """Arbitrary tokens; which ones does not affect the cost."""
        return [1000 + 7 * number % 5000 for number in range(count)]

    def _evaluate(self, tokens: Sequence[int], position: int) -> None:
        native = self._batch
        native.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            native.token[index], native.pos[index] = token, position + index
            native.n_seq_id[index], native.seq_id[index][0] = 1, 0
            native.logits[index] = index == len(tokens) - 1
        code = llama_cpp.llama_decode(self._context, native)
        if code != 0:
            raise ModelError(f"llama.cpp could not evaluate (code {code}); set a smaller context.")

    def _best(self) -> int:
        pointer = llama_cpp.llama_get_logits_ith(self._context, -1)
        return int(np.ctypeslib.as_array(pointer, (self._size,)).argmax())


if __name__ == "__main__":
    main()
