"""``herdmate refactor``: lines of a file rewritten, shown as a diff or written to the file."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from herdmate.actions.action_input import ActionInput, Diagnostic
from herdmate.actions.context import ActionContext
from herdmate.actions.edits import unified
from herdmate.actions.rewrite import rewrite
from herdmate.actions.write_tests import check_place, write_tests
from herdmate.cli import action_context
from herdmate.cli.console import show_diff
from herdmate.cli.locations import file_of, path_of_document, selection_at
from herdmate.cli.replace_file import refuse_links, replace
from herdmate.cli.terminal import tell
from herdmate.context.git_config import repository_of
from herdmate.errors import RefusedError
from herdmate.prompting.library import Action
from herdmate.text import Selection, apply_edits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate refactor ACTION FILE:START-END``."""
    parser.add_argument(
        "action", help="simplify, add_types, document, fix, change…, or an action of your own"
    )
    parser.add_argument("place", metavar="FILE:START-END")
    parser.add_argument(
        "--instruction", default="", help="what to change, or what is wrong, for `change` and `fix`"
    )
    parser.add_argument("--write", action="store_true", help="change the file itself")
    parser.set_defaults(run=lambda arguments: asyncio.run(_refactor(arguments)))
    action_context.add_model_option(parser)


async def _refactor(arguments: argparse.Namespace) -> int:
    if arguments.write:
        refuse_links(file_of(arguments.place))
    selection = selection_at(arguments.place)
    action = action_context.action_library().get(arguments.action)
    async with action_context.running(arguments.model, selection.document) as context:
        if action.kind == "tests":
            return await _tests(selection, action, context, arguments.write)
        done = await rewrite(
            selection, action, context, _action_input(arguments, action, selection)
        )
    document = selection.document
    text = apply_edits(document.text, done.edits)
    path = path_of_document(document)
    show_diff(unified(document.text, text, path.name))
    if done.reasons:
        tell(done.reasons)
    if arguments.write:
        with _telling(path):
            replace(path, document.text.encode(), text.encode())
    return 0


async def _tests(selection: Selection, action: Action, context: ActionContext, writes: bool) -> int:
    """Show a new test file and, if ``writes``, create it."""
    path = path_of_document(selection.document)
    root = repository_of(path.resolve().parent)
    found = await write_tests(selection, action, context, root)
    show_diff(unified("", found.text, found.path.name))
    if found.note:
        tell(found.note)
    if writes:
        with _telling(found.path):
            check_place(found.path, path, root)
            found.path.parent.mkdir(parents=True, exist_ok=True)
            check_place(found.path, path, root)
            replace(found.path, None, found.text.encode())
        tell(str(found.path))
    return 0


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` into a ``RefusedError`` that names the file."""
    try:
        yield
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be written ({error.strerror or error}); the result is printed instead."
        ) from error


def _action_input(
    arguments: argparse.Namespace, action: Action, selection: Selection
) -> ActionInput:
    """The user's words, as an instruction or in place of the diagnostic an editor would send."""
    said = arguments.instruction
    if said and not action.asks_instruction:
        return ActionInput(problems=(Diagnostic(selection.span, said),))
    return ActionInput(said)
