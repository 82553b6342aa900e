"""What ``complete``, ``explain`` and ``refactor`` share: an engine for one request, no editor."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from herdmate.actions.context import ActionContext
from herdmate.cli.locations import path_of_document
from herdmate.cli.terminal import tell_error
from herdmate.context.project import Project
from herdmate.context.withheld import reason_to_withhold_file
from herdmate.engine.host import EngineHost
from herdmate.models.start import first_message
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.prompting.family_from_name import pieces_by_name
from herdmate.prompting.library import Library, load_library
from herdmate.settings import Settings
from herdmate.text import Document


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """``--model``, as in the settings."""
    parser.add_argument("--model", default="auto", help="a name, a path, or auto")


@asynccontextmanager
async def running(model: str, document: Document) -> AsyncIterator[ActionContext]:
    """A running engine, and a project that withholds the document from it if it must."""
    context = ActionContext(EngineHost(pieces_by_name=pieces_by_name), Project())
    if (reason := reason_to_withhold_file(path_of_document(document), ())) is not None:
        context.project.withheld[document.uri] = reason
    start, _ = first_message(Settings(model=model), CONTROL_PIECES)
    await context.host.start(start)
    try:
        yield context
    finally:
        await context.host.stop()


def action_library() -> Library:
    """Herdmate's actions and the user's; what is wrong with those is printed."""
    library, errors = load_library()
    for error in errors:
        tell_error(f"herdmate: {error}")
    return library
