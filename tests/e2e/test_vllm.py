"""What a real vLLM makes of Herdmate's requests.

``test_remote`` does the main job with it, and says how to start one.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from herdmate.engine.remote.endpoint import endpoint_of
from herdmate.engine.remote.engine import RemoteEngine, RemoteStart
from herdmate.errors import ContextFullError
from herdmate.generation import Request
from herdmate.prompting.families import family_of, infill_prompt
from herdmate.prompting.family_from_name import pieces_by_name
from tests.e2e.editor import VSCODE, Editor, editor

pytestmark = [pytest.mark.e2e, pytest.mark.vllm]

KEY = "a-key"

LONG = "".join(f"def add_{n}(a, b):\n    return a + b + {n}\n\n\n" for n in range(40))


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of its API."""
    if not (address := os.environ.get("HERDMATE_E2E_VLLM")):
        pytest.skip("no vLLM is running: HERDMATE_E2E_VLLM is the address of one")
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HERDMATE_API_KEY", KEY)
    return address


@pytest.mark.parametrize("key", ["another-key", ""])
async def test_a_wrong_or_missing_key_is_told(
    key: str, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_API_KEY", key)
    async with _session(tmp_path, {"url": url}) as client:
        status = await client.until_status(lambda status: status["state"] == "error")
        assert "requires a valid API key; set HERDMATE_API_KEY" in status["message"]


async def test_a_model_that_it_does_not_have_is_told_with_those_it_has(
    tmp_path: Path, url: str
) -> None:
    async with _session(tmp_path, {"url": url, "model": "codellama-7b"}) as client:
        status = await client.until_status(lambda status: status["state"] == "error")
        assert "has no model codellama-7b" in status["message"]
        assert _model(url)["id"] in status["message"]


async def test_the_size_of_its_context_is_known_and_what_exceeds_it_is_told(url: str) -> None:
    async with _engine(url) as engine:
        assert (await engine.ready()).context == _model(url)["max_model_len"]
        with pytest.raises(ContextFullError):
            await _ask(engine, LONG * 20)


def _model(url: str) -> dict[str, Any]:
    asked = urllib.request.Request(f"{url}/models", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        (model,) = json.load(answer)["data"]
    assert isinstance(model, dict)
    return model


@asynccontextmanager
async def _session(tmp_path: Path, remote: dict[str, Any]) -> AsyncIterator[Editor]:
    given = {"remote": remote}
    async with editor(VSCODE, tmp_path, options=given, knows=("status",)) as client:
        yield client


@asynccontextmanager
async def _engine(url: str) -> AsyncIterator[RemoteEngine]:
    start = RemoteStart(endpoint_of(url, KEY), "auto", "", 0)
    engine = RemoteEngine(start, pieces_by_name)
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def _ask(engine: RemoteEngine, prefix: str) -> None:
    prompt = infill_prompt(family_of(await engine.ready()), prefix, "\n")
    async with aclosing(engine.generate(Request(prompt, "lane", 4))) as events:
        async for _ in events:
            pass
