"""After a fix: is the problem still reported? Then the user can undo it or have another tried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from lsprotocol import types

from herdmate.actions.action_input import ActionInput, short_message
from herdmate.actions.edits import smallest_edits
from herdmate.actions.rewrite import Rewrite
from herdmate.errors import StaleError
from herdmate.lsp.action_arguments import ActionRequest, request_of
from herdmate.lsp.apply_edit import apply, workspace_edit
from herdmate.lsp.client_requests import ask
from herdmate.lsp.convert import edits_to_lsp
from herdmate.lsp.diagnostics import all_diagnostics
from herdmate.lsp.session import Session
from herdmate.printable import as_message
from herdmate.text import Span, apply_edits

_WAITS = (1.0, 2.0, 3.0)
"""Seconds between looks: a tool takes a moment to read the code again."""

_LOOK_SECONDS, _MOST_LOOKS = 0.25, 10
_MOST_LOOKS_AT_A_REVIEW = 1200
"""The user may take five minutes to accept a fix that is shown for review."""

_ANOTHER = "Try another fix"
_UNDO = "Undo"

Again = Callable[[Session, ActionRequest], Coroutine[Any, Any, None]]


def can_follow_up(session: Session, request: ActionRequest) -> bool:
    """Is the action about problems, and can the client say which ones are left?"""
    able = session.capabilities
    return bool(request.action_input.problems) and able.diagnostics and able.show_message_request


async def follow_up(session: Session, request: ActionRequest, done: Rewrite, again: Again) -> None:
    """Ask what to do about a fix whose problem is still reported some seconds later.

    Ends without asking if the document changes or is closed meanwhile. ``again`` runs a request;
    the code that did not help is not suggested a second time. Raises ``HerdmateError``.
    """
    before = done.target.document
    after = apply_edits(before.text, done.edits)
    if not await _becomes(session, before.uri, after, _MOST_LOOKS_AT_A_REVIEW):
        return
    if not await _is_still_reported(session, request, done, after):
        return
    said = f"“{short_message(request.action_input.problems[0])}” is still reported after the fix."
    answer = await _choice(session, said)
    opened = session.documents.find(before.uri)
    if answer is None or opened is None:
        return
    if opened.document.text != after:
        raise StaleError("The file has changed since the fix, so it was not undone.")
    edits = edits_to_lsp(smallest_edits(after, before.text), opened.lines)
    edit = workspace_edit(session, opened, edits)
    if (refused := await apply(session, edit, _UNDO)) is not None:
        raise StaleError(f"The fix was not undone ({refused or 'the editor declined'}).")
    if answer == _ANOTHER and await _becomes(session, before.uri, before.text, _MOST_LOOKS):
        await again(session, _other(session, request, after))


async def _becomes(session: Session, uri: str, text: str, looks: int) -> bool:
    """Wait until a document has a text; false once it is closed or after so many looks."""
    for _ in range(looks):
        opened = session.documents.find(uri)
        if opened is None or opened.document.text == text:
            return opened is not None
        await asyncio.sleep(_LOOK_SECONDS)
    return False


def _other(session: Session, request: ActionRequest, after: str) -> ActionRequest:
    """The same request, for the document as it was before, with what did not help."""
    arguments = replace(request.arguments, version=None)
    found = request_of(session, arguments, request.action)
    rejected = (*request.action_input.rejected, after)
    return replace(found, action_input=replace(found.action_input, rejected=rejected))


async def _is_still_reported(
    session: Session, request: ActionRequest, done: Rewrite, after: str
) -> bool:
    """Does the last look find the problem in the fixed code? False once there is other code."""
    span, wanted = done.target.span, _names(request.action_input)
    fixed = Span(span.start, span.end + len(after) - len(done.target.document.text))
    for seconds in _WAITS:
        await asyncio.sleep(seconds)
        opened = session.documents.find(done.target.document.uri)
        if opened is None or opened.document.text != after:
            return False
        found = await all_diagnostics(session, opened, fixed)
        if not wanted & _names(ActionInput(problems=found)):
            return False
    return True


def _names(given: ActionInput) -> set[tuple[str, str, str]]:
    return {(item.message, item.code, item.source) for item in given.problems}


async def _choice(session: Session, sentence: str) -> str | None:
    """The button that the user pressed; ``None`` if none."""
    buttons = [types.MessageActionItem(title) for title in (_ANOTHER, _UNDO)]
    kind = types.MessageType.Warning
    params = types.ShowMessageRequestParams(kind, as_message(sentence), buttons)

    def pressed(answer: Any) -> str | None:
        title = answer.get("title") if isinstance(answer, dict) else None
        return title if title in (_ANOTHER, _UNDO) else None

    method = types.WINDOW_SHOW_MESSAGE_REQUEST
    return await ask(session, method, params, pressed, None, seconds=None)
