"""Ghost text: textDocument/inlineCompletion, and textDocument/completion for older clients."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from lsprotocol import types

from herdmate.completion.complete import Completion, complete
from herdmate.completion.postprocess import Shown
from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.completion.typing_through import part_inside
from herdmate.errors import HerdmateError
from herdmate.lsp.convert import Lines
from herdmate.lsp.handlers import growth, pausing, read_ahead, usage_statistics
from herdmate.lsp.open_document import OpenDocument, has_tree
from herdmate.lsp.parsing import parsed
from herdmate.lsp.session import Session
from herdmate.lsp.status import thinking
from herdmate.text import Cursor, Edit, Span, supposing

_log = logging.getLogger(__name__)

_MENU_SECONDS, _OPENED_MENU_SECONDS = 0.25, 2.0
_ENDS_IN_WORD, _BEGINS_WITH_WORD = re.compile(r"[\w$]\Z"), re.compile(r"[\w$]")
_WORD_BEFORE = re.compile(r"(?<!\w)\w*$")


async def inline_completion(
    session: Session, params: types.InlineCompletionParams
) -> types.InlineCompletionList:
    """The ghost text to show at the cursor; empty if none is worth showing."""
    if (opened := session.documents.find(params.text_document.uri)) is None:
        return _list([])
    if (grown := growth.grown(session, opened, params)) is not None:
        return _again(session, opened, params, grown)
    growth.stop(session, opened.document.uri)
    if (opened := await _parsed(session, opened)) is None:
        return _list([])
    cursor = Cursor(opened.document, opened.lines.offset(params.position))
    if (chosen := params.context.selected_completion_info) is not None:
        return await _after_chosen(session, opened, cursor, chosen)
    place = growth.Place(opened, cursor.offset, cursor)
    found = await _complete_growing(session, place, _is_invoked(params))
    _note_seen(session, cursor, found)
    return _shown(session, opened, cursor, found)


async def completion(session: Session, params: types.CompletionParams) -> types.CompletionList:
    """The same text as an entry in the completion menu.

    A menu waits for all its servers, and some editors wait for the menu. Text that comes too late
    is ready for the request at the next keystroke, or for the same one again. If the user opened
    the menu, in a client where nothing else waits for it, the model is given more time.
    """
    if (opened := session.documents.find(params.text_document.uri)) is None:
        return types.CompletionList(is_incomplete=True, items=[])
    if (opened := await _parsed(session, opened)) is None:
        return types.CompletionList(is_incomplete=True, items=[])
    cursor = Cursor(opened.document, opened.lines.offset(params.position))
    asked_at = _begin(session, cursor)
    asking = session.tasks.keep(_ask(session, cursor, invoked=False))
    try:
        await asyncio.wait({asking}, timeout=_seconds_for_menu(session, params))
    except asyncio.CancelledError:
        asking.cancel()
        raise
    answer = asking.result() if asking.done() else None
    found = _end(session, cursor, answer, asked_at)
    _note_seen(session, cursor, found)
    if not asking.done():
        _note(session, _STILL_ASKED)
        asking.add_done_callback(lambda late: _note_late(session, late))
    commands = usage_statistics.offered(session, cursor, found)
    items = [
        _menu_entry(item, cursor, opened.lines, command)
        for item, command in zip(found, commands, strict=True)
    ]
    return types.CompletionList(is_incomplete=True, items=items)


def inline_completion_to_lsp(
    completion: Completion, lines: Lines, command: types.Command | None = None
) -> types.InlineCompletionItem:
    """A completion as an LSP item; the client runs ``command`` on acceptance."""
    return types.InlineCompletionItem(
        completion.text, range=lines.range(completion.span), command=command
    )


_OTHER_ENTRY = Silence(SilenceReason.OTHER_MENU_ENTRY)
_NO_ROOM = Silence(SilenceReason.NO_ROOM_AFTER_ENTRY)
_NOT_ENTRY = Silence(SilenceReason.NOT_MENU_ENTRY)
_NOT_AWAITED = Silence(SilenceReason.NOT_AWAITED)
_STILL_ASKED = Silence(SilenceReason.MENU_SHOWN_FIRST)
_TOO_LATE = Silence(SilenceReason.LATE_FOR_MENU)

_Answer = tuple[Completion, ...] | Silence | HerdmateError | None
"""``None`` if a newer request has superseded it."""


async def _parsed(session: Session, opened: OpenDocument) -> OpenDocument | None:
    """The document with its tree; ``None`` if a newer request came during the wait for it.

    Otherwise the newer request, which may find the tree at once, could be superseded by the older.
    Without a wait there is no turn for an edit that moves the tree on.
    """
    key = f"parse {opened.document.uri}"
    if has_tree(opened.document):
        session.tasks.stop(key)
        return opened
    return await session.tasks.supersede(key, parsed(session, opened))


async def _complete_growing(
    session: Session, place: growth.Place, invoked: bool
) -> tuple[Completion, ...]:
    cursor, grows = place.cursor, session.capabilities.grows
    asked_at = _begin(session, cursor)
    session.completion.silence = _NOT_AWAITED  # until there is an answer
    answer = await _ask(session, cursor, invoked, grows)
    found = _end(session, cursor, answer, asked_at)
    if answer is None:
        return ()  # the newer request decides where to read ahead
    if not found:
        read_ahead.after_silence(session, cursor)
    elif not (grows and growth.watch(session, place, found[0])):
        read_ahead.after_showing(session, cursor)
    return found


def _begin(session: Session, cursor: Cursor) -> float:
    session.completion.stop_reading_ahead(cursor.document.uri)
    return usage_statistics.after_asking(session, cursor)


async def _ask(session: Session, cursor: Cursor, invoked: bool, grows: bool = False) -> _Answer:
    if not invoked and pausing.is_paused(session):
        return pausing.silence(session)
    settings = usage_statistics.learnt_settings(session)
    thinks = partial(thinking, session, session.model.completion)
    work = complete(cursor, session.completion, settings, invoked, thinks, grows)
    with session.asking_about(cursor.document.uri):
        try:
            return await session.tasks.supersede(f"type {cursor.document.uri}", work)
        except HerdmateError as error:
            return error


def _end(
    session: Session, cursor: Cursor, answer: _Answer, asked_at: float
) -> tuple[Completion, ...]:
    """Record the answer. Errors never disturb typing: they go to the log and the status."""
    usage_statistics.after_answering(session, cursor, answer, asked_at)
    _note(session, answer)
    return answer if isinstance(answer, tuple) else ()


def _note(session: Session, answer: _Answer) -> None:
    """Remember why nothing is shown, in case the user asks."""
    if isinstance(answer, Silence | HerdmateError):
        session.completion.silence = answer
        _log.info("no completion: %s", answer)
    elif answer:
        session.completion.silence = None
        session.completion.has_shown = True


def _note_seen(session: Session, cursor: Cursor, found: Sequence[Completion]) -> None:
    """Remember what is shown, so that it stays while the user types along with it."""
    if found:
        session.completion.cache.note_seen(cursor, found[0].text)


def _note_late(session: Session, late: asyncio.Task[_Answer]) -> None:
    """Note an answer that came too late for the menu."""
    if late.cancelled():
        return
    if (error := late.exception()) is not None:
        _log.error("internal error", exc_info=error)
    else:
        _note(session, _TOO_LATE if isinstance(late.result(), tuple) else late.result())


async def _after_chosen(
    session: Session, opened: OpenDocument, cursor: Cursor, chosen: types.SelectedCompletionInfo
) -> types.InlineCompletionList:
    """Ghost text that begins with the entry selected in the completion menu: others are not shown.

    An entry of which nothing was typed is just the menu's first, so the model is not made to
    continue it. Neither is it asked twice, if it is writing or has written something here.
    """
    span = opened.lines.span(chosen.range)
    typed = opened.document.text[span.start : cursor.offset]
    if not chosen.text.startswith(typed):
        _end(session, cursor, _OTHER_ENTRY, _begin(session, cursor))
        return _list([])
    is_own = span.end == cursor.offset and (not typed or _is_known(session, cursor))
    accept = partial(supposing, opened.document, Edit(span, chosen.text))
    at = cursor if is_own else accept()
    place = growth.Place(opened, cursor.offset, at, chosen.text)
    found = await _complete_growing(session, place, invoked=False)
    if is_own and typed and not found and _is_doubted(session):  # the entry may settle its word
        is_own, at = False, accept()
        found = await _complete_growing(session, replace(place, cursor=at), invoked=False)
    rest = chosen.text.removeprefix(typed) if is_own else ""
    texts = [(it.text, it.span.is_empty) for it in found]
    whole = _with_entry(chosen.text, rest, span, at, texts)
    if found and not whole:
        _note(session, _NO_ROOM if _any_follows(chosen.text, rest, texts) else _NOT_ENTRY)
    _note_seen(session, at, found if whole else ())
    return _shown(session, opened, cursor, whole)


def _is_known(session: Session, cursor: Cursor) -> bool:
    """Has the model written something here, or is it about to?"""
    running = session.completion.in_flight.get(cursor.document.uri)
    is_running = running is not None and running.covers(cursor)
    return is_running or session.completion.cache.get(cursor) is not None


def _is_doubted(session: Session) -> bool:
    """Was something held back because the model was not sure of it?"""
    silence = session.completion.silence
    return isinstance(silence, Silence) and silence.reason is SilenceReason.DOUBTFUL


def _with_entry(
    entry: str, rest: str, span: Span, at: Cursor, found: Sequence[tuple[str, bool]]
) -> list[Completion]:
    """Suggestions, and whether they only add text, together with the entry that they follow.

    They begin with what is left of the entry, ``rest``. Shown with the entry, they can replace
    nothing but the entry.
    """
    texts = [text if adds else part_inside(text, at) for text, adds in found]
    return [
        Completion(entry + text[len(rest) :], span)
        for text in texts
        if _follows(entry, rest, text) and text[len(rest) :].strip()
    ]


def _any_follows(entry: str, rest: str, found: Sequence[tuple[str, bool]]) -> bool:
    return any(_follows(entry, rest, text) for text, _ in found)


def _follows(entry: str, rest: str, text: str) -> bool:
    """Does a text begin with the rest of an entry, and not make another word of its last one?"""
    goes_on = _ENDS_IN_WORD.search(entry) and _BEGINS_WITH_WORD.match(text[len(rest) :])
    return text.startswith(rest) and not goes_on


def _again(
    session: Session, opened: OpenDocument, params: types.InlineCompletionParams, grown: Shown
) -> types.InlineCompletionList:
    """Ghost text that has grown where it is shown."""
    cursor = Cursor(opened.document, opened.lines.offset(params.position))
    if (chosen := params.context.selected_completion_info) is None:
        span = Span(cursor.offset, cursor.offset + grown.reach)
        return _shown(session, opened, cursor, [Completion(grown.text, span, is_cached=True)])
    span = opened.lines.span(chosen.range)
    rest = chosen.text[cursor.offset - span.start :]
    is_own = bool(rest) and grown.text.startswith(rest)
    at = cursor if is_own else supposing(opened.document, Edit(span, chosen.text))
    texts = [(grown.text, not grown.reach)]
    whole = _with_entry(chosen.text, rest if is_own else "", span, at, texts)
    return _shown(session, opened, cursor, whole)


def _shown(
    session: Session, opened: OpenDocument, cursor: Cursor, items: Sequence[Completion]
) -> types.InlineCompletionList:
    commands = usage_statistics.offered(session, cursor, items)
    pairs = zip(items, commands, strict=True)
    return _list([inline_completion_to_lsp(item, opened.lines, command) for item, command in pairs])


def _menu_entry(
    completion: Completion, cursor: Cursor, lines: Lines, command: types.Command | None
) -> types.CompletionItem:
    """A menu entry. Menus filter by the word before the cursor, so it has to begin with that."""
    match = _WORD_BEFORE.search(cursor.line_prefix)
    word = match.group() if match else ""
    text = word + completion.text
    range_ = lines.range(Span(cursor.offset - len(word), completion.span.end))
    return types.CompletionItem(
        label=next((line.strip() for line in text.splitlines() if line.strip()), text),
        label_details=types.CompletionItemLabelDetails(description="Herdmate"),
        kind=types.CompletionItemKind.Text,
        detail="Herdmate",
        documentation=text,
        filter_text=word or text,
        # It is indented already; a client would indent it once more.
        insert_text_mode=types.InsertTextMode.AsIs if "\n" in text or "\r" in text else None,
        text_edit=types.TextEdit(range_, text),
        command=command,
    )


def _seconds_for_menu(session: Session, params: types.CompletionParams) -> float:
    invoked = types.CompletionTriggerKind.Invoked
    is_opened = params.context is not None and params.context.trigger_kind == invoked
    is_patient = is_opened and session.capabilities.waits_for_menu
    return _OPENED_MENU_SECONDS if is_patient else _MENU_SECONDS


def _is_invoked(params: types.InlineCompletionParams) -> bool:
    return params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked


def _list(items: list[types.InlineCompletionItem]) -> types.InlineCompletionList:
    return types.InlineCompletionList(items)
