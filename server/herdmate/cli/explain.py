"""``herdmate explain``: the lines of a file in prose."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from herdmate.actions.action_input import ActionInput
from herdmate.actions.context import ActionContext
from herdmate.actions.explain import explain
from herdmate.cli import action_context
from herdmate.cli.action_checks import action_input_for, action_named
from herdmate.cli.answers import gathered, show_answer
from herdmate.cli.locations import Opened, add_places, opened, places_of, selected
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import write, write_json
from herdmate.prompting.library import Action, Library
from herdmate.text import Selection


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
    parser.add_argument(
        "--instruction",
        default="",
        metavar="TEXT",
        help="what a tool says is wrong, if ACTION asks",
    )
    parser.add_argument("--json", action="store_true", help="the explanations as JSON")
    parser.epilog = examples(
        "herdmate explain src/app.py:10-40",
        "git diff | herdmate explain -",
        "herdmate explain --action explain_symbol src/app.py:12:8",
    )
    parser.set_defaults(run=lambda arguments: asyncio.run(_explain(arguments)))


async def _explain(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    library = action_context.action_library()
    action_named(library, arguments.action, ("explain",))
    tasks = [_task(opened(place, arguments.language), library, arguments)
             for place in places_of(arguments)]  # fmt: skip
    documents = [task.file.document for task in tasks]
    async with action_context.running(settings, documents) as context:
        told = [await _told(task, context, arguments.json, len(tasks)) for task in tasks]
    if arguments.json:
        write_json({"explanations": told})
    return 0


def _task(file: Opened, library: Library, arguments: argparse.Namespace) -> _Task:
    """One place and the action for it, which has other words for a diff."""
    is_diff = arguments.action == "explain" and file.document.language == "diff"
    action = action_named(library, "explain_diff" if is_diff else arguments.action, ("explain",))
    if (most := getattr(arguments, "max_tokens", None)) is not None:
        action = replace(action, max_tokens=most)
    selection = selected(file)
    given = action_input_for(action, selection, arguments.instruction)
    return _Task(action, file, selection, given)


async def _told(task: _Task, context: ActionContext, as_json: bool, count: int) -> dict[str, Any]:
    """Explain one place; returns what ``--json`` says of it."""
    place, action = task.file.place, task.action
    async with aclosing(explain(task.selection, action, context, task.action_input)) as parts:
        if as_json:
            text = await gathered(parts)
        else:
            if count > 1:
                write(f"# {place.name}{f':{place.lines}' if place.first else ''}\n\n")
            text = await show_answer(parts)
            write("\n" if count > 1 else "")
    info = await context.host.ready()
    return {
        "file": place.name, "start": place.first or None, "end": place.last or None,
        "language": task.file.document.language, "action": action.name, "model": info.name,
        "text": text,
    }  # fmt: skip
