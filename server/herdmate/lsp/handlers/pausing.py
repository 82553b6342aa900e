"""Pausing ghost text: for an hour by the server itself, otherwise by the client's settings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.context.language_ids import names_language
from herdmate.lsp.action_arguments import texts_from_lsp, wrong
from herdmate.lsp.handlers.configuration import change
from herdmate.lsp.session import Session

_HOUR = 3600.0


def is_paused(session: Session) -> bool:
    """Has the user paused ghost text for an hour?"""
    return session.completion.paused_until > asyncio.get_running_loop().time()


def silence(session: Session) -> Silence:
    """That ghost text is paused, and until when in local time."""
    left = session.completion.paused_until - asyncio.get_running_loop().time()
    end = time.strftime("%H:%M", time.localtime(time.time() + left))
    return Silence(SilenceReason.PAUSED, end)


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
        session.completion.paused_until = asyncio.get_running_loop().time() + _HOUR


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
