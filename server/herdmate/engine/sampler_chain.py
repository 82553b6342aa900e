"""Choosing tokens with a sampler chain of llama.cpp."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from herdmate.engine.backend import LEAST_LOGPROB, Sampler
from herdmate.engine.token_healing import Tokens
from herdmate.generation import Sampling


class ChainSampler:
    """One generation's sampler chain."""

    def __init__(self, context: Any, vocabulary_size: int, sampling: Sampling, chain: Any) -> None:
        self._context, self._size = context, vocabulary_size
        self._sampling, self._chain = sampling, chain

    def sample(self, index: int, allowed: Tokens | None = None) -> int:
        """The next token after batch slot ``index``."""
        logits = self._logits(index)
        if self._sampling.temperature <= 0:  # like llama.cpp's greedy sampler, minus its copy
            if allowed is None:
                return int(logits.argmax())
            return int(allowed[logits[allowed].argmax()])
        if allowed is None:
            return int(llama_cpp.llama_sampler_sample(self._chain, self._context, index))
        return self._choose_among(allowed, logits[allowed])

    def logprob(self, index: int, token: int, allowed: Tokens | None = None) -> float:
        """The log-probability of a token; a fraction of a millisecond for 150,000 of them."""
        logits = self._logits(index)
        others = logits if allowed is None else logits[allowed]
        most = others.max()
        whole = float(np.exp(others - most).sum())
        found = float(logits[token] - most) - math.log(whole)
        return max(min(found, 0.0), LEAST_LOGPROB)

    def best(self, index: int, count: int) -> list[int]:
        """The most probable tokens at that slot."""
        logits = self._logits(index)
        found = np.argpartition(logits, -count)[-count:]
        return [int(token) for token in found[np.argsort(-logits[found], kind="stable")]]

    def clone(self) -> Sampler:
        """Another chain in the same state."""
        chain = llama_cpp.llama_sampler_clone(self._chain)
        return ChainSampler(self._context, self._size, self._sampling, chain)

    def close(self) -> None:
        """Free the chain and its links."""
        llama_cpp.llama_sampler_free(self._chain)

    def _logits(self, index: int) -> npt.NDArray[np.float32]:
        pointer = llama_cpp.llama_get_logits_ith(self._context, index)
        return np.ctypeslib.as_array(pointer, (self._size,))

    def _choose_among(self, allowed: Tokens, logits: npt.NDArray[np.float32]) -> int:
        data = (llama_cpp.llama_token_data * len(allowed))()
        table = np.ctypeslib.as_array(data)
        table["id"], table["logit"] = allowed, logits
        candidates = llama_cpp.llama_token_data_array(data, len(allowed), -1, False)
        llama_cpp.llama_sampler_apply(self._chain, ctypes.byref(candidates))
        token = int(candidates.data[candidates.selected].id)
        llama_cpp.llama_sampler_accept(self._chain, token)
        return token


def chain(sampling: Sampling) -> Any:
    """A new chain for these settings, which whoever has it frees."""
    found = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    for link in _links(sampling):
        llama_cpp.llama_sampler_chain_add(found, link)
    return found


def _links(sampling: Sampling) -> list[Any]:
    if sampling.temperature <= 0:
        return [llama_cpp.llama_sampler_init_greedy()]
    return [
        llama_cpp.llama_sampler_init_top_k(sampling.top_k),
        llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1),
        llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1),
        llama_cpp.llama_sampler_init_temp(sampling.temperature),
        llama_cpp.llama_sampler_init_dist(sampling.seed),
    ]
