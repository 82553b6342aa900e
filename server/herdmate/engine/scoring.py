"""How probable a model finds a text: the basis of perplexity.

Uses its own context without lanes: nothing is generated, and each window of tokens starts afresh.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from herdmate.engine import tuning, vocabulary
from herdmate.engine.loading import CHUNK, as_wished, load_model
from herdmate.engine.start import LlamaStart
from herdmate.errors import EngineError, NoMemoryError

_ROWS = 16  # rows of logits converted to double precision at once


class Scorer:
    """Scores tokens with a model. Not thread safe."""

    def __init__(self, model: Any, context: Any) -> None:
        self._context = context
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self._size = llama_cpp.llama_vocab_n_tokens(self._vocab)

    @property
    def vocabulary(self) -> str:
        """A hash of the tokens; models with the same hash can be compared."""
        pieces = vocabulary.all_pieces(self._vocab)
        return hashlib.sha256(b"\0".join(pieces)).hexdigest()

    def tokenize(self, text: str) -> list[int]:
        """Token ids as in llama.cpp's own tool: with the special tokens the vocabulary adds."""
        return vocabulary.raw_encode(self._vocab, text, adds_special=True)

    def surprises(self, tokens: Sequence[int], first: int) -> list[float]:
        """``-log p`` of the tokens after position ``first``, in nats, each given all before it.

        If the vocabulary wants a beginning-of-text token, it replaces the first token. Raises
        ``EngineError`` if the model fails.
        """
        tokens = list(tokens)
        if llama_cpp.llama_vocab_get_add_bos(self._vocab):
            tokens[0] = llama_cpp.llama_vocab_bos(self._vocab)
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)
        found: list[float] = []
        for start in range(0, len(tokens), CHUNK):
            end = min(start + CHUNK, len(tokens))
            self._evaluate(tokens[start:end], start, first)
            rows = range(max(start, first), min(end, len(tokens) - 1))
            found += self._losses(len(rows), [tokens[at + 1] for at in rows])
        return found

    def _evaluate(self, tokens: Sequence[int], start: int, first: int) -> None:
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        try:
            batch.n_tokens = len(tokens)
            for index, token in enumerate(tokens):
                batch.token[index] = token
                batch.pos[index] = start + index
                batch.n_seq_id[index] = 1
                batch.seq_id[index][0] = 0
                batch.logits[index] = start + index >= first
            if code := llama_cpp.llama_decode(self._context, batch):
                raise EngineError(f"llama.cpp could not evaluate the text (code {code}).")
        finally:
            llama_cpp.llama_batch_free(batch)

    def _losses(self, count: int, targets: Sequence[int]) -> list[float]:
        """Losses of the first ``count`` rows of logits, which llama.cpp keeps in token order."""
        if not count:
            return []
        native = ctypes.cast(
            llama_cpp.llama_get_logits(self._context), ctypes.POINTER(ctypes.c_float)
        )
        logits = np.ctypeslib.as_array(native, shape=(count, self._size))
        found: list[float] = []
        for at in range(0, count, _ROWS):
            found += _cross_entropy(logits[at : at + _ROWS], targets[at : at + _ROWS])
        return found


@contextmanager
def scorer(how: LlamaStart, window: int) -> Iterator[Scorer]:
    """A scorer for windows of ``window`` tokens. Raises ``ModelError``, which says what to do."""
    profile = tuning.remembered(how.path) or tuning.default(how.path)
    profile = as_wished(replace(how, weights="mapped"), profile)
    model = load_model(how, profile, lambda _: None)
    try:
        context = _context(profile, window, model)
        try:
            yield Scorer(model, context)
        finally:
            llama_cpp.llama_free(context)
    finally:
        llama_cpp.llama_model_free(model)


def _context(profile: tuning.Profile, window: int, model: Any) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = window
    params.n_batch = params.n_ubatch = params.n_outputs_max = CHUNK
    params.n_seq_max = 1
    params.no_perf = True
    params.n_threads = params.n_threads_batch = profile.batch_threads
    if context := llama_cpp.llama_init_from_model(model, params):
        return context
    raise NoMemoryError("There is not enough memory to measure this model; choose a smaller one.")


def _cross_entropy(logits: npt.NDArray[np.float32], targets: Sequence[int]) -> list[float]:
    rows = logits.astype(np.float64)
    highest = rows.max(axis=1)
    sums = np.log(np.exp(rows - highest[:, None]).sum(axis=1)) + highest
    chosen = rows[np.arange(len(targets)), np.asarray(targets)]
    return [float(loss) for loss in sums - chosen]
