"""Askers, which fill holes: the real server as an editor asks it, and the bare model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from herdmate.completion.complete import complete, typing_request
from herdmate.completion.cursor_context import cursor_context
from herdmate.completion.postprocess import Shown, finish, is_whole
from herdmate.completion.silence_reasons import Silence
from herdmate.completion.state import CompletionState
from herdmate.completion.syntax_check import sound, syntax_check_at
from herdmate.completion.trigger import shape_at
from herdmate.context.grammars import ending_of
from herdmate.context.languages import comment_mark
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost
from herdmate.eval.holes import Hole
from herdmate.eval.retrieval import fragments
from herdmate.eval.scores import Answer
from herdmate.generation import Request
from herdmate.lsp.client import Client, connect_within
from herdmate.lsp.server import create_server
from herdmate.models.role_choices import ChooseEngine
from herdmate.models.start import first_message
from herdmate.prompting.families import (
    CONTROL_PIECES,
    Order,
    Others,
    can_infill,
    continue_prompt,
    family_of,
    infill_prompt,
)
from herdmate.settings import Settings, camel_case, settings_from_json
from herdmate.text import Cursor, Document

Asker = Callable[[Hole], Awaitable[Answer]]

_CHARS_PER_TOKEN = 4

_PIECE, _GOES_ON = 4, 600
"""Characters in a piece of an answer, and of the code below that an answer goes on with."""

_ALL_IN_NO_TIME = 1_000_000
"""Tokens claimed to be read in a second, so that a slow machine does not shrink the window."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The model and the settings that all askers share; ``order`` is for the bare model."""

    model: str
    prefix_tokens: int
    suffix_tokens: int
    max_tokens: int
    threads: int = 0
    invoked: bool = True
    order: Order | None = None

    def settings(self) -> dict[str, Any]:
        """The settings as an editor would send them; only complete suggestions are shown."""
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


NAMES = ("herdmate", "bare", "untold", "fragments", "unhealed", "alone", "original")
"""The names of the askers; Herdmate as its users have it comes first."""


@asynccontextmanager
async def askers(
    names: Sequence[str], given: Conditions, choose: ChooseEngine, among: Project | None = None
) -> AsyncIterator[dict[str, Asker]]:
    """The requested askers from ``NAMES``, which share one model.

    What the model has read for one is in the cache for the next. ``among`` has the files that
    Herdmate sees along with each hole's.
    """
    server = create_server(choose)
    async with connect_within(server, given.settings()) as client:
        await client.ready(lambda _message, _fraction: None)
        if among is not None:
            server.project.folders, server.project.index = among.folders, among.index
            for path in sorted(among.index.paths()):
                await server.project.remember(path)
        host = server.model.completion.host
        host.latency.note_reading(_ALL_IN_NO_TIME, 1.0)
        known: dict[str, Asker] = {
            "herdmate": partial(_herdmate, client, given),
            "bare": partial(_bare, host, given),
            "untold": partial(_bare, host, given, is_told=False),
            "fragments": partial(_bare, host, given, among=server.project),
            "unhealed": partial(_unhealed, server.completion, given),
            "alone": partial(_alone, server.completion, given),
            "original": partial(_original, given),
        }
        yield {name: known[name] for name in names}


async def _herdmate(client: Client, given: Conditions, hole: Hole) -> Answer:
    """What an editor would show."""
    cursor = _cursor(hole)
    client.open(cursor.document)
    started = time.perf_counter()
    edits = await client.ghost_edits(cursor.document, cursor.offset, given.invoked)
    seconds = time.perf_counter() - started
    client.close(cursor.document)
    if not edits:
        return Answer(None, seconds)
    typed = cursor.offset - edits[0].span.start
    return Answer(edits[0].new_text[typed:], seconds, edits[0].span.end - cursor.offset)


