"""``herdmate explain``: the lines of a file in prose."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any

from herdmate.actions.action_input import ActionInput
from herdmate.actions.context import ActionContext
from herdmate.actions.conversation import Conversation, Exchange
from herdmate.actions.explain import explanation_of
from herdmate.cli import action_context
from herdmate.cli.action_checks import (
    Words,
    action_input_for,
    action_named,
    is_action,
    selected_code,
)
from herdmate.cli.answers import Show, comment, cut_off, gathered, show_answer
from herdmate.cli.chat_files import keep_on
from herdmate.cli.failures import shown_place, tell_failure
from herdmate.cli.instruction import add_instruction_option, instruction_of
from herdmate.cli.locations import Opened, add_places, opened, places_of
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import is_told_below, tell, write, write_json
from herdmate.errors import HerdmateError, SelectionError
from herdmate.generation import Finished
from herdmate.prompting.library import Action, Library
from herdmate.redaction.requests import texts_without_secrets
from herdmate.text import Selection

_OF_A_DIFF = "git diff | herdmate explain -"


@dataclass(frozen=True, slots=True)
class _Task:
    action: Action
    file: Opened
    selection: Selection
    action_input: ActionInput


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was asked in the prompt's words, and what came of it; ``model`` is who answered."""

    asked: str
    text: str
    is_cut_off: bool
    model: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate explain FILE:START-END...``."""
    add_places(parser)
    parser.add_argument(
        "--action", default="explain", metavar="ACTION",
        help="explain, explain_symbol, explain_diagnostic, or one of your own",
    )  # fmt: skip
    add_instruction_option(parser, "what a tool says is wrong, if ACTION asks")
    parser.add_argument("--json", action="store_true", help="the explanations as JSON")
    parser.epilog = examples(
        "herdmate explain src/app.py:10-40",
        _OF_A_DIFF,
        "herdmate explain --action explain_symbol src/app.py:12:8",
    )
    parser.set_defaults(run=lambda arguments: asyncio.run(_explain(arguments)))


async def _explain(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    library = action_context.action_library()
    action = action_named(library, arguments.action, ("explain",))
    for word in arguments.places:
        if word == "diff" and not os.path.lexists(word):
            arguments.parser.error(f"there is no file 'diff'; run `{_OF_A_DIFF}`")
        if is_action(library, word) and not os.path.lexists(word):
            action_named(library, word, ("explain",))  # refuses others, and says how to run them
            arguments.parser.error(f"{word!r} is an action and no file; write --action {word}")
    places = places_of(arguments, _OF_A_DIFF)
    words = instruction_of(arguments, action)
    tasks = [
        _task(opened(place, arguments.language), library, arguments, words) for place in places
    ]
    documents = [task.file.document for task in tasks]
    async with action_context.running(settings, documents) as context:
        return await _explain_all(tasks, context, arguments.json)


def _task(file: Opened, library: Library, arguments: argparse.Namespace, words: Words) -> _Task:
    """One place and the action for it, which has other words for a diff."""
    is_diff = arguments.action == "explain" and file.document.language == "diff"
    action = action_named(library, "explain_diff" if is_diff else arguments.action, ("explain",))
    if (most := getattr(arguments, "max_tokens", None)) is not None:
        action = replace(action, max_tokens=most)
    selection = selected_code(file)
    given = action_input_for(action, selection, words)
    return _Task(action, file, selection, given)


async def _explain_all(tasks: Sequence[_Task], context: ActionContext, as_json: bool) -> int:
    """Explain all places; one that fails leaves the others alone."""
    told: list[dict[str, Any]] = []
    failures: list[str] = []
    exchanges: list[Exchange] = []
    for task in tasks:
        place = shown_place(task.file.place)
        if len(tasks) > 1 and not as_json:
            write(f"# {place}\n\n")
        try:
            answer = await _answer(task, context, gathered if as_json else show_answer)
        except HerdmateError as error:
            if len(tasks) == 1:
                raise
            failures.append(tell_failure(task.file, error))
            continue
        if len(tasks) > 1 and not as_json:
            write("\n")
        told.append(_told(task, answer))
        exchanges.append(Exchange(f"{task.action.title}: {place}", answer.asked, answer.text))
    if as_json:
        write_json({"explanations": told, "failures": failures})
    elif exchanges and is_told_below():
        _keep(exchanges)
        comment(await context.host.ready())
    return 1 if failures else 0


async def _answer(task: _Task, context: ActionContext, show: Show) -> _Answer:
    """Explain one place. Raises ``HerdmateError``."""
    ends: list[Finished] = []
    asked = ""

    async def parts() -> AsyncGenerator[str, None]:
        nonlocal asked
        found = await explanation_of(task.selection, task.action, context, task.action_input)
        (asked,) = await texts_without_secrets([found.turns[-1].text])
        async with aclosing(found.text(on_end=ends.append)) as pieces:
            async for piece in pieces:
                yield piece

    async with aclosing(parts()) as answer:
        text = await show(answer, context.host)
    if cut := cut_off(ends):
        tell(f"herdmate: {cut}")
    return _Answer(asked, text, bool(cut), (await context.host.ready()).shown)


def _told(task: _Task, answer: _Answer) -> dict[str, Any]:
    """What ``--json`` says of one place."""
    place = task.file.place
    return {
        "file": place.name, "start": place.first or None, "end": place.last or None,
        "language": task.file.document.language, "action": task.action.name,
        "model": answer.model, "text": answer.text, "cut_off": answer.is_cut_off,
    }  # fmt: skip


def _keep(exchanges: Sequence[Exchange]) -> None:
    """Keep what was explained, so that ``herdmate chat --resume`` can go on with it."""
    with suppress(SelectionError):  # a full disk takes no answer back
        keep_on(Conversation(tuple(exchanges)), "", "question")
