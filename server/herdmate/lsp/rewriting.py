"""Refactorings: run one, and put its edits into the document as one versioned, undoable step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lsprotocol import types

from herdmate.assist.rewrite import Rewrite, rewrite
from herdmate.errors import RefusedError
from herdmate.lsp.arguments import selection_of
from herdmate.lsp.convert import edits_to_lsp
from herdmate.lsp.progress import progress
from herdmate.lsp.protocol import ActionArguments
from herdmate.lsp.session import Session

_ANNOTATION = "herdmate"
_ANSWER_SECONDS = 10.0  # some clients apply an edit and never answer


async def rewrite_in_place(session: Session, arguments: ActionArguments) -> None:
    """Run a refactoring with progress and apply it. Raises ``HerdmateError``."""
    title = session.library.get(arguments.action).title
    async with progress(session, title) as report, session.thinking():
        done = await run_rewrite(
            session, arguments, lambda count: report(f"{count} characters", None)
        )
    await _apply(session, done, title)


async def run_rewrite(
    session: Session, arguments: ActionArguments, on_progress: Callable[[int], None]
) -> Rewrite:
    """Ask the model for a refactoring. Raises ``HerdmateError``."""
    action = session.library.get(arguments.action)
    selection = selection_of(session, arguments)
    return await rewrite(selection, action, session.companion, arguments.instruction, on_progress)


def rewrite_to_lsp(session: Session, done: Rewrite, title: str) -> types.WorkspaceEdit:
    """A workspace edit that names the document's version.

    Raises ``RefusedError`` when the document has moved on meanwhile.
    """
    document = done.subject.document
    opened = session.documents.get(document.uri)
    if opened.document.text != document.text:
        raise RefusedError(
            "The file changed while the model was working, so nothing was changed; run it again."
        )
    edits = edits_to_lsp(done.edits, opened.lines)
    if not session.capabilities.versioned_edits:
        return types.WorkspaceEdit(changes={document.uri: edits})
    named = types.OptionalVersionedTextDocumentIdentifier(document.uri, opened.document.version)
    if not session.capabilities.annotations:
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(named, list(edits))])
    annotated = [types.AnnotatedTextEdit(_ANNOTATION, edit.range, edit.new_text) for edit in edits]
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(named, list(annotated))],
        change_annotations={_ANNOTATION: types.ChangeAnnotation(title, description="Herdmate")},
    )


async def _apply(session: Session, done: Rewrite, title: str) -> None:
    edit = rewrite_to_lsp(session, done, title)
    request = session.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, title))
    try:
        answer = await asyncio.wait_for(request, _ANSWER_SECONDS)
    except asyncio.TimeoutError:
        return
    except Exception as error:  # Eglot answers a stale edit with a JSON-RPC error
        raise RefusedError(f"The editor did not apply the change: {error}") from error
    if not answer.applied:
        reason = answer.failure_reason or "the file has changed"
        raise RefusedError(f"The editor did not apply the change ({reason}); run it again.")
