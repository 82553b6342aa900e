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
        raise StaleError(f"The editor did not apply the change: {error}") from error
    if answer.applied or asks_user:
        return None
    return answer.failure_reason or ""
