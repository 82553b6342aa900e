"""``herdmate refactor``: lines of a file rewritten, shown as a patch or written to the file."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from herdmate.actions.context import ActionContext
from herdmate.cli import action_context
from herdmate.cli.action_checks import action_input_for, action_named, is_action, selected_code
from herdmate.cli.failures import tell_failure
from herdmate.cli.instruction import add_instruction_option, instruction_of
from herdmate.cli.locations import INPUT, add_places, opened, places_of
from herdmate.cli.parser import examples
from herdmate.cli.patch import out_of_reach, show
from herdmate.cli.refactor_interactive import (
    Asking,
    line_reader,
    refuse_without_terminal,
    review,
)
from herdmate.cli.refactor_result import Result, Task, result_of, write_result
from herdmate.cli.replace_file import refuse_links, refuse_unwritable
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import is_output_piped, tell, tell_error, write_bytes, write_json
from herdmate.cli.wording import in_terminal
from herdmate.errors import HerdmateError, RefusedError, UsageError
from herdmate.prompting.library import Action, Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate refactor ACTION FILE:START-END...``."""
    parser.add_argument(
        "action", metavar="ACTION",
        help="simplify, add_types, document, fix, write_tests, change, …; `herdmate actions` lists "
        "them all",
    )  # fmt: skip
    add_places(parser)
    add_instruction_option(parser, "what to change, or what is wrong, for change and fix")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "-i", "--interactive", action="store_true",
        help="take or leave each change, like git add -p; then write what was taken",
    )  # fmt: skip
    parser.add_argument("--write", action="store_true", help="change the files themselves")
    shown.add_argument("--json", action="store_true", help="the changes as JSON")
    parser.epilog = examples(
        "herdmate refactor simplify src/app.py:10-40 | git apply",
        "herdmate refactor -i simplify src/app.py:10-40",
        'herdmate refactor change src/app.py:10-40 --instruction "use pathlib" --write',
        "herdmate refactor fix src/app.py:12 --instruction \"name 'x' is not defined\"",
        "pytest 2>&1 | herdmate refactor fix src/app.py:total --write",
        "herdmate refactor document - --language python < old.py > new.py",
    )
    parser.description = (
        "Prints a patch, or writes the files with --write. If there is no change, it says so and\n"
        "exits with 1; in a pipe, use git apply --allow-empty."
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        return asyncio.run(_refactor(arguments))
    except RefusedError as error:
        if not is_output_piped() or arguments.json or arguments.write:
            raise
        said = in_terminal(str(error))
        tell_error(f"herdmate: {said} There is no patch; `git apply` complains only of that.")
        return 1


def _refuse_swapped(library: Library, arguments: argparse.Namespace) -> None:
    """End the command if it has no action, or has it after the file."""
    word = arguments.action
    is_place = bool({":", ".", "/", os.sep} & set(word)) or word == INPUT or os.path.lexists(word)
    if is_action(library, word) or not is_place:
        return
    action = next((other for other in arguments.places if is_action(library, other)), None)
    arguments.parser.error(
        f"the ACTION is missing before {word!r}; write `herdmate refactor {action or 'simplify'} "
        f"{word}`" + ("" if action else "; `herdmate actions` lists them all")
    )


async def _refactor(arguments: argparse.Namespace) -> int:
    if arguments.interactive:
        refuse_without_terminal()
    settings = settings_of(arguments)
    library = action_context.action_library()
    _refuse_swapped(library, arguments)
    action = action_named(library, arguments.action, ("rewrite", "tests"))
    tasks = _tasks(arguments, action)
    most = getattr(arguments, "max_tokens", None)
    action, other = (
        item if most is None else replace(item, max_tokens=most)
        for item in (action, library.get("change"))
    )
    documents = [task.file.document for task in tasks]
    async with action_context.running(settings, documents) as context:
        if arguments.interactive:
            return int(await review(tasks, Asking(action, other, context, line_reader())) > 0)
        return await _show_all(tasks, action, context, arguments)


async def _show_all(
    tasks: Sequence[Task], action: Action, context: ActionContext, arguments: argparse.Namespace
) -> int:
    """Show the changes of all places; a place that fails leaves the others alone."""
    failures: list[str] = []
    told: list[dict[str, Any]] = []
    for task in tasks:
        try:
            result = await result_of(task, action, context)
            told.append(_shown(task, action, result, arguments))
        except HerdmateError as error:
            if len(tasks) == 1:
                raise
            failures.append(tell_failure(task.file, error))
    if arguments.json:
        write_json({"changes": told, "failures": failures})
    return 1 if failures else 0


def _tasks(arguments: argparse.Namespace, action: Action) -> Sequence[Task]:
    """All places, checked before the model is asked."""
    found, words = [], instruction_of(arguments, action)
    option = "-i" if arguments.interactive else "--write"
    writes = arguments.write or arguments.interactive
    for place in places_of(arguments):
        if writes and place.path is None:
            raise UsageError(f"{option} needs a file; standard input goes to standard output.")
        if writes and place.path is not None:
            refuse_links(place.path)
        file = opened(place, arguments.language)
        selection = selected_code(file)
        given = action_input_for(action, selection, words)
        if writes and place.path is not None and action.kind == "rewrite":
            refuse_unwritable(place.path)
        found.append(Task(file, selection, given))
    names = [task.file.document.uri for task in found]
    if writes and len(set(names)) < len(names):
        raise UsageError(f"{option} changes a file once; name each file only once.")
    return found


def _shown(
    task: Task, action: Action, result: Result, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Show a change, and write it if that was asked for; returns what ``--json`` says of it."""
    if not arguments.json:
        if result.path is None:
            write_bytes(result.after, result.text)
        else:
            show(result.patch)
    reach = out_of_reach(result.path) if result.path and not arguments.write else ""
    for note in filter(None, (result.note, reach)):
        tell(in_terminal(note))
    if arguments.write and result.path is not None:
        write_result(task, result)
        tell(f"Wrote {result.path}")
    return {
        "file": str(result.path) if result.path else task.file.place.name,
        "new": result.before is None, "action": action.name, "patch": result.patch.shown,
        "text": result.text, "note": result.note or None,
        "written": bool(arguments.write and result.path),
    }  # fmt: skip
