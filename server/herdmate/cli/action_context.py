"""What ``complete``, ``explain`` and ``refactor`` share: an engine for one command, no editor."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from herdmate.actions.context import ActionContext
from herdmate.actions.question import refuse_withheld
from herdmate.cli.console import waiting
from herdmate.cli.locations import path_of_document
from herdmate.cli.terminal import tell, tell_error
from herdmate.cli.user_settings import config_file, user_settings
from herdmate.cli.wording import in_terminal
from herdmate.context.project import Project
from herdmate.context.withheld import reason_to_withhold_file
from herdmate.engine.host import EngineHost, EngineStart
from herdmate.engine.remote import api_key
from herdmate.errors import ServerError, UnreachableError
from herdmate.models.adapters import fitting
from herdmate.models.start import first_message, remote_start
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.prompting.family_from_name import pieces_by_name
from herdmate.prompting.family_table import family_table
from herdmate.prompting.library import Library, load_library
from herdmate.roles import Role, for_ghost_text, for_role, is_apart, without_remote
from herdmate.settings import Settings
from herdmate.text import Document


@asynccontextmanager
async def running(
    settings: Settings, documents: Sequence[Document], role: Role = "answers"
) -> AsyncIterator[ActionContext]:
    """The engine of a role, ready; the documents are refused if the model must not see them."""
    context = ActionContext(EngineHost(pieces_by_name=pieces_by_name), Project())
    for document in documents:
        refuse(context, document)
    try:
        await start(context.host, settings, role)
        yield context
    finally:
        await context.host.stop()


def action_library() -> Library:
    """Herdmate's actions and the user's; what is wrong with the user's files is printed."""
    library, errors = load_library()
    for error in (*family_table()[1], *errors):
        tell_error(f"herdmate: {error}")
    return library


def refuse(context: ActionContext, document: Document) -> None:
    """Raise ``SelectionError`` if the model must not see a document."""
    path = path_of_document(document)
    if path and (reason := reason_to_withhold_file(path, ())) is not None:
        context.project.withheld[document.uri] = reason
    refuse_withheld(document, context)


async def start(host: EngineHost, settings: Settings, role: Role = "answers") -> None:
    """Start what the settings name for a role, and wait until it is ready; show that."""
    is_remote = bool(for_role(settings, role).remote.url)
    with waiting("Waiting for the remote server…" if is_remote else "Loading the model…"):
        await _start(host, settings, role)


async def _start(host: EngineHost, settings: Settings, role: Role) -> None:
    """Start the engine that the settings name, or this machine's own if they allow that."""
    wanted = for_role(settings, role)
    if wanted.remote.url:
        api_key.take()
    if (remote := remote_start(settings, role)) is None:
        await _start_and_wait(host, _own(settings, role))
        return
    if remote.endpoint.no_key:
        tell(f"herdmate: {in_terminal(remote.endpoint.no_key)}")
    try:
        await _start_and_wait(host, remote)
    except ServerError as error:
        is_alone = role == "completion" and is_apart(settings)
        said = for_ghost_text(str(error)) if is_alone else str(error)
        if not isinstance(error, UnreachableError):
            said = f"{said} {_ADD_MODEL}.{_for_good()}"
            raise ServerError(said, error.status, error.is_loading, error.wait) from error
        if not wanted.remote.fallback:
            raise UnreachableError(f"{said} {_ON_THIS_MACHINE}{_for_good()}") from error
        tell(f"herdmate: {in_terminal(said)} Meanwhile, this machine's own model answers.")
        await _start_and_wait(host, _own(without_remote(settings, role), role))


_ADD_MODEL = "For a model on this machine, add --model auto"
_ON_THIS_MACHINE = f"{_ADD_MODEL}, or set herdmate.remote.fallback to true."


def _for_good() -> str:
    """How to do without the server from now on, if it is named in the user's file."""
    entry = user_settings(os.environ).entries.get("remote.url")
    is_in_file = entry is not None and entry.origin == str(config_file())
    return " `herdmate config unset remote.url` goes back to it for good." if is_in_file else ""


async def _start_and_wait(host: EngineHost, start: EngineStart) -> None:
    await host.start(start)
    await host.ready()


def _own(settings: Settings, role: Role) -> EngineStart:
    """This machine's model for a role; what is said of adapters that do not fit it is told."""
    start, _ = first_message(settings, CONTROL_PIECES, 0, role)
    if settings.engine.adapters:
        fit = fitting(settings.engine.adapters, Path(start.path))
        is_alone = role == "completion" and is_apart(settings)
        for note in filter(None, (fit.of_ghost_text,) if is_alone else fit.notes):
            tell(f"herdmate: {in_terminal(note)}")
    return start
