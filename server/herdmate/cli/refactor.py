"""``herdmate refactor``: lines of a file rewritten, shown as a patch or written to the file."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from herdmate.actions.action_input import ActionInput
from herdmate.actions.context import ActionContext
from herdmate.actions.rewrite import rewrite
from herdmate.actions.write_tests import check_place, write_tests
from herdmate.cli import action_context
from herdmate.cli.action_checks import action_input_for, action_named
from herdmate.cli.console import waiting
from herdmate.cli.locations import Opened, add_places, opened, path_of_document, places_of, selected
from herdmate.cli.parser import examples
from herdmate.cli.patch import Patch, out_of_reach, patch_of, show
from herdmate.cli.replace_file import refuse_links, refuse_unwritable
from herdmate.cli.replace_file import replace as replace_file
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import tell, tell_error, write_bytes, write_json
from herdmate.cli.wording import in_terminal
from herdmate.context.git_config import repository_of
from herdmate.errors import HerdmateError, RefusedError, SelectionError
from herdmate.prompting.library import Action
from herdmate.text import Selection, apply_edits


@dataclass(frozen=True, slots=True)
class _Task:
    file: Opened
    selection: Selection
    action_input: ActionInput


@dataclass(frozen=True, slots=True)
class _Result:
    """A change: of ``path`` from ``before`` (``None``: it is new) to ``after``, and a note.

    ``path`` is ``None`` for standard input.
    """

    path: Path | None
    before: bytes | None
    after: bytes
    text: str
    patch: Patch
    note: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate refactor ACTION FILE:START-END...``."""
    parser.add_argument(
        "action", metavar="ACTION", help="simplify, add_types, document, fix, change, … or your own"
    )
    add_places(parser)
    parser.add_argument(
        "--instruction", default="", metavar="TEXT",
        help="what to change, or what is wrong, for change and fix",
    )  # fmt: skip
    parser.add_argument("--write", action="store_true", help="change the files themselves")
    parser.add_argument("--json", action="store_true", help="the changes as JSON")
    parser.epilog = examples(
        "herdmate refactor simplify src/app.py:10-40 | git apply",
        'herdmate refactor change src/app.py:10-40 --instruction "use pathlib" --write',
        "herdmate refactor fix src/app.py:12 --instruction \"name 'x' is not defined\"",
        "herdmate refactor document - --language python < old.py > new.py",
    )
    parser.set_defaults(run=lambda arguments: asyncio.run(_refactor(arguments)))


async def _refactor(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    action = action_named(action_context.action_library(), arguments.action, ("rewrite", "tests"))
    tasks = _tasks(arguments, action)
    if (most := getattr(arguments, "max_tokens", None)) is not None:
        action = replace(action, max_tokens=most)
    documents = [task.file.document for task in tasks]
    failures: list[str] = []
    told: list[dict[str, Any]] = []
    async with action_context.running(settings, documents) as context:
        for task in tasks:
            try:
                result = await _result(task, action, context)
                told.append(_shown(task, action, result, arguments))
            except HerdmateError as error:
                if len(tasks) == 1:
                    raise
                failures.append(str(error))
                tell_error(f"herdmate: {task.file.place.name}: {in_terminal(str(error))}")
    if arguments.json:
        write_json({"changes": told, "failures": failures})
    return 1 if failures else 0


def _tasks(arguments: argparse.Namespace, action: Action) -> Sequence[_Task]:
    """All places, checked before the model is asked."""
    found = []
    for place in places_of(arguments):
        if arguments.write and place.path is None:
            raise SelectionError("--write needs a file; standard input goes to standard output.")
        if arguments.write and place.path is not None:
            refuse_links(place.path)
        file = opened(place, arguments.language)
        selection = selected(file)
        given = action_input_for(action, selection, arguments.instruction)
        if arguments.write and place.path is not None and action.kind == "rewrite":
            refuse_unwritable(place.path)
        found.append(_Task(file, selection, given))
    names = [task.file.document.uri for task in found]
    if arguments.write and len(set(names)) < len(names):
        raise SelectionError("--write changes a file once; name each file only once.")
    return found


async def _result(task: _Task, action: Action, context: ActionContext) -> _Result:
    with waiting("Asking the model…") as shown:
        if action.kind == "tests":
            return await _tests(task.selection, action, context)
        done = await rewrite(
            task.selection, action, context, task.action_input,
            lambda count: shown.tell(f"Writing, {count} tokens so far…"),
        )  # fmt: skip
    coded, document = task.file.coded, task.file.document
    text = apply_edits(document.text, done.edits)
    before, after = coded.encoded(document.text), coded.encoded(text)
    path = path_of_document(document)
    patch = patch_of(path or Path("input"), before, after, document.text, text)
    return _Result(path, before, after, text, patch, done.reasons)


async def _tests(selection: Selection, action: Action, context: ActionContext) -> _Result:
    path = path_of_document(selection.document)
    if path is None:
        raise SelectionError("Tests need a file to test; standard input has no name.")
    root = repository_of(path.resolve().parent)
    found = await write_tests(selection, action, context, root)
    data = found.text.encode()
    patch = patch_of(found.path, None, data, "", found.text)
    return _Result(found.path, None, data, found.text, patch, found.note)


def _shown(
    task: _Task, action: Action, result: _Result, arguments: argparse.Namespace
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
        _write(result, path_of_document(task.file.document))
        tell(f"Wrote {result.path}")
    return {
        "file": str(result.path) if result.path else task.file.place.name,
        "new": result.before is None, "action": action.name, "patch": result.patch.shown,
        "text": result.text, "note": result.note or None,
        "written": bool(arguments.write and result.path),
    }  # fmt: skip


def _write(result: _Result, source: Path | None) -> None:
    path = result.path
    assert path is not None
    with _telling(path):
        if result.before is None and source is not None:
            root = repository_of(source.resolve().parent)
            check_place(path, source, root)
            path.parent.mkdir(parents=True, exist_ok=True)
            check_place(path, source, root)
        replace_file(path, result.before, result.after)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Report a failed write in one sentence; what was to be written has been printed already."""
    try:
        yield
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be written ({error.strerror or error}); the result is printed instead."
        ) from error
