"""Turning ghost text off and on: for an hour by itself, otherwise by the client's settings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from lsprotocol.types import MessageType

from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.completion.trigger import is_switched_off
from herdmate.context.language_ids import names_language
from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import texts_from_lsp, wrong
from herdmate.lsp.handlers.configuration import change
from herdmate.lsp.protocol import GhostText
from herdmate.lsp.session import Session

_HOUR = 3600.0

_BY_PATH = (
    "Ghost text is off for this file because of a pattern in herdmate.completion.disabledIn; "
    "remove it there."
)


def is_paused(session: Session) -> bool:
    """Has the user paused ghost text for an hour?"""
    return session.completion.paused_until > asyncio.get_running_loop().time()


def silence(session: Session) -> Silence:
    """That ghost text is paused, and until when in local time."""
    left = session.completion.paused_until - asyncio.get_running_loop().time()
    end = time.strftime("%H:%M", time.localtime(time.time() + left))
    return Silence(SilenceReason.PAUSED, end)


def ghost_text(session: Session, uri: str) -> GhostText:
    """Does ghost text appear while typing in a document?"""
    settings, opened = session.settings.completion, session.documents.find(uri)
    if is_paused(session):
        return GhostText("paused", _sentence(silence(session)))
    if not settings.enabled:
        return GhostText("off", _sentence(Silence(SilenceReason.DISABLED)))
    if opened is not None and is_switched_off(
        opened.document, settings.disabled_in, session.folders
    ):
        return GhostText("off", _sentence(Silence(SilenceReason.DISABLED_HERE)))
    return GhostText("on")


async def toggle(session: Session, uri: str) -> None:
    """Resume ghost text if it is paused or off in a document; otherwise turn it off everywhere."""
    can_configure, opened = session.capabilities.configure, session.documents.find(uri)
    if is_paused(session):
        await resume(session, "", "")
    elif not can_configure:
        await pause(session, "", "")
    elif not session.settings.completion.enabled:
        await change(session, "completion.enabled", True)
    elif opened is not None and is_off_by_name(session, opened.document.language):
        await resume(session, "language", opened.document.language)
    elif ghost_text(session, uri).state == "off":
        session.show(_BY_PATH, MessageType.Info)
    else:
        await change(session, "completion.enabled", False)


def is_off_by_name(session: Session, language: str) -> bool:
    """Is ghost text off in a language, by an entry that names it and not the paths of files?"""
    entries = session.settings.completion.disabled_in
    return bool(language) and any(names_language(entry, language) for entry in entries)


def tell_of_change(session: Session) -> None:
    """Tell the client that ghost text may have been turned on or off, or have its model now."""
    if session.capabilities.ghost_text:
        session.protocol.notify(protocol.GHOST_TEXT_CHANGED)


def _tell_if_unseen(session: Session) -> None:
    """Say what came of a command where nothing else shows it."""
    if session.capabilities.drops_answers:
        now = ghost_text(session, "").message or "Suggestions appear as you type."
        session.show(now, MessageType.Info)


def _sentence(silence: Silence) -> str:
    return f"Ghost text: {silence}."


def what_from_lsp(arguments: Sequence[Any]) -> tuple[str, str]:
    """What to pause or resume, and in which language; raises ``JsonRpcException``."""
    what, language = texts_from_lsp(arguments, 2)
    if what not in ("", "workspace", "language"):
        raise wrong("The command's first argument must be workspace, language, or omitted.")
    if what == "language" and not language:
        raise wrong("The command's second argument must be a language id.")
    return what, language


async def pause(session: Session, what: str, language: str) -> None:
    """Pause ghost text for an hour, or until resumed in this ``workspace`` or a ``language``."""
    if what == "workspace":
        await change(session, "completion.enabled", False, workspace=True)
    elif what == "language":
        others = _others(session, language)
        await change(session, "completion.disabledIn", [*others, language])
    else:
        loop = asyncio.get_running_loop()
        session.completion.paused_until = loop.time() + _HOUR
        loop.call_later(_HOUR, tell_of_change, session)
        tell_of_change(session)
        _tell_if_unseen(session)


def _others(session: Session, language: str) -> list[str]:
    """The entries of ``completion.disabledIn`` other than this language, however it is named."""
    entries = session.settings.completion.disabled_in
    return [entry for entry in entries if not names_language(entry, language)]


async def resume(session: Session, what: str, language: str) -> None:
    """Resume ghost text."""
    if what == "workspace":
        await change(session, "completion.enabled", None)
    elif what == "language":
        others = _others(session, language)
        await change(session, "completion.disabledIn", others or None)
    else:
        session.completion.paused_until = 0.0
        tell_of_change(session)
        _tell_if_unseen(session)
