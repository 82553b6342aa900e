"""What was tuned is what the next load uses, and the user's settings go before it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import llama_cpp
import pytest

from herdmate.engine import tuned_loading, tuning
from herdmate.engine.start import LlamaStart
from herdmate.engine.tuning import Profile

TUNED = Profile(1, 2, False, "mapped", {1: 0.5}, gpu_layers=1, micro_batch=64)


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The native parameters with which models and contexts were made."""
    seen: list[Any] = []
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    for name in ("llama_model_load_from_file", "llama_init_from_model"):
        real = getattr(llama_cpp, name)

        def recorded(what: Any, params: Any, real: Any = real) -> Any:
            seen.append(params)
            return real(what, params)

        monkeypatch.setattr(llama_cpp, name, recorded)
    return seen


def test_the_next_load_uses_what_was_tuned(tiny_model: Path, loads: list[Any]) -> None:
    assert tuning.remember(str(tiny_model), TUNED)
    with closing(
        tuned_loading.load(LlamaStart(str(tiny_model), context=512), lambda _: None)
    ) as backend:
        assert backend.chunk == 64
        assert backend.step_seconds == {1: 0.5}
    model, context = loads
    assert model.n_gpu_layers == 1
    assert not model.use_extra_bufts
    assert (context.n_threads, context.n_threads_batch, context.n_ubatch) == (1, 2, 64)
    assert context.flash_attn_type == llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED


@pytest.mark.parametrize("is_for_amx", [False, True])
def test_the_users_settings_go_before_but_for_what_crashes(
    is_for_amx: bool, tiny_model: Path, loads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = b"AMX_INT8 = 1" if is_for_amx else b""
    monkeypatch.setattr(llama_cpp, "llama_print_system_info", lambda: said)
    tuning.remember(str(tiny_model), TUNED)
    how = LlamaStart(str(tiny_model), context=512, threads=2, gpu_layers=0, weights="repacked")
    tuned_loading.load(how, lambda _: None).close()
    model, context = loads
    assert model.n_gpu_layers == 0
    assert model.use_extra_bufts is not is_for_amx
    assert (context.n_threads, context.n_threads_batch) == (2, 2)
