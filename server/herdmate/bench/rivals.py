"""The same prompts for rivals: ``Llama.create_completion`` and llama-server's ``/infill``.

Each writes at most one line of at most ``max_tokens`` tokens, greedily, with as many threads and as
much context, and reuses what it can of the last prompt.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from herdmate.bench import llama_server
from herdmate.bench.child import Child, child
from herdmate.bench.conditions import Conditions, settings
from herdmate.bench.figures import Spread, spread
from herdmate.bench.scene import Scene
from herdmate.completion.complete import typing_request
from herdmate.completion.state import CompletionState
from herdmate.context.project import Project
from herdmate.engine import wire
from herdmate.engine.host import EngineHost
from herdmate.errors import ModelError
from herdmate.generation import Prompt, Request, Text
from herdmate.models.start import first_message
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.settings import settings_from_json
from herdmate.text import Cursor, Document, with_text

LLAMA_CPP_PYTHON = "llama-cpp-python"


@dataclass(frozen=True, slots=True)
class CompletionCase:
    """One place to complete: the text that the model sees around it, and the resulting prompt."""

    prefix: str
    suffix: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Reply:
    """Seconds to the first token and to the end, and token counts."""

    first_seconds: float
    seconds: float
    prompt_tokens: int
    evaluated_prompt: int
    generated_tokens: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A rival's figures. ``replies`` has one for each question except the cold first one."""

    name: str
    first_answer_seconds: float
    seconds: Spread | None
    first_seconds: Spread | None
    evaluated_prompt: Spread | None
    replies: tuple[Reply, ...]


class Rival(Protocol):
    """A competitor that completes code."""

    async def ask(self, question: CompletionCase) -> Reply:
        """Complete one line."""


async def questions_of(given: Conditions) -> list[CompletionCase]:
    """What Herdmate asks its model at the start and after each key, built by its own code.

    Raises ``ModelError`` if the model cannot fill in the middle.
    """
    wanted, _ = settings_from_json(settings(given))
    host = EngineHost()
    await host.start(first_message(wanted, CONTROL_PIECES)[0])
    state = CompletionState(host, Project())
    try:
        found = []
        for cursor in _cursors(given.scene):
            request = await typing_request(cursor, state, wanted.completion)
            found.append(_question(request.prompt))
        return found
    finally:
        await host.stop()


async def measured(
    name: str, given: Conditions, first: CompletionCase, questions: Sequence[CompletionCase]
) -> Measured:
    """Ask a rival, given by name or as the URL of a llama-server, all questions in turn."""
    async with _rival(name, given) as rival:
        cold = await rival.ask(first)
        replies = []
        for number, question in enumerate(questions, start=1):
            given.tell(f"{name}: {number} of {len(questions)}")
            replies.append(await rival.ask(question))
    return Measured(
        name,
        cold.seconds,
        spread([reply.seconds for reply in replies]),
        spread([reply.first_seconds for reply in replies]),
        spread([reply.evaluated_prompt for reply in replies]),
        tuple(replies),
    )


@asynccontextmanager
async def _rival(name: str, given: Conditions) -> AsyncIterator[Rival]:
    if name != LLAMA_CPP_PYTHON:
        yield _Server(name, given.max_tokens)
        return
    load = {"path": str(given.model), "context": given.context_tokens, "threads": given.threads}
    async with child("herdmate.bench.llama_cpp_python", load) as process:
        yield _HighLevel(process, given.max_tokens)


class _HighLevel:
    """llama-cpp-python's ``Llama``, in a separate process."""

    def __init__(self, process: Child, max_tokens: int) -> None:
        self._process, self._most = process, max_tokens

    async def ask(self, question: CompletionCase) -> Reply:
        request = Request(question.prompt, "", self._most)
        return Reply(**await self._process.ask(wire.request_to_wire(request)))


class _Server:
    """A llama-server that the user started."""

    def __init__(self, url: str, max_tokens: int) -> None:
        self._url, self._most = url, max_tokens

    async def ask(self, question: CompletionCase) -> Reply:
        started = time.perf_counter()
        answer = await llama_server.infill(self._url, question.prefix, question.suffix, self._most)
        return Reply(
            answer.first_at - started,
            answer.ended_at - started,
            answer.prompt_tokens,
            answer.evaluated_prompt,
            answer.generated_tokens,
        )


def _question(prompt: Prompt) -> CompletionCase:
    texts = {at: part.text for at, part in enumerate(prompt.segments) if isinstance(part, Text)}
    if prompt.cursor is None or len(texts) < 2:
        raise ModelError(
            "This model cannot fill in the middle, so there is nothing to compare; try another."
        )
    prefix = texts.pop(prompt.cursor)
    return CompletionCase(prefix, "".join(texts.values()), prompt)


def _cursors(scene: Scene) -> Iterable[Cursor]:
    document, offset = scene.document, scene.offset
    yield Cursor(document, offset)
    for key in scene.keys:
        document, offset = _typed(document, offset, key), offset + len(key)
        yield Cursor(document, offset)


def _typed(document: Document, offset: int, key: str) -> Document:
    return with_text(document, document.text[:offset] + key + document.text[offset:])
