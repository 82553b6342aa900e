"""The client's settings: given at the start, pulled or pushed later, and applied at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types

from herdmate.bounded_read import is_within
from herdmate.errors import PromptError
from herdmate.lsp import protocol, settings_layers
from herdmate.lsp.client_requests import ask, register, tell
from herdmate.lsp.session import Session
from herdmate.prompting.family_table import family_table
from herdmate.prompting.library import Library, load_library
from herdmate.roles import Role
from herdmate.settings import Settings, camel_case, settings_from_json

_log = logging.getLogger(__name__)

_SILENT = object()


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to follow a change of settings: another ``engine``, an ``index`` not kept so far."""

    engine: bool
    index: bool


def begin(session: Session, options: Any) -> None:
    """Use the settings given at the start.

    Errors are shown once the client is initialized and everything is read again.
    """
    configuration = session.configuration
    configuration.layers = settings_layers.with_initial(configuration.layers, options)
    configuration.settings, _ = settings_from_json(settings_layers.merged(configuration.layers))
    configuration.prompt_folders = _trusted(session)
    configuration.library, _ = _read_prompts(*configuration.prompt_folders)


async def load_prompts(session: Session) -> None:
    """Read the prompt files; an invalid one is reported and the others are used.

    A newer call supersedes an older one, however late the disk answers.
    """
    drop_untrusted_prompts(session)
    await session.tasks.supersede("prompts", _load_prompts(session))


def drop_untrusted_prompts(session: Session) -> None:
    """Stop using the prompts of all workspaces if one is no longer trusted, or no longer open.

    Reads no disk; ``load_prompts`` then finds those that may still be used.
    """
    configuration = session.configuration
    if not set(configuration.prompt_folders) <= set(_trusted(session)):
        others = configuration.library.without_workspace
        configuration.library, configuration.prompt_folders = Library(others, others), ()


async def pull(session: Session) -> Changes:
    """Ask the client for its settings, if it supports that, and apply them."""
    if session.capabilities.configuration:
        item = types.ConfigurationItem(section=settings_layers.SECTION)
        params = types.ConfigurationParams([item])
        told = await ask(session, types.WORKSPACE_CONFIGURATION, params, _first, _SILENT)
        if told is not _SILENT:  # a client that is slow has not removed its settings
            session.configuration.layers = settings_layers.with_pulled(
                session.configuration.layers, told
            )
    return _adopt(session)


def push(session: Session, settings: Any) -> None:
    """Keep settings from a notification; ``pull`` applies them."""
    session.configuration.layers = settings_layers.with_pushed(
        session.configuration.layers, settings
    )


def choose_model(session: Session, name: str, role: Role = "answers") -> None:
    """Use a model for a role in this session, until the settings name another."""
    layers = session.configuration.layers
    session.configuration.layers = settings_layers.with_chosen(layers, name, role)
    _adopt(session)


async def watch(session: Session) -> None:
    """Register for changes of settings with a client that supports that."""
    if session.capabilities.dynamic_configuration:
        name = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        settings = {"section": settings_layers.SECTION}
        await register(session, types.Registration(settings_layers.SECTION, name, settings))


async def change(session: Session, name: str, value: Any, workspace: bool = False) -> None:
    """Have the client change a setting at the user's request; ``None`` removes it."""
    params = {"name": name, "value": value, "workspace": workspace}
    await tell(session, protocol.CONFIGURE, params)


def _adopt(session: Session) -> Changes:
    configuration, before = session.configuration, session.settings
    now, errors = settings_from_json(settings_layers.merged(configuration.layers))
    told = (*configuration.faults, *map(str, errors))
    if news := [sentence for sentence in told if sentence not in configuration.wrong]:
        session.show(" ".join(news), types.MessageType.Warning)
    configuration.settings, configuration.wrong = now, told
    drop_untrusted_prompts(session)
    if changed := list(_changed(before, now)):
        _log.info("settings changed: %s", ", ".join(changed))
    index = now.completion.related and not before.completion.related
    return Changes(_engine_part(before) != _engine_part(now), index)


async def _load_prompts(session: Session) -> None:
    """Another thread reads the files: a workspace can have hundreds."""
    trusted = _trusted(session)
    library, errors = await asyncio.to_thread(_read_prompts, *trusted)
    if trusted != _trusted(session):
        return  # a newer call reads others
    session.configuration.library, session.configuration.prompt_folders = library, trusted
    for error in errors:
        session.show(str(error), types.MessageType.Warning)


def _trusted(session: Session) -> tuple[Path, ...]:
    """The workspace folders that are trusted."""
    return session.folders if session.settings.trust_workspace else ()


def _read_prompts(*trusted: Path) -> tuple[Library, tuple[PromptError, ...]]:
    """The prompt files, those that trusted folders keep included, and what is wrong in any file.

    What is wrong in the user's table of families is among it.
    """
    places = [(folder / ".herdmate" / "prompts", folder) for folder in trusted]
    within = [prompts for prompts, folder in places if is_within(prompts, folder)]
    library, errors = load_library(within)
    return library, (*family_table()[1], *errors)


def _changed(before: Any, now: Any, group: str = "") -> Iterator[str]:
    """The names of changed settings, without their values, which may be private."""
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if is_dataclass(old):
            yield from _changed(old, new, f"{group}{camel_case(field.name)}.")
        elif old != new:
            yield group + camel_case(field.name)


def _first(answer: Any) -> Any:
    return answer[0] if isinstance(answer, list) and answer else None


def _engine_part(settings: Settings) -> object:
    own = settings.completion
    return settings.model, settings.engine, settings.remote, own.model, own.remote_url
