"""``herdmate complete``, ``explain`` and ``refactor``: one question, without an editor."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rich.syntax import Syntax

from herdmate.assist.companion import Companion, first_message
from herdmate.assist.complete import Silence, complete
from herdmate.assist.edits import unified
from herdmate.assist.explain import explain
from herdmate.assist.rewrite import rewrite
from herdmate.assist.wish import Problem, Wish
from herdmate.assist.withheld import reason_to_withhold_file
from herdmate.assist.write_tests import check_place, write_tests
from herdmate.cli.places import cursor_at, file_of, selection_at
from herdmate.cli.replacing import refuse_links, replace
from herdmate.cli.serve import Commands
from herdmate.cli.terminal import Console, tell, write
from herdmate.context.git_config import repository_of
from herdmate.errors import RefusedError
from herdmate.prompting.library import Action, Library, load_library
from herdmate.settings import Settings
from herdmate.text import Document, Selection, apply_edits


def add_parser(commands: Commands) -> None:
    """The three commands."""
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
    """Print a unified diff: in colours on a terminal, plain into a pipe."""
    console = Console(soft_wrap=True)
    if console.is_terminal:
        console.print(Syntax(diff, "diff", background_color="default"))
    else:
        write(diff)


@asynccontextmanager
async def _companion(model: str, document: Document) -> AsyncIterator[Companion]:
    """The model, which sees the document only where it may."""
    companion = Companion()
    if (reason := reason_to_withhold_file(_path(document), ())) is not None:
        companion.ignored[document.uri] = reason
    message, _ = first_message(Settings(model=model))
    await companion.start(message)
    try:
        yield companion
    finally:
        await companion.stop()


async def _complete(arguments: argparse.Namespace) -> int:
    cursor = cursor_at(arguments.place)
    async with _companion(arguments.model, cursor.document) as companion:
        found = await complete(cursor, companion, Settings().completion, invoked=True)
    if isinstance(found, Silence):
        Console(stderr=True).print(f"nothing: {found.reason}")
        return 1
    write(found[0].text + "\n")
    return 0


async def _explain(arguments: argparse.Namespace) -> int:
    selection = selection_at(arguments.place)
    async with _companion(arguments.model, selection.document) as companion:
        async with aclosing(explain(selection, _library().get("explain"), companion)) as parts:
            async for text in parts:
                write(text)
    write("\n")
    return 0


async def _refactor(arguments: argparse.Namespace) -> int:
    if arguments.write:
        refuse_links(file_of(arguments.place))
    selection, action = selection_at(arguments.place), _library().get(arguments.action)
    async with _companion(arguments.model, selection.document) as companion:
        if action.kind == "tests":
            return await _tests(selection, action, companion, arguments.write)
        done = await rewrite(selection, action, companion, _wish(arguments, action, selection))
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


async def _tests(selection: Selection, action: Action, companion: Companion, writes: bool) -> int:
    """Show a new file of tests, or create it."""
    path = _path(selection.document)
    root = repository_of(path.resolve().parent)
    found = await write_tests(selection, action, companion, root)
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
    """What the disk says, as a sentence on the file."""
    try:
        yield
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be written ({error.strerror or error}); what it would be is shown."
        ) from error


def _wish(arguments: argparse.Namespace, action: Action, selection: Selection) -> Wish:
    """What an editor would tell as a diagnostic is the user's own words here."""
    said = arguments.instruction
    if said and not action.asks_instruction:
        return Wish(problems=(Problem(selection.span, said),))
    return Wish(said)


def _library() -> Library:
    library, errors = load_library()
    for error in errors:
        Console(stderr=True).print(f"herdmate: {error}")
    return library


def _path(document: Document) -> Path:
    return Path(url2pathname(urlsplit(document.uri).path))
