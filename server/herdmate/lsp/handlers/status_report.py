"""The answer to the command ``herdmate.status``: the status, and what the engine has done."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import Any

from lsprotocol import types

from herdmate.completion.complete import budget, why_smaller
from herdmate.errors import HerdmateError
from herdmate.lsp.session import Session
from herdmate.lsp.status import state_in_words


async def report(session: Session) -> dict[str, Any]:
    """The status; with a model, also its process and the tokens evaluated since it started."""
    engine: dict[str, Any] = {}
    if session.model.answers.status.state in ("ready", "thinking"):
        with contextlib.suppress(HerdmateError):  # it is stopped meanwhile: the status says so
            engine = await _engine(session)
    return {
        **asdict(session.model.status),
        "silence": str(session.completion.silence or ""),
        **engine,
    }


async def _engine(session: Session) -> dict[str, Any]:
    return {
        "engineProcess": session.model.answers.host.process_id,
        "engine": asdict(await session.model.answers.host.totals()),
        "writing": session.model.answers.host.latency.writing,  # tokens per second
        "window": await _window(session),
    }


async def _window(session: Session) -> dict[str, Any]:
    """How much of the code the model sees, and why, if that is less than the settings say."""
    host = session.model.completion.host
    info, latency = await host.ready(), host.latency
    before, after = budget(info, session.settings.completion, latency)
    note = why_smaller(info, session.settings, latency)
    return {"prefixTokens": before, "suffixTokens": after, "note": note}


def why_nothing(session: Session) -> str:
    """Show and return why the last request for ghost text produced nothing."""
    sentence = sentence_of_silence(session)
    session.show(sentence, types.MessageType.Info)
    return sentence


def sentence_of_silence(session: Session) -> str:
    """Why the last request for ghost text produced nothing, in a sentence for the user."""
    status = session.model.completion.status
    if status.state not in ("ready", "thinking", "sleeping"):
        return status.message or f"Herdmate: {state_in_words(status)}."
    if session.completion.silence:
        return f"There was no ghost text: {str(session.completion.silence).rstrip('.')}."
    return "The last request was answered with ghost text, or there has not been one yet."
