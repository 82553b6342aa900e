"""``herdmate explain``: the lines of a file in prose."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import aclosing

from herdmate.actions.explain import explain
from herdmate.cli import action_context
from herdmate.cli.locations import selection_at
from herdmate.cli.terminal import write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate explain FILE:START-END``."""
    parser.add_argument("place", metavar="FILE:START-END")
    parser.set_defaults(run=lambda arguments: asyncio.run(_explain(arguments)))
    action_context.add_model_option(parser)


async def _explain(arguments: argparse.Namespace) -> int:
    selection = selection_at(arguments.place)
    action = action_context.action_library().get("explain")
    async with action_context.running(arguments.model, selection.document) as context:
        async with aclosing(explain(selection, action, context)) as parts:
            async for text in parts:
                write(text)
    write("\n")
    return 0
