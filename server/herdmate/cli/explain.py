"""``herdmate explain``: the lines of a file in prose."""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from herdmate.actions.action_input import ActionInput
from herdmate.actions.context import ActionContext
from herdmate.actions.explain import explain
from herdmate.cli import action_context
from herdmate.cli.action_checks import (
    Words,
    action_input_for,
    action_named,
    is_action,
    selected_code,
)
from herdmate.cli.answers import cut_off, gathered, show_answer
from herdmate.cli.instruction import add_instruction_option, instruction_of
from herdmate.cli.locations import Opened, add_places, opened, places_of
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import tell, write, write_json
from herdmate.generation import Finished
from herdmate.prompting.library import Action, Library
from herdmate.text import Selection

_OF_A_DIFF = "git diff | herdmate explain -"


@dataclass(frozen=True, slots=True)
class _Task:
    action: Action
    file: Opened
    selection: Selection
    action_input: ActionInput


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
        told = [await _told(task, context, arguments.json, len(tasks)) for task in tasks]
    if arguments.json:
        write_json({"explanations": told})
    return 0


def _task(file: Opened, library: Library, arguments: argparse.Namespace, words: Words) -> _Task:
    """One place and the action for it, which has other words for a diff."""
    is_diff = arguments.action == "explain" and file.document.language == "diff"
    action = action_named(library, "explain_diff" if is_diff else arguments.action, ("explain",))
    if (most := getattr(arguments, "max_tokens", None)) is not None:
        action = replace(action, max_tokens=most)
    selection = selected_code(file)
    given = action_input_for(action, selection, words)
    return _Task(action, file, selection, given)


async def _told(task: _Task, context: ActionContext, as_json: bool, count: int) -> dict[str, Any]:
    """Explain one place; returns what ``--json`` says of it."""
    place, action = task.file.place, task.action
    ends: list[Finished] = []
    answer = explain(task.selection, action, context, task.action_input, ends.append)
    async with aclosing(answer) as parts:
        if as_json:
            text = await gathered(parts, context.host)
        else:
            if count > 1:
                write(f"# {place.name}{f':{place.lines}' if place.first else ''}\n\n")
            text = await show_answer(parts, context.host)
            write("\n" if count > 1 else "")
    if cut := cut_off(ends):
        tell(f"herdmate: {cut}")
    info = await context.host.ready()
    return {
        "file": place.name, "start": place.first or None, "end": place.last or None,
        "language": task.file.document.language, "action": action.name, "model": info.shown,
        "text": text, "cut_off": bool(cut),
    }  # fmt: skip
