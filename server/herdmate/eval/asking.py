"""Those who fill holes: the real server as an editor asks it, and the bare model beside it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from herdmate.assist.companion import Companion, first_message
from herdmate.assist.complete import typing_request
from herdmate.assist.gate import gate_at, sound_part
from herdmate.assist.postprocess import Shown, finish, is_whole
from herdmate.assist.trigger import wants_multiline
from herdmate.context.grammars import ending_of
from herdmate.eval.holes import Hole
from herdmate.eval.scores import Answer
from herdmate.generation import Prompt, Request
from herdmate.lsp.client import Client, connect
from herdmate.prompting.families import Order, can_infill, continue_prompt, infill_prompt
from herdmate.settings import Settings, camel_case, settings_from_json
from herdmate.text import Cursor, Document

Asker = Callable[[Hole], Awaitable[Answer]]

_CHARS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Conditions:
    """The model and the settings that all who are asked share; ``order`` is a bare model's."""

    model: str
    prefix_tokens: int
    suffix_tokens: int
    max_tokens: int
    threads: int = 0
    invoked: bool = True
    order: Order | None = None
    serve: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        """As an editor would send them: nothing is shown before it is whole."""
        completion = {
            "prefix_tokens": self.prefix_tokens,
            "suffix_tokens": self.suffix_tokens,
            "max_tokens": self.max_tokens,
            "delay": 0,
            "time_box": 0,
            "prefill": False,
        }
        return {
            "model": self.model,
            "completion": {camel_case(name): value for name, value in completion.items()},
            "engine": {"threads": self.threads},
        }


@asynccontextmanager
async def herdmate(given: Conditions) -> AsyncIterator[Asker]:
    """Herdmate as its users have it: a server process that an editor speaks to."""
    async with connect(given.settings(), "--log-level", "error", serve=given.serve) as client:
        await client.ready(lambda _message, _fraction: None)
        yield lambda hole: _through(client, hole, given.invoked)


@asynccontextmanager
async def bare(given: Conditions) -> AsyncIterator[Asker]:
    """The same weights without Herdmate: what is around as far as it goes, and what is said."""
    async with _companion(given) as companion:

        async def ask(hole: Hole) -> Answer:
            started = time.perf_counter()
            _, family = await companion.model()
            before = hole.before[-given.prefix_tokens * _CHARS_PER_TOKEN :]
            after = hole.after[: given.suffix_tokens * _CHARS_PER_TOKEN]
            if can_infill(family):
                prompt = infill_prompt(family, before, after, given.order)
            else:
                prompt = continue_prompt(family, before)
            lines = hole.middle.strip().count("\n") + 1
            text = await companion.answer(
                _whole(prompt, given.max_tokens),
                lambda said: said.lstrip("\n").count("\n") >= lines,
            )
            if lines == 1:
                # The first line that is not blank.
                text = text[: len(text) - len(text.lstrip("\n"))] + text.lstrip("\n").split("\n")[0]
            return Answer(text or None, time.perf_counter() - started)

        yield ask


@asynccontextmanager
async def unhealed(given: Conditions) -> AsyncIterator[Asker]:
    """Herdmate's window and rules, but the model goes on behind the token that the cursor cut."""
    async with _companion(given) as companion:
        completion = settings_from_json(given.settings())[0].completion

        async def ask(hole: Hole) -> Answer:
            started = time.perf_counter()
            cursor = _cursor(hole)
            multiline, gate = wants_multiline(cursor, completion.multiline), gate_at(cursor)
            request = await typing_request(cursor, companion, completion)
            prompt = replace(request.prompt, cursor=None)
            text = await companion.answer(
                replace(request, prompt=prompt, exact=True),
                lambda said: is_whole(said, cursor, multiline),
            )
            shown = finish(text, cursor, multiline) or Shown("")
            shown = replace(shown, text=sound_part(shown.text, gate, shown.reach))
            return Answer(shown.text or None, time.perf_counter() - started, shown.reach)

        yield ask


ASKERS: Mapping[str, Callable[[Conditions], Any]] = {
    "herdmate": herdmate,
    "bare": bare,
    "unhealed": unhealed,
}
"""Who can be asked, by name."""


@asynccontextmanager
async def _companion(given: Conditions) -> AsyncIterator[Companion]:
    """A model in an engine process of its own, without a server."""
    settings, _ = settings_from_json(given.settings())
    companion = Companion()
    await companion.start(first_message(settings)[0])
    try:
        yield companion
    finally:
        await companion.stop()


async def _through(client: Client, hole: Hole, invoked: bool) -> Answer:
    cursor = _cursor(hole)
    client.open(cursor.document)
    started = time.perf_counter()
    edits = await client.ghost_edits(cursor.document, cursor.offset, invoked)
    seconds = time.perf_counter() - started
    client.close(cursor.document)
    if not edits:
        return Answer(None, seconds)
    typed = cursor.offset - edits[0].span.start
    return Answer(edits[0].new_text[typed:], seconds, edits[0].span.end - cursor.offset)


def _cursor(hole: Hole) -> Cursor:
    uri = f"file:///holes/{quote(hole.name.replace('/', '_'))}{ending_of(hole.language)}"
    document = Document(uri, hole.language, hole.before + hole.after)
    return Cursor(document, len(hole.before))


def _whole(prompt: Prompt, max_tokens: int) -> Request:
    return Request(replace(prompt, cursor=None), "bare", max_tokens, exact=True)


def model_name(model: str) -> str:
    """The file that the settings would choose for a model's name."""
    return first_message(Settings(model=model))[1].path.name
