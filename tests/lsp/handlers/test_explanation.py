"""An explanation goes on, whatever becomes of the document that it is about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from herdmate.engine.interface import OnRead, unheard
from herdmate.errors import EngineError
from herdmate.generation import Finished, FinishReason, Piece, Request, Usage
from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import request_of
from herdmate.lsp.handlers import explanation
from herdmate.lsp.protocol import ActionArguments, Turn
from tests.lsp.in_process import Silent, peer

CODE = "def add(a, b):\n    return a + b\n"
LINE = "The function is not affected by the type of the items.\n"

_RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
_TURNS = [Turn("user", "Explain."), Turn("assistant", "It adds.")]


@pytest.mark.parametrize(
    ("makes", "asked"),
    [("explanation_of", {}), ("follow_up", {"turns": _TURNS, "instruction": "Why?"})],
)
async def test_a_file_may_be_closed_as_soon_as_it_is_to_be_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, makes: str, asked: dict[str, Any]
) -> None:
    uri = (tmp_path / "a.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": CODE}
    async with peer(tmp_path) as client:
        client.notify("textDocument/didOpen", {"textDocument": item})
        await client.until_heard()
        make = getattr(explanation, makes)

        async def closing(*given: Any) -> Any:
            question = await make(*given)
            client.session.documents.close(uri)
            return question

        monkeypatch.setattr(explanation, makes, closing)
        action = client.session.configuration.library.get("explain")
        arguments = ActionArguments(uri, _RANGE, "explain", **asked)
        request = request_of(client.session, arguments, action)
        await explanation._stream(client.session, request, "one")
        parts = [note["params"] for note in client.notifications
                 if note["method"] == protocol.EXPLANATION]  # fmt: skip
        assert uri not in client.session.documents
    assert "".join(part["text"] for part in parts) == "pass"
    assert [part["error"] for part in parts if part["done"]] == [None]


class _Saying(Silent):
    """Says one text, a piece for each line, and ends for a reason."""

    def __init__(self, text: str, reason: FinishReason) -> None:
        self.text, self.reason = text, reason

    async def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None,
        on_read: Any = None,
    ) -> AsyncGenerator[Piece | Finished, None]:  # fmt: skip
        for line in self.text.splitlines(keepends=True):
            yield Piece(line)
            await asyncio.sleep(0)
        yield Finished(self.reason, Usage())


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        ("It adds.", "end", "It adds."),
        (
            "It adds",
            "length",
            "It adds\n\n*The answer is cut off here; explain fewer lines, or ask for the rest.*",
        ),
        (
            "It adds",
            "context",
            "It adds\n\n*The answer is cut off here, as the model's context is full; explain fewer"
            " lines.*",
        ),
        (
            "So:\n```python\nadd(1",
            "length",
            "So:\n```python\nadd(1\n```\n\n*The answer is cut off here; explain fewer lines, or ask"
            " for the rest.*",
        ),
        (
            "It adds.\n" + LINE * 50,
            "end",
            "It adds.\n" + LINE * 4 + "\n\n*The model began to repeat itself and was stopped.*",
        ),
    ],
)
@pytest.mark.parametrize("is_streamed", [True, False])
async def test_it_is_said_why_an_answer_is_not_whole(
    tmp_path: Path, text: str, reason: FinishReason, said: str, is_streamed: bool
) -> None:
    uri = (tmp_path / "a.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": CODE}
    async with peer(tmp_path, model=lambda: _Saying(text, reason)) as client:
        client.notify("textDocument/didOpen", {"textDocument": item})
        await client.until_heard()
        action = client.session.configuration.library.get("explain")
        request = request_of(client.session, ActionArguments(uri, _RANGE, "explain"), action)
        if not is_streamed:
            assert await explanation._whole(client.session, request) == said
            return
        await explanation._stream(client.session, request, "one")
        parts = [note["params"] for note in client.notifications
                 if note["method"] == protocol.EXPLANATION]  # fmt: skip
    assert "".join(part["text"] for part in parts) == said
    assert said.startswith(parts[-1]["next"]["turns"][-1]["text"])  # what was said of it is no part
    assert "*The" not in parts[-1]["next"]["turns"][-1]["text"]


class _Failing(_Saying):
    """Fails after it has ended for a reason."""

    async def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None,
        on_read: Any = None,
    ) -> AsyncGenerator[Piece | Finished, None]:  # fmt: skip
        async for event in super().generate(request):
            yield event
        raise EngineError("It broke.")


@pytest.mark.parametrize("turns", [[], _TURNS])
async def test_an_error_is_all_that_is_said_of_an_answer_that_failed(
    tmp_path: Path, turns: list[Turn]
) -> None:
    """One can ask again, on from the conversation before."""
    uri = (tmp_path / "a.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": CODE}
    async with peer(tmp_path, model=lambda: _Failing("It adds", "length")) as client:
        client.notify("textDocument/didOpen", {"textDocument": item})
        await client.until_heard()
        action = client.session.configuration.library.get("explain")
        arguments = ActionArguments(
            uri, _RANGE, "explain", turns=turns, instruction="Why?" if turns else ""
        )
        request = request_of(client.session, arguments, action)
        await explanation._stream(client.session, request, "one")
        parts = [note["params"] for note in client.notifications
                 if note["method"] == protocol.EXPLANATION]  # fmt: skip
    assert "".join(part["text"] for part in parts) == "It adds"
    assert parts[-1]["error"] == "It broke."
    again = asdict(replace(arguments, instruction="")) if turns else None
    assert parts[-1]["next"] == again


class _Reading(Silent):
    """Reads a third of the question, and goes on once that is told."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def generate(
        self, request: Request, on_end: Callable[[Finished], None] = lambda _: None,
        on_read: OnRead = unheard,
    ) -> AsyncGenerator[Piece | Finished, None]:  # fmt: skip
        on_read(400, 1200)
        await self.told.wait()
        yield Finished("end", Usage())


async def test_it_is_told_how_much_of_the_question_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanation, "_BETWEEN_NEWS", 0.01)
    uri, model = (tmp_path / "a.py").as_uri(), _Reading()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": CODE}
    async with peer(tmp_path, model=lambda: model) as client:
        client.notify("textDocument/didOpen", {"textDocument": item})
        await client.until_heard()
        session = client.session
        session.capabilities = replace(session.capabilities, explanation=True, stop=True)
        action = session.configuration.library.get("explain")
        request = request_of(session, ActionArguments(uri, _RANGE, "explain"), action)
        notify, told = session.protocol.notify, list[str]()

        def note(method: str, params: Any) -> None:
            told.append(params.get("progress", ""))
            if told[-1].startswith("Reading 1 line… 33%"):
                model.told.set()
            notify(method, params)

        monkeypatch.setattr(session.protocol, "notify", note)
        await asyncio.wait_for(explanation._stream(session, request, "one"), 60)
    assert told[0] == "Reading 1 line…"
