"""``herdmate complete``: what would be suggested at one place."""

from __future__ import annotations

import argparse
import asyncio

from herdmate.cli import action_context
from herdmate.cli.locations import cursor_at
from herdmate.cli.terminal import tell_error, write
from herdmate.cli.wording import in_terminal
from herdmate.completion.complete import complete
from herdmate.completion.silence_reasons import Silence
from herdmate.completion.state import CompletionState
from herdmate.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate complete FILE:LINE:COLUMN``."""
    parser.add_argument("place", metavar="FILE:LINE:COLUMN")
    parser.set_defaults(run=lambda arguments: asyncio.run(_complete(arguments)))
    action_context.add_model_option(parser)


async def _complete(arguments: argparse.Namespace) -> int:
    cursor = cursor_at(arguments.place)
    async with action_context.running(arguments.model, cursor.document) as context:
        state = CompletionState(context.host, context.project)
        found = await complete(cursor, state, Settings().completion, invoked=True)
    if isinstance(found, Silence):
        tell_error(f"herdmate: No suggestion: {in_terminal(str(found))}.")
        return 1
    write(found[0].text + "\n")
    return 0
