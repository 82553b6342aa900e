"""The probability that llama.cpp's backend gives a token, with real arithmetic on tiny weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from herdmate.engine.backend import LEAST_LOGPROB, Sampler, Slot
from herdmate.engine.llama import LlamaBackend
from herdmate.engine.start import LlamaStart
from herdmate.engine.tuned_loading import load
from herdmate.generation import Sampling
from herdmate.prompting.families import CONTROL_PIECES


@pytest.fixture(scope="module")
def backend(tiny_model: Path) -> LlamaBackend:
    found = load(LlamaStart(str(tiny_model), 256, 1, 0, CONTROL_PIECES), lambda _fraction: None)
    assert found.evaluate([Slot(0, at, 100 + at, at == 7) for at in range(8)])
    return found


@pytest.fixture(params=[0.0, 0.8])
def sampler(backend: LlamaBackend, request: pytest.FixtureRequest) -> Iterator[Sampler]:
    made = backend.sampler(Sampling(temperature=request.param))
    yield made
    made.close()


def test_the_probabilities_of_all_tokens_add_up_to_one(
    backend: LlamaBackend, sampler: Sampler
) -> None:
    every = range(backend.info.vocabulary_size)
    found = [sampler.logprob(7, token) for token in every]
    assert math.isclose(sum(map(math.exp, found)), 1.0, rel_tol=1e-3)
    assert all(LEAST_LOGPROB <= logprob <= 0 for logprob in found)
    best = sampler.best(7, 3)
    assert found[best[0]] == max(found)
    assert found[best[0]] >= found[best[1]] >= found[best[2]]


def test_among_those_allowed_too(backend: LlamaBackend, sampler: Sampler) -> None:
    allowed = np.arange(300, 340, dtype=np.int32)
    found = [sampler.logprob(7, int(token), allowed) for token in allowed]
    assert math.isclose(sum(map(math.exp, found)), 1.0, rel_tol=1e-3)
    assert sampler.logprob(7, 300, np.array([300], dtype=np.int32)) == 0.0
