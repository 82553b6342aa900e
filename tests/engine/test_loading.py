"""Loading a small model with the settings of the engine at their bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.engine.client import EngineProcess
from herdmate.engine.start import LlamaStart
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.settings import settings_from_json


@pytest.mark.parametrize(
    "engine",
    [
        {"contextTokens": 0, "threads": -1, "gpuLayers": -1},
        {"contextTokens": 256, "threads": 512, "gpuLayers": 0},
        {"contextTokens": 1_048_576, "threads": 1, "gpuLayers": 10_000},
    ],
    ids=str,
)
async def test_a_model_loads_with_whatever_settings_are_taken(
    tiny_model: Path, engine: dict[str, int]
) -> None:
    settings, errors = settings_from_json({"engine": engine})
    assert errors == ()
    wished = settings.engine
    start = LlamaStart(
        str(tiny_model), wished.context_tokens, wished.threads, wished.gpu_layers, CONTROL_PIECES
    )
    process = EngineProcess(start)
    process.start()
    try:
        info = await process.ready()
        own = info.context_trained
        assert info.context == min(wished.context_tokens or own, own)
    finally:
        await process.stop()
