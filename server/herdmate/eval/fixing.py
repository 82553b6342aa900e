"""Bugs given to Herdmate, as an editor's diagnostic, and to the bare model, in a plain prompt."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from herdmate.actions.reply import new_code_of
from herdmate.engine.host import EngineHost
from herdmate.errors import HerdmateError, RefusedError
from herdmate.eval.flaws import Flaw, failure_of
from herdmate.eval.scores import is_well_formed
from herdmate.generation import Request
from herdmate.lsp.client import Client, connect
from herdmate.models.start import first_message
from herdmate.prompting.families import CONTROL_PIECES, Turn, family_of, instruct_prompt
from herdmate.prompting.words import say
from herdmate.settings import settings_from_json
from herdmate.text import Document

_MAX_TOKENS = 700


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one flaw: the resulting file, or the reason nothing changed.

    ``passed``: the tests pass now. ``is_sound``: the file has no syntax error. ``is_changed``: the
    buggy function is another one now, beyond its comments and layout.
    """

    flaw: str
    kind: str
    asked: str
    text: str | None
    reason: str
    seconds: float
    passed: bool
    is_sound: bool
    is_changed: bool


@dataclass(frozen=True, slots=True)
class FixSummary:
    """Counts over all flaws given to one fixer."""

    asked: str
    flaws: int
    unchanged: int
    passed: int
    broken_syntax: int
    median_seconds: float


Fixer = Callable[[Flaw, str], Awaitable[str]]
"""Turns a flaw and a test's message into the fixed file. Raises ``HerdmateError``."""


@asynccontextmanager
async def herdmate(settings: Mapping[str, Any], serve: tuple[str, ...]) -> AsyncIterator[Fixer]:
    """Herdmate as its users run it: the quick fix for a diagnostic."""
    async with connect(dict(settings), "--log-level", "error", serve=serve) as client:
        await client.ready(lambda _message, _fraction: None)
        yield lambda flaw, message: _through(client, flaw, message)


@asynccontextmanager
async def bare(settings: Mapping[str, Any], _serve: tuple[str, ...]) -> AsyncIterator[Fixer]:
    """The same weights without Herdmate, asked plainly; the reply's longest code block is used."""
    host = EngineHost()
    await host.start(first_message(settings_from_json(settings)[0], CONTROL_PIECES)[0])
    try:
        yield lambda flaw, message: asked_plainly(host, flaw, message)
    finally:
        await host.stop()


FIXERS: Mapping[str, Callable[..., Any]] = {"herdmate": herdmate, "bare": bare}
"""The fixers, by name."""


async def asked_plainly(host: EngineHost, flaw: Flaw, message: str) -> str:
    """The file with the bare model's function in it. Raises ``RefusedError`` if it gave none."""
    family = family_of(await host.ready())
    said = say("eval", "fix", {"message": message, "code": flaw.code.strip()})
    prompt = instruct_prompt(family, "", (Turn("user", said),))
    request = Request(prompt, "bare", _MAX_TOKENS, drafting=True)
    reply = await host.answer(request, lambda text: _has_function(text, flaw.function))
    return f"{flaw.before}{new_code_of(reply, finished=True)}"


def _has_function(reply: str, name: str) -> bool:
    """Is the function in a code block that has ended? What follows is an explanation."""
    blocks = reply.split("```")
    return any(f"def {name}(" in block for block in blocks[1:-1:2])


async def run_fixes(
    flaws: Sequence[Flaw], names: Sequence[str], settings: Mapping[str, Any],
    serve: tuple[str, ...], on_outcome: Callable[[Outcome], None],
) -> list[Outcome]:  # fmt: skip
    """Give every flaw to every fixer in turn. Raises ``HerdmateError`` without a model."""
    outcomes = []
    async with AsyncExitStack() as stack:
        fixers = {
            name: await stack.enter_async_context(FIXERS[name](settings, serve)) for name in names
        }
        for flaw in flaws:
            if (message := await failure_of(flaw.code, flaw.tests)) is None:
                continue  # no test fails here
            for name, fix in fixers.items():
                outcomes.append(await _outcome(flaw, message, name, fix))
                on_outcome(outcomes[-1])
    return outcomes


def sample(flaws: Sequence[Flaw], count: int, seed: int) -> list[Flaw]:
    """A fixed sample: the same seed gives the same flaws."""
    return random.Random(seed).sample(list(flaws), min(count, len(flaws)))


def fix_summaries(outcomes: Sequence[Outcome]) -> list[FixSummary]:
    """One summary for each fixer."""
    found = []
    for name in dict.fromkeys(item.asked for item in outcomes):
        mine = [item for item in outcomes if item.asked == name]
        found.append(
            FixSummary(
                name,
                len(mine),
                sum(not item.is_changed for item in mine),
                sum(item.passed for item in mine),
                sum(not item.is_sound for item in mine),
                median(item.seconds for item in mine),
            )
        )
    return found


async def _outcome(flaw: Flaw, message: str, name: str, fix: Fixer) -> Outcome:
    started = time.perf_counter()
    text, reason = None, ""
    try:
        text = await fix(flaw, message)
    except HerdmateError as error:
        reason = str(error)
    seconds = time.perf_counter() - started
    passed = text is not None and await failure_of(text, flaw.tests) is None
    is_sound = text is None or is_well_formed(text, "python") is True
    is_changed = text is not None and flaw.differs_in(text)
    return Outcome(flaw.name, flaw.kind, name, text, reason, seconds, passed, is_sound, is_changed)


async def _through(client: Client, flaw: Flaw, message: str) -> str:
    document = Document(f"file:///flaws/{flaw.name.replace('/', '_')}.py", "python", flaw.code)
    client.open(document)
    try:
        text = await client.fix(document, flaw.head, message)
    finally:
        client.close(document)
    if text == flaw.code:
        raise RefusedError("The edit changes nothing.")
    return text
