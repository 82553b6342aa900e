"""When documents are parsed: in the background, after a pause, or before a request goes on."""

from __future__ import annotations

import asyncio
from functools import partial

from herdmate.lsp.open_document import OpenDocument, has_tree, without_tree
from herdmate.lsp.session import Session

_PAUSE = 0.3
"""Seconds without a keystroke."""


def parse_soon(session: Session) -> None:
    """Continue long parses in the background, a slice at a time."""
    session.tasks.unless_running("parse", lambda: session.tasks.keep(_parse(session)))


def refresh_soon(session: Session) -> None:
    """Parse what was typed in long files once typing pauses."""
    session.tasks.after_pause("refresh", _PAUSE, partial(_refresh, session))


async def parsed(session: Session, opened: OpenDocument, with_edits: bool = False) -> OpenDocument:
    """The document that a request is about, once it has its tree.

    ``with_edits``: the tree has to include the latest edits of a long file. If the document
    was edited in the meantime, this is the version in the request, without a tree.
    """
    if has_tree(opened.document) and not with_edits:
        return opened
    uri = opened.document.uri
    while (rest := session.documents.parse_on(uri)) is not None:  # noqa: ASYNC110 - yields to others
        await asyncio.sleep(rest)
    now = session.documents.find(uri)
    is_same = now is not None and now.document.text == opened.document.text
    return now if now is not None and is_same else without_tree(opened)


def _refresh(session: Session) -> None:
    session.documents.refresh_all()
    parse_soon(session)


async def _parse(session: Session) -> None:
    while (rest := session.documents.parse_on()) is not None:  # noqa: ASYNC110 - yields to others
        await asyncio.sleep(rest)
