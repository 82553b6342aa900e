"""What the picker of models tells of each, in the room that VS Code has for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.lsp.handlers.model_choice import _entry
from herdmate.models.listing import Listed, listed

_SHOWN = 90
"""Characters of a row that VS Code shows."""

MODEL = Listed(
    "codellama-7b-instruct", "CodeLlama 7B Instruct", "CodeLlama", 4_081_095_360, 6_228_578_304,
    "Q4_K_M", 16384, True, True, "Llama 2 Community License", None,
)  # fmt: skip


@pytest.mark.parametrize("free", [9_300_000_000, 128_300_000_000])
def test_of_every_model_all_but_the_licence_is_shown(tmp_path: Path, free: int) -> None:
    models = listed(tmp_path, 4096)
    assert {(model.infill, model.instruct) for model in models} == {
        (infill, instruct) for infill in (True, False) for instruct in (True, False)
    }
    details = {
        model.title: _entry(model, free, 0.0).detail.removesuffix(", Llama 2 licence")
        for model in models
    }
    assert {title: text for title, text in details.items() if len(text) > _SHOWN} == {}


@pytest.mark.parametrize(
    ("model", "measured", "detail"),
    [
        pytest.param(
            MODEL,
            0.0,
            "needs 6.2 of 9.3 GB free, ~4 tokens/s on CPU, 4.1 GB to fetch, Llama 2 licence",
            id="to fetch",
        ),
        pytest.param(
            replace(MODEL, path=Path("/a.gguf"), place="Ollama", licence="MIT"),
            3.94,
            "needs 6.2 of 9.3 GB free, 3.9 tokens/s, in Ollama, MIT",
            id="running",
        ),
        pytest.param(
            replace(MODEL, needs=23_100_000_000, infill=False, instruct=False, licence=""),
            0.0,
            "does not fit: needs 23.1 of 9.3 GB free, continues text only, 4.1 GB to fetch",
            id="of no use here",
        ),
        pytest.param(
            replace(MODEL, size=41_400_000_000, path=Path("/a.gguf"), licence=""),
            0.0,
            "needs 6.2 of 9.3 GB free, <1 tokens/s on CPU",
            id="slow",
        ),
    ],
)
def test_what_is_told_of_a_model(model: Listed, measured: float, detail: str) -> None:
    entry = _entry(model, 9_300_000_000, measured)
    assert entry.detail == detail
    assert entry.fits == (not detail.startswith("does not fit"))
