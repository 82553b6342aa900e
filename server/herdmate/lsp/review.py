"""Changes that the user decides on hunk by hunk, in a client that can show them so."""

from __future__ import annotations

from dataclasses import asdict

from herdmate.actions.edits import hunks
from herdmate.errors import StaleError
from herdmate.lsp import protocol
from herdmate.lsp.apply_edit import why_not_applied
from herdmate.lsp.client_requests import ask
from herdmate.lsp.open_document import OpenDocument
from herdmate.lsp.ranges import range_to_json
from herdmate.lsp.session import Session
from herdmate.text import Document, Edit

_ANSWER_SECONDS = 10.0
_NO_ANSWER = "it did not show the change"


def is_reviewed(session: Session) -> bool:
    """Does the user decide on changes hunk by hunk?"""
    return session.capabilities.review and session.settings.refactor.preview != "never"


async def show_review(
    session: Session, document: Document, edits: tuple[Edit, ...], title: str, note: str = ""
) -> str | None:
    """Have the client show edits of a document for review; return why it did not, or ``None``.

    Raises ``StaleError`` if the document has changed in the meantime.
    """
    opened = unchanged(session, document)
    shown = [
        protocol.ReviewHunk(range_to_json(opened.lines.range(hunk.span)), hunk.new_text)
        for hunk in hunks(document.text, edits)
    ]
    review = protocol.Review(document.uri, opened.document.version, title, note, shown)
    return await ask(
        session, protocol.REVIEW, asdict(review), why_not_applied, _NO_ANSWER, _ANSWER_SECONDS
    )


def unchanged(session: Session, document: Document) -> OpenDocument:
    """The open document, if its text is still this one; raises ``StaleError`` otherwise."""
    opened = session.documents.get(document.uri)
    if opened.document.text != document.text:
        raise StaleError(
            "The file changed while the model was working, so nothing was changed; try again."
        )
    return opened