async def _bare(
    host: EngineHost,
    given: Conditions,
    hole: Hole,
    among: Project | None = None,
    *,
    is_told: bool = True,
) -> Answer:
    """The same weights without Herdmate: the surrounding code cut to size, no filters.

    If ``is_told``, their answer ends with as many lines as were removed, which Herdmate is not told
    and no editor knows; a definition they have to end themselves. If ``among`` is given, fragments
    of its files come on top, half as many tokens as before the hole.
    """
    started = time.perf_counter()
    family = family_of(await host.ready())
    before = hole.before[-given.prefix_tokens * _CHARS_PER_TOKEN :]
    after = hole.after[: given.suffix_tokens * _CHARS_PER_TOKEN]
    others = _retrieved(hole, among, given) if among is not None else None
    if can_infill(family):
        prompt = infill_prompt(family, before, after, given.order, others)
    else:
        prompt = continue_prompt(family, before, others)
    lines = hole.middle.strip().count("\n") + 1
    is_told = is_told and not hole.is_definition
    text = await host.answer(
        Request(replace(prompt, cursor=None), "bare", given.max_tokens, exact=True),
        lambda said: is_told and said.lstrip("\n").count("\n") >= lines,
    )
    if lines == 1 and is_told:
        # Keep only the first line that is not blank.
        text = text[: len(text) - len(text.lstrip("\n"))] + text.lstrip("\n").split("\n")[0]
    return Answer(text or None, time.perf_counter() - started)


def _retrieved(hole: Hole, among: Project, given: Conditions) -> Others:
    room = given.prefix_tokens // 2 * _CHARS_PER_TOKEN
    found = fragments(hole, among.index, among.folders, room)
    own = among.shown_path(_cursor(hole).document.uri)
    return Others(found, own, comment_mark(hole.language))


async def _unhealed(state: CompletionState, given: Conditions, hole: Hole) -> Answer:
    """Herdmate's window and filters, but the model continues after the token cut by the cursor."""
    started = time.perf_counter()
    cursor, completion = _cursor(hole), settings_from_json(given.settings())[0].completion
    shape, check = shape_at(cursor, completion.multiline), syntax_check_at(cursor)
    request = await typing_request(cursor, state, completion)
    prompt, context = replace(request.prompt, cursor=None), cursor_context(cursor)
    text = await state.host.answer(
        replace(request, prompt=prompt, exact=True),
        lambda said: is_whole(said, cursor, shape, context),
    )
    shown = await sound(finish(text, cursor, shape, context) or Shown(""), check)
    return Answer(shown.text or None, time.perf_counter() - started, shown.reach)


async def _original(given: Conditions, hole: Hole) -> Answer:
    """What Herdmate shows of a model that writes what was there, and goes on with the code below.

    It tells what the filters and the syntax check take away, whatever the model.
    """
    started = time.perf_counter()
    cursor, completion = _cursor(hole), settings_from_json(given.settings())[0].completion
    shape = shape_at(cursor, completion.multiline, given.invoked)
    check, context = syntax_check_at(cursor, given.invoked), cursor_context(cursor)
    whole = hole.middle + hole.after[:_GOES_ON]
    ends = range(_PIECE, len(whole) + _PIECE, _PIECE)
    said = next(
        (whole[:end] for end in ends if is_whole(whole[:end], cursor, shape, context)), whole
    )
    shown = finish(said, cursor, shape, context, is_asked=given.invoked)
    shown = await sound(shown or Shown(""), check)
    return Answer(shown.text or None, time.perf_counter() - started, shown.reach)


async def _alone(state: CompletionState, given: Conditions, hole: Hole) -> Answer:
    """Herdmate without access to other files."""
    alone = CompletionState(state.host, Project())
    cursor, completion = _cursor(hole), settings_from_json(given.settings())[0].completion
    started = time.perf_counter()
    found = await complete(cursor, alone, completion, given.invoked)
    alone.forget(cursor.document.uri)
    seconds = time.perf_counter() - started
    if isinstance(found, Silence):
        return Answer(None, seconds)
    return Answer(found[0].text, seconds, found[0].span.end - cursor.offset)


def _cursor(hole: Hole) -> Cursor:
    name = quote(hole.name.replace("/", "_"))
    uri = f"file:///holes/{name}{ending_of(hole.language)}"
    uri = hole.path.as_uri() if hole.path is not None else uri
    document = Document(uri, hole.language, hole.before + hole.after)
    return Cursor(document, len(hole.before))


def model_name(model: str) -> str:
    """The name of the file that the settings would choose for this model to write ghost text."""
    return first_message(Settings(model=model), CONTROL_PIECES, role="completion")[1].path.name
