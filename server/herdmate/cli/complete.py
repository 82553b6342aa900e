"""``herdmate complete``: what would be suggested at one place."""

from __future__ import annotations

import argparse
import asyncio

from herdmate.cli import action_context
from herdmate.cli.asking import asking
from herdmate.cli.locations import (
    add_language_option,
    cursor_of,
    opened,
    place_of,
    refuse_lines,
)
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import tell_error, write, write_json
from herdmate.cli.wording import in_terminal
from herdmate.completion.complete import complete
from herdmate.completion.silence_reasons import Silence
from herdmate.completion.state import CompletionState
from herdmate.roles import Role
from herdmate.text import Cursor, line_start


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate complete FILE:LINE:COLUMN``."""
    parser.add_argument(
        "place", metavar="FILE:LINE:COLUMN",
        help="a place in a file: lines and columns count from 1, columns in characters; FILE:LINE "
        "for the line's end, or - for the end of standard input",
    )  # fmt: skip
    add_language_option(parser)
    parser.add_argument("--json", action="store_true", help="the suggestions as JSON")
    parser.epilog = examples(
        "herdmate complete src/app.py:12:5",
        "herdmate complete src/app.py:12",
        "echo 'def area(r):' | herdmate complete - --language python",
        "herdmate complete src/app.py:12:5 --max-tokens 200",
    )
    parser.set_defaults(run=lambda arguments: asyncio.run(_complete(arguments)))


async def _complete(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    place = place_of(arguments.place)
    if place.symbol:  # whether or not there is such a definition
        refuse_lines(place)
    file = opened(place, arguments.language)
    cursor = cursor_of(file)
    role: Role = "answers" if getattr(arguments, "model", None) else "completion"
    async with action_context.running(settings, [cursor.document], role) as context:
        state = CompletionState(context.host, context.project)
        async with asking(context.host):
            found = await complete(cursor, state, settings.completion, invoked=True)
        info = await context.host.ready()
    shown = [] if isinstance(found, Silence) else [item.text for item in found]
    reason = in_terminal(str(found)) if isinstance(found, Silence) else None
    if arguments.json:
        told = {
            "file": file.place.name, "line": file.place.first or None,
            "column": _column_of(cursor) if file.place.first else None,
            "language": cursor.document.language, "model": info.shown,
            "suggestions": shown, "reason": reason,
        }  # fmt: skip
        write_json(told)
    elif reason is not None:
        tell_error(f"herdmate: No suggestion: {reason}.")
    else:
        write(f"{shown[0]}\n")
    return 0 if shown else 1


def _column_of(cursor: Cursor) -> int:
    """The cursor's column, which counts characters from 1."""
    return cursor.offset - line_start(cursor.document.text, cursor.offset) + 1
