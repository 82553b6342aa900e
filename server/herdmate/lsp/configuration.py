"""The client's settings: given at the start, pulled or pushed later, in force at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from lsprotocol import types

from herdmate.lsp import protocol
from herdmate.lsp.asking import ask, register, tell
from herdmate.lsp.session import Session
from herdmate.settings import Settings, camel_case, settings_from_json

_log = logging.getLogger(__name__)

_SECTION = "herdmate"


async def pull(session: Session) -> bool:
    """Ask the client for its settings where it can be asked, and put them in force.

    Does the engine need a new start?
    """
    if session.capabilities.configuration:
        item = types.ConfigurationItem(section=_SECTION)
        params = types.ConfigurationParams([item])
        answer = await ask(session, types.WORKSPACE_CONFIGURATION, params, _first, None)
        _wish(session, answer)
    return _adopt(session)


def push(session: Session, settings: Any) -> None:
    """Take settings that came with a notification, with or without our name around them."""
    if not isinstance(settings, Mapping):
        return
    if _SECTION in settings:
        _wish(session, settings[_SECTION])
    else:  # what is not ours may be another server's
        _wish(session, {name: settings[name] for name in _names() & settings.keys()})


async def watch(session: Session) -> None:
    """Ask a client to tell when settings change, where it wants to be asked."""
    if session.capabilities.dynamic_configuration:
        name = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        await register(session, types.Registration(_SECTION, name, {"section": _SECTION}))


async def change(session: Session, name: str, value: Any, workspace: bool = False) -> None:
    """Have the client change a setting because the user said so; ``None`` removes it."""
    params = {"name": name, "value": value, "workspace": workspace}
    await tell(session, protocol.CONFIGURE, params)


def _adopt(session: Session) -> bool:
    before = session.settings
    session.settings, errors = settings_from_json(session.wishes)
    for error in errors:
        session.show(str(error), types.MessageType.Warning)
    if changed := list(_changed(before, session.settings)):
        _log.info("settings changed: %s", ", ".join(changed))
    return _engine_part(before) != _engine_part(session.settings)


def _changed(before: Any, now: Any, group: str = "") -> Iterator[str]:
    """Names only: a value may be nobody else's business."""
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if is_dataclass(old):
            yield from _changed(old, new, f"{group}{camel_case(field.name)}.")
        elif old != new:
            yield group + camel_case(field.name)


def _names() -> set[str]:
    return {camel_case(field.name) for field in fields(Settings)}


def _first(answer: Any) -> Any:
    return answer[0] if isinstance(answer, list) and answer else None


def _wish(session: Session, settings: Any) -> None:
    if isinstance(settings, Mapping):
        session.wishes |= settings


def _engine_part(settings: Settings) -> object:
    return settings.model, settings.engine, settings.remote
