"""Edits that the server asks the client to apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsprotocol import types

from herdmate.errors import StaleError
from herdmate.lsp.client_requests import ask
from herdmate.lsp.open_document import OpenDocument
from herdmate.lsp.session import Session

_ANSWER_SECONDS = 10.0  # some clients apply an edit and never answer
_MOST_SHOWN = 200
"""Characters kept of the client's reason."""


async def apply(
    session: Session, edit: types.WorkspaceEdit, title: str, asks_user: bool = False
) -> str | None:
    """Have the client apply an edit; return why it did not, or ``None``.

    ``asks_user``: the client shows the edit first. The user can take as long as they like, and
    declining is not a failure. Raises ``StaleError`` if the client answers with an error. A client
    that gives no usable answer is assumed to have applied the edit.
    """

    def why_not(answer: Any) -> str | None:
        return None if asks_user else why_not_applied(answer)

    def fail(reason: str) -> str | None:  # Eglot answers a stale edit with a JSON-RPC error
        raise refusal(reason[:_MOST_SHOWN])

    params = types.ApplyWorkspaceEditParams(edit, title)
    seconds = None if asks_user else _ANSWER_SECONDS
    method = types.WORKSPACE_APPLY_EDIT
    return await ask(session, method, params, why_not, None, seconds, fail)


def workspace_edit(
    session: Session, opened: OpenDocument, edits: Sequence[types.TextEdit]
) -> types.WorkspaceEdit:
    """Edits of an open document, for its present version alone if the client can tell."""
    document = opened.document
    if not session.capabilities.versioned_edits:
        return types.WorkspaceEdit(changes={document.uri: list(edits)})
    named = types.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(named, list(edits))])


def why_not_applied(answer: Any) -> str | None:
    """The reason in an answer to workspace/applyEdit; ``None`` if the edit was applied."""
    if answer["applied"] is not False:
        return None
    return str(answer.get("failureReason") or "")[:_MOST_SHOWN]


def refusal(reason: str) -> StaleError:
    """The error to show if the editor made no change, with the editor's reason if it gave one."""
    reason = reason or "the file has changed"
    return StaleError(f"The editor did not apply the change ({reason}); try again.")
