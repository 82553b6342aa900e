"""``herdmate demo``: show the main features once, in the terminal, on a real server and model."""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.live import Live
from rich.markdown import Markdown
from rich.syntax import Syntax
from rich.text import Text

from herdmate.actions.edits import unified
from herdmate.cli.console import Console, waiting
from herdmate.cli.locations import read_document
from herdmate.cli.models_fetch import pull_with_progress
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import found_settings
from herdmate.cli.wording import in_terminal
from herdmate.context import syntax, syntax_queries
from herdmate.errors import HerdmateError, NoModelError, SelectionError
from herdmate.lsp.client import Client, connect
from herdmate.models import catalogue
from herdmate.models.start import first_message
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.text import Document, Span, line_end, line_start

_LINES_AROUND = 6


@dataclass(frozen=True, slots=True)
class Scene:
    """What the demo works on: a cursor for ghost text, a definition for the rest."""

    document: Document
    cursor: int
    definition: Span


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate demo [FILE]``."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
    parser.epilog = examples("herdmate demo", "herdmate demo src/app.py")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    console = Console()
    scene = scene_of_file(arguments.file) if arguments.file else sample_scene()
    found = found_settings(arguments)
    settings = found.settings
    try:
        first_message(settings, CONTROL_PIECES)
    except NoModelError:
        pull_with_progress(catalogue.starter(), console)
    note = first_message(settings, CONTROL_PIECES)[1].note
    asyncio.run(_show(scene, found.nested, console))
    _next_steps(console, note)
    return 0


def sample_scene() -> Scene:
    """The sample that ships with Herdmate."""
    text = (files(__package__) / "sample" / "stock.py.txt").read_text(encoding="utf-8")
    document = Document("untitled:stock.py", "python", text)
    cursor = text.index('together."""\n') + len('together."""\n    ')
    definition = Span(text.index("def cheap_items"), len(text.rstrip()))
    return Scene(document, cursor, definition)


def scene_of_file(path: Path) -> Scene:
    """The user's own file as it is on disk; nothing is ever written to it.

    The last line of a function is removed to see what the model would write there.
    """
    document = read_document(path)
    names = _definitions(document)
    if not names:
        raise SelectionError(f"{path} has no function that the demo could use; try another file.")
    definition = max(names, key=lambda span: min(span.end - span.start, 1500))
    last = line_start(document.text, len(document.text[: definition.end].rstrip()))
    indent = len(document.text[last:]) - len(document.text[last:].lstrip(" \t"))
    return Scene(document, last + indent, definition)


async def _show(scene: Scene, settings: dict[str, Any], console: Console) -> None:
    async with connect(settings, "--log-level", "error") as client:
        with waiting("Loading the model…") as shown:
            name = await client.ready(lambda text, _fraction: shown.tell(text or "Loading…"))
        console.print(Text(name, style="bold") + Text(", on this machine only.\n"))
        await _ghost_text(client, scene, console)
        client.open(scene.document)
        await _explanation(client, scene, console)
        await _refactoring(client, scene, console)


async def _ghost_text(client: Client, scene: Scene, console: Console) -> None:
    console.rule("Ghost text", align="left")
    document = _with_hole(scene)
    client.open(document)
    started = time.perf_counter()
    with waiting("Asking for ghost text at the cursor…"):
        ghost = await client.ghost_text(document, scene.cursor)
    seconds = time.perf_counter() - started
    console.print(_drawn(document, scene.cursor, ghost or ""))
    words = "the model had nothing to add" if ghost is None else "the grey text is the model's"
    console.print(f"{words}; {seconds:.1f} s for the first answer in this file\n", style="dim")


async def _explanation(client: Client, scene: Scene, console: Console) -> None:
    console.rule("Explanation", align="left")
    text, started = "", time.perf_counter()
    parts = client.explain(scene.document, scene.definition)
    with waiting("Reading the code…") as shown:
        async for part in parts:
            shown.end()
            text = part
            break
    with Live(console=console, refresh_per_second=8, vertical_overflow="visible") as live:
        live.update(Markdown(text, hyperlinks=False))
        async for part in parts:
            text += part
            live.update(Markdown(text, hyperlinks=False))
    if not console.is_terminal:
        console.print()  # what Live does on terminals alone
    console.print(f"{time.perf_counter() - started:.1f} s, streamed\n", style="dim")


async def _refactoring(client: Client, scene: Scene, console: Console) -> None:
    console.rule("Refactoring: simplify", align="left")
    started = time.perf_counter()
    try:
        with waiting("Refactoring…"):
            text = await client.rewrite(scene.document, scene.definition, "simplify")
    except HerdmateError as refusal:
        console.print(f"{refusal}\n")
        return
    diff = unified(scene.document.text, text, _name(scene.document))
    console.print(Syntax(diff, "diff", background_color="default"))
    console.print(f"{time.perf_counter() - started:.1f} s; syntax checked\n", style="dim")


def _next_steps(console: Console, note: str) -> None:
    console.rule("Next steps", align="left")
    if note:
        console.print(in_terminal(note))
    console.print(
        "In your editor: herdmate setup finds it and says what to configure; the server is\n"
        "  herdmate serve\n"
        "On your own code: herdmate demo FILE",
    )


def _drawn(document: Document, cursor: int, ghost: str) -> Text:
    """The lines around the cursor, with the ghost text inserted."""
    text = document.text
    start = end = cursor
    for _ in range(_LINES_AROUND):
        start = line_start(text, max(line_start(text, start) - 1, 0))
        end = line_end(text, min(line_end(text, end) + 1, len(text)))
    drawn = Text(text[start:cursor])
    drawn.append(ghost, style="italic bright_black")
    return drawn.append(text[cursor:end] + "\n")


def _with_hole(scene: Scene) -> Document:
    """The document without the rest of the cursor's line."""
    text = scene.document.text
    text = text[: scene.cursor] + text[line_end(text, scene.cursor) :]
    return Document(scene.document.uri + "?hole", scene.document.language, text)


def _definitions(document: Document) -> set[Span]:
    """The innermost definition around the middle of each line."""
    found: set[Span] = set()
    at = 0
    tree = syntax.tree_of(document)
    while tree is not None and at < len(document.text):
        end = line_end(document.text, at)
        middle = Span((at + end) // 2, (at + end) // 2)
        span = syntax_queries.enclosing_definition(tree, document.text, middle)
        if span is not None:
            found.add(span)
        at = end + 1
    return found


def _name(document: Document) -> str:
    return document.uri.rpartition("/")[2].rpartition(":")[2]
