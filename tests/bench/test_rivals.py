"""A llama-server played by a thread, and a child process that answers or ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from herdmate.bench.child import child
from herdmate.bench.llama_server import infill
from herdmate.errors import EngineError

LAST = {"content": "", "stop": True, "timings": {"prompt_n": 3, "cache_n": 900, "predicted_n": 7}}


class _Handler(BaseHTTPRequestHandler):
    asked: list[tuple[str, dict[str, Any]]] = []  # noqa: RUF012
    said: list[dict[str, Any]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, json.loads(body)))
        self.send_response(200)
        self.end_headers()
        for event in self.said:
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")

    def log_message(self, *_: object) -> None:
        """Nothing to standard error."""


@pytest.fixture
def url() -> Iterator[str]:
    _Handler.asked, _Handler.said = [], [{"content": "x"}, {"content": "y"}, LAST]
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


async def test_infill_asks_for_one_line_and_reads_the_counts(url: str) -> None:
    answer = await infill(url, "before", "after", 64)
    ((path, question),) = _Handler.asked
    assert path == "/infill"
    assert question["input_prefix"] == "before"
    assert question["input_suffix"] == "after"
    assert (question["n_predict"], question["temperature"], question["stop"]) == (64, 0, ["\n"])
    assert question["cache_prompt"] is True
    assert (answer.prompt_tokens, answer.evaluated_prompt, answer.generated_tokens) == (903, 3, 7)
    assert 0 < answer.first_at <= answer.ended_at


async def test_something_else_than_a_llama_server_is_named(url: str) -> None:
    _Handler.said = [{"hello": "world"}]
    with pytest.raises(EngineError, match="is not a llama-server"):
        await infill(url, "before", "after", 64)


async def test_nobody_there_is_named() -> None:
    with pytest.raises(EngineError, match="No llama-server answers at"):
        await infill("http://127.0.0.1:1", "before", "after", 64)


@pytest.fixture
def _finds_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child works elsewhere, where the echo is not."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


@pytest.mark.usefixtures("_finds_the_tests")
async def test_a_child_answers_in_turn() -> None:
    async with child("tests.bench.echo", {}) as process:
        assert await process.ask({"say": 1}) == {"said": 1}
        assert await process.ask({"say": "two"}) == {"said": "two"}


@pytest.mark.usefixtures("_finds_the_tests")
async def test_a_child_that_ends_is_an_error() -> None:
    async with child("tests.bench.echo", {}) as process:
        with pytest.raises(EngineError, match="exit code 3"):
            await process.ask({"end": 3})
