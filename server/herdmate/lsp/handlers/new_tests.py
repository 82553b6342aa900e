"""Tests in a new file: written by the model, created by the client, never overwriting a file."""

from __future__ import annotations

from lsprotocol import types

from herdmate.actions.write_tests import NewFile, check_place, write_tests
from herdmate.errors import RefusedError
from herdmate.lsp.action_arguments import ActionRequest, selection_of
from herdmate.lsp.apply_edit import apply
from herdmate.lsp.handlers.shown_documents import show_document
from herdmate.lsp.progress import counted, progress
from herdmate.lsp.session import Session
from herdmate.lsp.status import thinking
from herdmate.text import folder_of, path_of


async def write_tests_beside(session: Session, request: ActionRequest) -> None:
    """Have the model write tests, and show the new file. Raises ``HerdmateError``."""
    action, path = request.action, path_of(request.arguments.uri)
    selection = await selection_of(session, request)
    root = folder_of(path, session.folders) if path else None
    async with progress(session, action.title) as report, thinking(session, session.model.answers):
        found = await write_tests(selection, action, session.action_context, root, counted(report))
    check_place(found.path, path or found.path, root)
    edit = _edit(found)
    if (refused := await apply(session, edit, action.title)) is not None:
        reason = refused or "it may already exist"
        raise RefusedError(f"The editor did not create {found.path.name} ({reason}).")
    if found.note:
        session.show(found.note, types.MessageType.Info)
    if session.capabilities.show_document:
        await show_document(session, found.path.as_uri())


def _edit(found: NewFile) -> types.WorkspaceEdit:
    uri, start = found.path.as_uri(), types.Position(0, 0)
    options = types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
    new = types.CreateFile(uri, options=options)
    named = types.OptionalVersionedTextDocumentIdentifier(uri)
    text = types.TextDocumentEdit(named, [types.TextEdit(types.Range(start, start), found.text)])
    return types.WorkspaceEdit(document_changes=[new, text])
