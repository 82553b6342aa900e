"""A model with LoRA adapters, in llama.cpp."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import llama_cpp
import pytest

from herdmate.bench import model_shapes
from herdmate.engine import tuning
from herdmate.engine.backend import Slot
from herdmate.engine.llama import LlamaBackend
from herdmate.engine.loading import load_model
from herdmate.engine.start import LlamaStart
from herdmate.generation import Sampling
from herdmate.models.adapters import fitting
from tests.models.adapter_file import adapter

PROMPT = (5, 90, 400, 33, 7)
GREEDY = Sampling(temperature=0)


def _said(
    model: Path, *adapters: tuple[Path, float], weights: tuning.Weights = "mapped"
) -> tuple[list[int], list[float]]:
    """The ten most probable tokens after a prompt, and their log-probabilities."""
    paths, scales = tuple(str(path) for path, _ in adapters), tuple(by for _, by in adapters)
    how = LlamaStart(str(model), 256, 1, 0, (), adapters=paths, scales=scales)
    profile = tuning.Profile(1, 1, weights=weights)
    native = load_model(how, profile, lambda _: None)
    try:
        with closing(LlamaBackend(how, profile, native)) as backend:
            last = len(PROMPT) - 1
            assert backend.evaluate([Slot(0, at, token, at == last)
                                     for at, token in enumerate(PROMPT)])  # fmt: skip
            with closing(backend.sampler(GREEDY)) as sampler:
                best = sampler.best(last, 10)
                return best, [sampler.logprob(last, token) for token in best]
    finally:
        llama_cpp.llama_model_free(native)


def test_an_adapter_changes_what_is_said_as_far_as_its_scale(
    tiny_model: Path, tmp_path: Path
) -> None:
    one = adapter(tmp_path / "one.gguf")
    other = adapter(tmp_path / "other.gguf", {"token_embd.weight": (640, 64)})
    alone = _said(tiny_model)
    assert _said(tiny_model, (one, 0.0)) == alone
    assert _said(tiny_model, (one, 1.0), (other, 0.0)) == _said(tiny_model, (one, 1.0))
    changed: Sequence[object] = [
        _said(tiny_model, *adapters)
        for adapters in ([(one, 1.0)], [(one, 0.5)], [(other, 1.0)], [(one, 1.0), (other, 1.0)])
    ]
    assert alone not in changed
    assert all(item not in changed[:at] for at, item in enumerate(changed))


@pytest.mark.parametrize("weights", ["mapped", "repacked"])
def test_an_adapter_is_added_to_quantised_weights(
    weights: tuning.Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repacked ones are in buffers of their own, which cannot hold an adapter."""
    shape = model_shapes.Shape(2, 256, 4, 2, 512, 640, 4096, 1e4, "Q4_K_M")
    monkeypatch.setattr(model_shapes, "SHAPES", {"small": shape})
    model = model_shapes.make("small", tmp_path / "small.gguf")
    changes = {"blk.0.attn_q.weight": (256, 256), "blk.1.ffn_down.weight": (512, 256)}
    path = adapter(tmp_path / "a.gguf", changes)
    assert fitting([str(path)], model).notes == ()
    alone = _said(model, weights=weights)
    assert _said(model, (path, 0.0), weights=weights) == alone
    assert _said(model, (path, 1.0), weights=weights) != alone


def test_one_that_llama_cpp_refuses_is_named(tiny_model: Path, tmp_path: Path) -> None:
    """The server has compared them before; the file can have changed since."""
    good, bad = adapter(tmp_path / "good.gguf"), adapter(tmp_path / "bad.gguf", {"x": (64, 64)})
    how = LlamaStart(str(tiny_model), 256, 1, 0, (), adapters=(str(bad), str(good)),
                     scales=(1.0, 1.0))  # fmt: skip
    profile = tuning.Profile(1, 1, weights="mapped")
    native = load_model(how, profile, lambda _: None)
    try:
        with closing(LlamaBackend(how, profile, native)) as backend:
            assert "Could not be loaded, so left out: bad.gguf." in backend.info.note
    finally:
        llama_cpp.llama_model_free(native)
