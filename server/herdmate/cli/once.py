"""``herdmate complete``, ``explain`` and ``refactor``: single requests without an editor."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rich.syntax import Syntax

from herdmate.actions.action_input import ActionInput, Diagnostic
from herdmate.actions.context import ActionContext
from herdmate.actions.edits import unified
from herdmate.actions.explain import explain
from herdmate.actions.rewrite import rewrite
from herdmate.actions.write_tests import check_place, write_tests
from herdmate.cli.locations import cursor_at, file_of, selection_at
from herdmate.cli.replace_file import refuse_links, replace
from herdmate.cli.serve import Commands
from herdmate.cli.terminal import Console, tell, write
from herdmate.completion.complete import complete
from herdmate.completion.silence import Silence
from herdmate.completion.state import CompletionState
from herdmate.context.git_config import repository_of
from herdmate.context.project import Project
from herdmate.context.withheld import reason_to_withhold_file
from herdmate.engine.host import EngineHost
from herdmate.errors import RefusedError
from herdmate.models.start import first_message
from herdmate.prompting.by_name import pieces_by_name
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.prompting.library import Action, Library, load_library
from herdmate.settings import Settings
from herdmate.text import Document, Selection, apply_edits


def add_parser(commands: Commands) -> None:
    """``herdmate complete``, ``herdmate explain`` and ``herdmate refactor``."""
    completing = commands.add_parser("complete", help="what would stand at FILE:LINE:COLUMN")
    completing.add_argument("place", metavar="FILE:LINE:COLUMN")
    completing.set_defaults(run=lambda arguments: asyncio.run(_complete(arguments)))
    explaining = commands.add_parser("explain", help="explain the lines FILE:START-END")
    explaining.add_argument("place", metavar="FILE:START-END")
    explaining.set_defaults(run=lambda arguments: asyncio.run(_explain(arguments)))
    refactoring = commands.add_parser("refactor", help="rewrite the lines FILE:START-END")
    refactoring.add_argument(
        "action", help="simplify, add_types, document, fix, change… or your own"
    )
    refactoring.add_argument("place", metavar="FILE:START-END")
    refactoring.add_argument(
        "--instruction", default="", help="what to change, or what is wrong, for `change` and `fix`"
    )
    refactoring.add_argument("--write", action="store_true", help="change the file itself")
    refactoring.set_defaults(run=lambda arguments: asyncio.run(_refactor(arguments)))
    for parser in (completing, explaining, refactoring):
        parser.add_argument("--model", default="auto", help="a name, a path, or auto")


def show_diff(diff: str) -> None:
    """Print a unified diff: coloured on a terminal, plain otherwise."""
    console = Console(soft_wrap=True)
    if console.is_terminal:
        console.print(Syntax(diff, "diff", background_color="default"))
    else:
        write(diff)


@asynccontextmanager
async def _running(model: str, document: Document) -> AsyncIterator[ActionContext]:
    """A running engine, and a project that withholds the document from it if it must."""
    context = ActionContext(EngineHost(pieces_by_name=pieces_by_name), Project())
    if (reason := reason_to_withhold_file(_path(document), ())) is not None:
        context.project.withheld[document.uri] = reason
    message, _ = first_message(Settings(model=model), CONTROL_PIECES)
    await context.host.start(message)
    try:
        yield context
    finally:
        await context.host.stop()


async def _complete(arguments: argparse.Namespace) -> int:
    cursor = cursor_at(arguments.place)
    async with _running(arguments.model, cursor.document) as context:
        state = CompletionState(context.host, context.project)
        found = await complete(cursor, state, Settings().completion, invoked=True)
    if isinstance(found, Silence):
        Console(stderr=True).print(f"nothing: {found}")
        return 1
    write(found[0].text + "\n")
    return 0


async def _explain(arguments: argparse.Namespace) -> int:
    selection = selection_at(arguments.place)
    async with _running(arguments.model, selection.document) as context:
        async with aclosing(explain(selection, _library().get("explain"), context)) as parts:
            async for text in parts:
                write(text)
    write("\n")
    return 0


async def _refactor(arguments: argparse.Namespace) -> int:
    if arguments.write:
        refuse_links(file_of(arguments.place))
    selection, action = selection_at(arguments.place), _library().get(arguments.action)
    async with _running(arguments.model, selection.document) as context:
        if action.kind == "tests":
            return await _tests(selection, action, context, arguments.write)
        done = await rewrite(
            selection, action, context, _action_input(arguments, action, selection)
        )
    document = selection.document
    text = apply_edits(document.text, done.edits)
    path = _path(document)
    show_diff(unified(document.text, text, path.name))
    if done.reasons:
        tell(done.reasons)
    if arguments.write:
        with _telling(path):
            replace(path, document.text.encode(), text.encode())
    return 0


async def _tests(selection: Selection, action: Action, context: ActionContext, writes: bool) -> int:
    """Show a new test file and, if ``writes``, create it."""
    path = _path(selection.document)
    root = repository_of(path.resolve().parent)
    found = await write_tests(selection, action, context, root)
    show_diff(unified("", found.text, found.path.name))
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
            f"{path} cannot be written ({error.strerror or error}); what it would be is shown."
        ) from error


def _action_input(
    arguments: argparse.Namespace, action: Action, selection: Selection
) -> ActionInput:
    """The user's words, as an instruction or in place of the diagnostic an editor would send."""
    said = arguments.instruction
    if said and not action.asks_instruction:
        return ActionInput(problems=(Diagnostic(selection.span, said),))
    return ActionInput(said)


def _library() -> Library:
    library, errors = load_library()
    for error in errors:
        Console(stderr=True).print(f"herdmate: {error}")
    return library


def _path(document: Document) -> Path:
    return Path(url2pathname(urlsplit(document.uri).path))
