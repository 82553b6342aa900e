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
from herdmate.prompting.library import Action
from herdmate.text import Selection


@dataclass(frozen=True, slots=True)
class _Task:
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
    action = action_named(action_context.action_library(), arguments.action, ("explain",))
    tasks = [_task(opened(place, arguments.language), action, arguments)
             for place in places_of(arguments)]  # fmt: skip
    if (most := getattr(arguments, "max_tokens", None)) is not None:
        action = replace(action, max_tokens=most)
    documents = [task.file.document for task in tasks]
    async with action_context.running(settings, documents) as context:
        told = [await _told(task, action, context, arguments.json, len(tasks)) for task in tasks]
    if arguments.json:
        write_json({"explanations": told})
    return 0


def _task(file: Opened, action: Action, arguments: argparse.Namespace) -> _Task:
    selection = selected(file)
    return _Task(file, selection, action_input_for(action, selection, arguments.instruction))


async def _told(
    task: _Task, action: Action, context: ActionContext, as_json: bool, count: int
) -> dict[str, Any]:
    """Explain one place; returns what ``--json`` says of it."""
    place = task.file.place
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
