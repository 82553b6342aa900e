"""The answer to the command ``herdmate.status``: the status, and what the engine has done."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import Any

from lsprotocol import types

from herdmate.completion.window_size import budget, why_smaller
from herdmate.errors import HerdmateError
from herdmate.lsp.handlers import pausing
from herdmate.lsp.session import Session
from herdmate.lsp.state import RoleModel
from herdmate.lsp.status import state_in_words
from herdmate.prompting.families import described, family_of


async def report(session: Session) -> dict[str, Any]:
    """The status; with a model, also its process and the tokens evaluated since it started.

    What is told of the model that writes ghost text alone is under ``completion``. Where the client
    does not show it, it is also said.
    """
    if session.capabilities.drops_answers:
        status = session.model.status
        sentence = status.message or f"Herdmate: {state_in_words(status)}."
        session.show(sentence, types.MessageType.Info)
    answers, window = await _engine(session.model.answers), await _window(session)
    said = {
        **asdict(session.model.status),
        "silence": str(session.completion.silence or ""),
        **answers,
        **window,
    }
    if session.model.is_apart:
        said["completion"] |= await _engine(session.model.apart)
    return said


async def _engine(model: RoleModel) -> dict[str, Any]:
    if model.status.state in ("ready", "thinking"):
        with contextlib.suppress(HerdmateError):  # it is stopped meanwhile: the status says so
            totals = asdict(await model.host.totals())
            return {
                "engineProcess": model.host.process_id,
                "engine": totals,
                "writing": model.host.latency.writing,  # tokens per second
                **({"family": described(family_of(model.info))} if model.info else {}),
            }
    return {}


async def _window(session: Session) -> dict[str, Any]:
    """How much of the code the model sees, and why, if that is less than the settings say."""
    model, latency = session.model.completion, session.model.completion.host.latency
    if model.status.state not in ("ready", "thinking"):
        return {}
    try:
        info = await model.host.ready()
    except HerdmateError:
        return {}
    before, after = budget(info, session.settings.completion, latency)
    note = why_smaller(info, session.settings, latency)
    return {"window": {"prefixTokens": before, "suffixTokens": after, "note": note}}


def why_nothing(session: Session) -> str:
    """Show and return why the last request for ghost text produced nothing."""
    sentence = sentence_of_silence(session)
    session.show(sentence, types.MessageType.Info)
    return sentence


def sentence_of_silence(session: Session) -> str:
    """Why there is no ghost text now, or there was none, in a sentence for the user."""
    status = session.model.completion.status
    if status.state not in ("ready", "thinking", "sleeping"):
        return status.message or f"Herdmate: {state_in_words(status)}."
    if session.completion.paused_until and pausing.is_paused(session):
        return pausing.ghost_text(session, "").message
    if status.state == "thinking" and session.completion.running():
        return "The model is still working on the last request."
    if session.completion.silence:
        why = session.said(str(session.completion.silence))
        return f"There was no ghost text: {why.rstrip('.')}."
    if session.completion.has_shown:
        return "Ghost text was shown for the last request."
    return "No ghost text has been requested yet."
