"""Refactorings: run one, and apply its edits as one versioned, undoable step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lsprotocol import types

from herdmate.actions.edits import moved
from herdmate.actions.offers import title_of
from herdmate.actions.rewrite import Rewrite, rewrite_target
from herdmate.actions.target import resolve_target
from herdmate.errors import StaleError
from herdmate.lsp.action_arguments import ActionRequest, request_of, selection_of
from herdmate.lsp.apply_edit import apply, refusal, workspace_edit
from herdmate.lsp.convert import edits_to_lsp
from herdmate.lsp.diagnostics import all_diagnostics
from herdmate.lsp.handlers.after_fix import can_follow_up, follow_up
from herdmate.lsp.handlers.new_tests import write_tests_beside
from herdmate.lsp.handlers.shown_documents import agrees
from herdmate.lsp.progress import counted, progress
from herdmate.lsp.ranges import range_to_json
from herdmate.lsp.review import is_reviewed, show_review, unchanged
from herdmate.lsp.session import Session
from herdmate.lsp.status import thinking
from herdmate.text import Selection

_ANNOTATION = "herdmate"
_AGAIN = "Run again"


async def rewrite_in_place(session: Session, request: ActionRequest) -> None:
    """Run a refactoring with progress and apply it. Raises ``HerdmateError``.

    If the document has changed in the meantime, asks the user whether to run it again.
    """
    with session.asking_about(request.arguments.uri):
        if request.action.kind == "tests":
            await write_tests_beside(session, request)
        else:
            await _rewrite_until_applied(session, request)


async def _rewrite_until_applied(session: Session, request: ActionRequest) -> None:
    while True:
        # Resolved first: the user may type until the client has agreed to show progress.
        selection = await selection_of(session, request)
        title = title_of(request.action, request.action_input)
        async with progress(session, title) as report, thinking(session, session.model.answers):
            done = await run_rewrite(session, request, selection, counted(report))
        try:
            await apply_rewrite(session, done, title)
            if done.reasons:
                session.show(done.reasons, types.MessageType.Info)
            if can_follow_up(session, request):
                session.spawn(follow_up(session, request, done, rewrite_in_place))
            return
        except StaleError as error:
            if not session.capabilities.show_message_request:
                raise
            if not await agrees(session, session.said(str(error)), _AGAIN):
                return
        request = _moved(session, request, done)


async def run_rewrite(
    session: Session,
    request: ActionRequest,
    selection: Selection,
    on_progress: Callable[[int], None],
) -> Rewrite:
    """Ask the model for a refactoring of the selection. Raises ``HerdmateError``."""
    action, action_input = request.action, replace(request.action_input, selected=selection.text)
    target = resolve_target(selection, action.works_on == "definition")
    if "diagnostics" in action.needs:
        found = await all_diagnostics(session, request.opened, target.span)
        action_input = replace(action_input, problems=found or action_input.problems)
    return await rewrite_target(target, action, session.action_context, action_input, on_progress)


def rewrite_to_lsp(session: Session, done: Rewrite, title: str) -> types.WorkspaceEdit:
    """A workspace edit that names the document's version, annotated if it has to be confirmed.

    Without that, an annotation only adds to what an editor prints: in Neovim, one line too many.
    Raises ``StaleError`` if the document has changed in the meantime.
    """
    document, opened = done.target.document, unchanged(session, done.target.document)
    edits = edits_to_lsp(done.edits, opened.lines)
    if not (session.capabilities.versioned_edits and _is_previewed(session, done)):
        return workspace_edit(session, opened, edits)
    named = types.OptionalVersionedTextDocumentIdentifier(document.uri, opened.document.version)
    annotated = [types.AnnotatedTextEdit(_ANNOTATION, edit.range, edit.new_text) for edit in edits]
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(named, list(annotated))],
        change_annotations={_ANNOTATION: _annotation(done, title)},
    )


def _annotation(done: Rewrite, title: str) -> types.ChangeAnnotation:
    """The edit's title, and what the user should know before confirming it."""
    about = "Herdmate: callers may have to change too" if done.touches_callers else "Herdmate"
    about = f"{about}. {done.reasons}" if done.reasons else about
    return types.ChangeAnnotation(title, needs_confirmation=True, description=about)


def _is_previewed(session: Session, done: Rewrite) -> bool:
    """Does a client without reviews show this change first?"""
    preview = session.settings.refactor.preview
    wanted = done.touches_callers if preview == "auto" else preview == "always"
    return wanted and session.capabilities.annotations


def _moved(session: Session, request: ActionRequest, done: Rewrite) -> ActionRequest:
    """The same request for the document as it is now."""
    opened = session.documents.get(request.arguments.uri)
    now = moved(done.target.span, done.target.document.text, opened.document.text)
    range_ = range_to_json(opened.lines.range(now))
    arguments = replace(request.arguments, range=range_, version=opened.document.version)
    return request_of(session, arguments, request.action)


async def apply_rewrite(session: Session, done: Rewrite, title: str) -> None:
    """Have the client make a change, or let the user review it first.

    Raises ``StaleError`` if the document has changed in the meantime.
    """
    if is_reviewed(session):
        note = "callers may have to change too" if done.touches_callers else ""
        refused = await show_review(session, done.target.document, done.edits, title, note)
    else:
        edit = rewrite_to_lsp(session, done, title)
        refused = await apply(session, edit, title, _is_previewed(session, done))
    if refused is not None:
        raise refusal(refused)
