"""The client's settings: given at the start, pulled or pushed later, in force at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.lsp import layers, protocol
from herdmate.lsp.session import Session
from herdmate.settings import Settings, camel_case, settings_from_json

_log = logging.getLogger(__name__)

_ANSWER_SECONDS = 5.0  # some clients never answer a request


async def pull(session: Session) -> bool:
    """Ask the client for its settings where it can be asked, and put them in force.

    Does the engine need a new start?
    """
    if session.capabilities.configuration:
        item = types.ConfigurationItem(section=layers.SECTION)
        request = session.workspace_configuration_async(types.ConfigurationParams([item]))
        try:
            answer = await asyncio.wait_for(request, _ANSWER_SECONDS)
        except asyncio.TimeoutError:
            _log.info("the client does not tell its settings")
        else:
            told = answer[0] if isinstance(answer, list | tuple) and answer else None
            session.layers = layers.with_pulled(session.layers, told)
    return _adopt(session)


def push(session: Session, settings: Any) -> None:
    """Take settings that came with a notification; ``pull`` puts them in force."""
    session.layers = layers.with_pushed(session.layers, settings)


def choose_model(session: Session, name: str) -> None:
    """Use a model in this session, until the settings name another one."""
    session.layers = layers.with_chosen(session.layers, name)
    _adopt(session)


async def watch(session: Session) -> None:
    """Ask a client to tell when settings change, where it wants to be asked."""
    if session.capabilities.dynamic_configuration:
        name = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        registration = types.Registration(layers.SECTION, name, {"section": layers.SECTION})
        try:
            await session.client_register_capability_async(types.RegistrationParams([registration]))
        except JsonRpcException as error:  # a client that cannot do what it announces
            _log.info("the client does not watch settings: %s", error)


async def change(session: Session, name: str, value: Any, workspace: bool = False) -> None:
    """Have the client change a setting because the user said so; ``None`` removes it."""
    params = {"name": name, "value": value, "workspace": workspace}
    await session.protocol.send_request_async(protocol.CONFIGURE, params)


def _adopt(session: Session) -> bool:
    before = session.settings
    session.settings, errors = settings_from_json(layers.merged(session.layers))
    told = tuple(map(str, errors))
    if news := [sentence for sentence in told if sentence not in session.wrong_settings]:
        session.show(" ".join(news), types.MessageType.Warning)
    session.wrong_settings = told
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


def _engine_part(settings: Settings) -> object:
    return settings.model, settings.engine, settings.remote
