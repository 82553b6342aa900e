"""llama-server's ``/infill``, over HTTP (llama.cpp, ``tools/server/README.md``)."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from herdmate.errors import EngineError

_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Infilled:
    """When the first and the last piece arrived, by ``time.perf_counter``, and token counts."""

    first_at: float
    ended_at: float
    prompt_tokens: int
    evaluated_prompt: int
    generated_tokens: int


async def infill(url: str, prefix: str, suffix: str, max_tokens: int) -> Infilled:
    """Complete one line between prefix and suffix. Raises ``EngineError`` if no server answers."""
    return await asyncio.to_thread(_infill, url, prefix, suffix, max_tokens)


def _infill(url: str, prefix: str, suffix: str, max_tokens: int) -> Infilled:
    question = {
        "input_prefix": prefix, "input_suffix": suffix, "n_predict": max_tokens,
        "temperature": 0, "cache_prompt": True, "stop": ["\n"], "stream": True,
    }  # fmt: skip
    first_at = 0.0
    last: dict[str, Any] = {}
    try:
        with _opener().open(_request(url, question), timeout=_SECONDS) as answer:
            for line in answer:
                if not line.startswith(b"data: "):
                    continue
                first_at = first_at or time.perf_counter()
                last = json.loads(line[len(b"data: ") :])
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise EngineError(
            f"No llama-server answers at {url} ({error}); start it as `herdmate bench --help` says."
        ) from error
    timings = last.get("timings")
    if timings is None:
        raise EngineError(f"{url} is not a llama-server; pass the URL of one.")
    evaluated = int(timings["prompt_n"])
    cached = int(timings.get("cache_n", 0))
    return Infilled(
        first_at, time.perf_counter(), evaluated + cached, evaluated, int(timings["predicted_n"])
    )


def _opener() -> urllib.request.OpenerDirector:
    """Connect directly, ignoring any proxy named in the environment."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _request(url: str, question: dict[str, Any]) -> urllib.request.Request:
    return urllib.request.Request(
        url.rstrip("/") + "/infill",
        data=json.dumps(question).encode(),
        headers={"Content-Type": "application/json"},
    )
