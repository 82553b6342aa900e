"""Where the user edits, looks and selects, which counts for ghost text in other files."""

from __future__ import annotations

from lsprotocol import types

from herdmate.context.withheld import reason_to_withhold
from herdmate.lsp.open_document import OpenDocument
from herdmate.lsp.session import Session
from herdmate.text import path_of

_MOST_CHANGES = 16
"""Changes of one message that are looked at; one with more was made by a tool."""


def before_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Note where a document is about to change, and what is cut out of it."""
    changes, uri = params.content_changes, params.text_document.uri
    path, opened = path_of(uri), session.documents.find(uri)
    if path is None or opened is None or not session.settings.completion.related:
        return
    if not 0 < len(changes) <= _MOST_CHANGES:
        return
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            first, last = change.range.start.line, change.range.end.line
            session.project.recent.note_edit(path, first, last, change.text.count("\n"))
    change = changes[0]
    if len(changes) == 1 and isinstance(change, types.TextDocumentContentChangePartial):
        is_cut = not change.text.strip() and change.range.start.line < change.range.end.line
        if is_cut and reason_to_withhold(opened.document, session.project.withheld) is None:
            span = opened.lines.span(change.range)
            session.project.recent.note_cut(path, opened.document.text, span)


def after_looking(session: Session, opened: OpenDocument, row: int) -> None:
    """Note where the user looks or selects."""
    path = path_of(opened.document.uri)
    if path is not None and session.settings.completion.related:
        session.project.recent.note_look(path, row)
