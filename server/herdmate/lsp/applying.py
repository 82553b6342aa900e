"""Edits that the server has the client make."""

from __future__ import annotations

import asyncio

from lsprotocol import types

from herdmate.errors import StaleError
from herdmate.lsp.session import Session

_ANSWER_SECONDS = 10.0  # some clients apply an edit and never answer


async def apply(
    session: Session, edit: types.WorkspaceEdit, title: str, asks_user: bool = False
) -> str | None:
    """Have an edit applied; why it was not, or ``None``.

    ``asks_user``: the client shows it first, for as long as the user likes, who may say no. Raises
    ``StaleError``.
    """
    request = session.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, title))
    try:
        answer = await asyncio.wait_for(request, None if asks_user else _ANSWER_SECONDS)
    except asyncio.TimeoutError:
        return None
    except Exception as error:  # Eglot answers a stale edit with a JSON-RPC error
        raise refusal(str(error)) from error
    if answer.applied or asks_user:
        return None
    return answer.failure_reason or ""


def refusal(reason: str) -> StaleError:
    """What the user is told when the editor made no change, with its reason where it gave one."""
    reason = reason or "the file has changed"
    return StaleError(f"The editor did not apply the change ({reason}); run it again.")
