"""Ghost text generations that outlive the requests that started them.

On each keystroke an editor cancels its previous request and sends a new one. The generation under
way is not thrown away: if the user typed what the model is saying, the new request follows it; if
not, it is stopped. A generation without followers is stopped after a moment, unless it was left
running to fill the cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace

from herdmate.completion.asker import Asker, Asking
from herdmate.completion.confidence import confident, marked
from herdmate.completion.cursor_context import cursor_context
from herdmate.completion.postprocess import Shown, finish, is_whole
from herdmate.completion.shape import Shape
from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.completion.syntax_check import sound
from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.completion.typing_through import behind, has_grown, may_say, what_is_left
from herdmate.completion.unfinished import Unfinished
from herdmate.errors import HerdmateError
from herdmate.generation import Finished, Priority, Request
from herdmate.text import Cursor
from herdmate.waiting import wait_until_set

_log = logging.getLogger(__name__)

GRACE = 0.2
"""Seconds an abandoned generation keeps running; the next keystroke's request comes much sooner."""


class InFlight:
    """One generation at one cursor, and the requests that follow it."""

    def __init__(
        self,
        cursor: Cursor,
        shape: Shape,
        check: SyntaxCheck | None,
        on_end: Callable[[Cursor, Shown, Unfinished | None], None],
        asking: Asking = contextlib.nullcontext,
        level: float = 0.0,
        room: Callable[[], int] = lambda: 0,
        begun: Unfinished | None = None,
    ) -> None:
        """``on_end`` receives the finished completion, unless nothing is left of it, and the answer
        if the token limit has cut it off.

        ``level`` is how sure the model must be to show something to someone who did not ask for it.
        ``room``: how many tokens the answer may have in all; where that is more than the request
        asks for, the rest is asked for in the background. ``begun`` is what is known of the answer.
        """
        self._asking = asking
        self._cursor = self._followed_at = cursor
        self._shape, self._check, self._on_end = shape, check, on_end
        self._context = cursor_context(cursor)
        begun = begun or Unfinished()
        self._raw, self._pieces = begun.raw, list(begun.pieces)
        self._room, self._written = room, len(begun.pieces)
        self._is_cut = self._is_ended = False  # by the limit; by the model itself
        self._asked_room = 0
        self._is_past_limit = False  # the rest is being asked for in the background
        self._wished = self._level = level
        self.is_doubtful = False
        """Was something held back at the last look because the model was not sure enough?"""
        self._checked = Shown(""), Shown("")
        self._given = Shown("")  # the most that was shown before the end
        self._is_seen = False  # by who follows it, as far as they have typed along
        self._changes, self._changed = 0, asyncio.Event()
        self._followers = self._joined = 0  # now, and in all
        self._goes_on = False
        self._is_said = False  # the model has finished; its text may still be under check
        self._error: HerdmateError | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        """Has the generation ended?"""
        return self._task is not None and self._task.done()

    @property
    def begun_at(self) -> int:
        """The offset at which it writes."""
        return self._cursor.offset

    @property
    def was_stopped(self) -> bool:
        """Has it been stopped before its end?"""
        return self._task is not None and self._task.cancelled()

    @property
    def is_ended(self) -> bool:
        """Has the model itself ended the answer?"""
        return self._is_ended

    @property
    def written(self) -> Unfinished:
        """What the model has written."""
        return Unfinished(self._raw, tuple(self._pieces))

    def silence(self) -> Silence:
        """Why nothing is left of it to show."""
        if self.is_doubtful:
            return Silence(SilenceReason.DOUBTFUL)
        said, known = self._checked
        breaks_code = bool(said.text) and not known.text
        return Silence(SilenceReason.BREAKS_CODE if breaks_code else SilenceReason.NOTHING_USEFUL)

    def start(self, request: Request, asker: Asker) -> InFlight:
        """Ask the model."""
        self._task = asyncio.create_task(self._run(request, asker))
        # This also runs if it is stopped before it begins; by then it counts as done.
        self._task.add_done_callback(lambda _: self._note_change())
        return self

    def said(self) -> Shown:
        """What is worth showing so far, with the document's line endings."""
        return self._finished(self._raw)

    def _finished(self, raw: str) -> Shown:
        cursor, shape, is_asked = self._cursor, self._shape, self._asked_room > 0
        shown = finish(raw, cursor, shape, self._context, is_asked, self._is_ended)
        return marked(shown or Shown(""), self._pieces)

    def agrees(self, cursor: Cursor) -> bool:
        """Can it still produce what the user has typed since it began, up to ``cursor``?"""
        return not self.is_done and self.covers(cursor)

    def covers(self, cursor: Cursor) -> bool:
        """Has it produced what the user has typed since it began, or could it, had it not ended?"""
        old, new = self._cursor, cursor
        if old.document.uri != new.document.uri or new.offset < old.offset:
            return False
        if new.prefix[: old.offset] != old.prefix:
            return False
        text = self.said().text
        if new.offset > old.offset and not text and self._raw.strip():
            return False  # everything so far would be dropped
        return may_say(text, old, behind(old), new)

    async def follow(
        self, cursor: Cursor, box: float | None, stops_at_once: bool, is_seen: bool = False
    ) -> Shown | None:
        """What to show at ``cursor``; ``None`` if nothing is left or it no longer ``agrees``.

        Everything, if the generation ends within ``box`` seconds (``None`` waits for the end);
        otherwise the lines completed by then, or else the first one to be completed. From then on,
        completed lines are returned at once, and what is shown later begins with them. If the wait
        is cancelled and no other request follows, the model stops, immediately if
        ``stops_at_once``, else after a moment. ``is_seen``: some of it is shown already. Raises
        ``HerdmateError`` if the generation failed.
        """
        self._followers, self._joined = self._followers + 1, self._joined + 1
        self._followed_at, self._is_seen = cursor, is_seen
        self._level = 0.0 if stops_at_once or self._asked_room else self._wished
        ends = asyncio.get_running_loop().time() + box if box is not None else None
        try:
            while not self.is_done and self.agrees(cursor):
                seen = self._changes
                # Lines already shown stay, without another wait.
                has_ended = ends is not None and (
                    self._goes_on or asyncio.get_running_loop().time() >= ends
                )
                shows_lines = has_ended and not self._is_said
                if lines := await self._lines(cursor) if shows_lines else None:
                    self._goes_on = True
                    return lines
                if shows_lines and self._is_past_limit and (begun := await self._begun(cursor)):
                    self._goes_on = True
                    return begun
                await self._wait(seen, ends)
            if self._error is not None:
                raise self._error
            return None if self.was_stopped else await self._begun(cursor)
        finally:
            self._followers -= 1
            if not self._followers and not self.is_done and not self._goes_on:
                loop = asyncio.get_running_loop()
                grace = 0.0 if stops_at_once else GRACE
                loop.call_later(grace, self._stop_if_left, self._joined)

    def allow(self, tokens: int) -> None:
        """Let the answer have at least so many tokens, because the user has asked for it; 0 changes
        nothing."""
        self._asked_room = max(self._asked_room, tokens)

    async def more(self, cursor: Cursor, than: str, at_end: bool = False) -> Shown | None:
        """What to show at ``cursor`` once it has grown beyond the text ``than``.

        ``at_end`` waits for all of it. ``None`` if the generation ends, however it does, without
        producing more.
        """
        self._is_seen = True
        while not self.is_done:
            seen = self._changes
            lines = None if at_end or self._is_said else await self._lines(cursor)
            if has_grown(lines, than):
                return lines
            await self._wait(seen, None)
        if self._task is None or self.was_stopped or self._error is not None:
            return None
        left = await self._begun(cursor)
        return left if has_grown(left, than) else None

    def stop(self) -> None:
        """Stop the model: the answer is no longer wanted."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, request: Request, asker: Asker) -> None:
        try:
            async with self._asking():
                await self._ask(request, asker)
                await self._go_on(request, asker)
            self._is_said = True
            if (shown := await self._sound(self.said())).text:
                self._on_end(self._cursor, shown, self.written if self._is_cut else None)
        except HerdmateError as error:
            self._error = error
        except Exception:
            _log.exception("internal error")
            self._error = HerdmateError(
                "Herdmate had an internal error; please report it with the log."
            )

    async def _ask(self, request: Request, asker: Asker) -> None:
        """Ask for the answer after what is known of it."""
        known, self._is_cut = self._raw, False
        asked = replace(request, prompt=replace(request.prompt, said=known))
        take = lambda said: self._take(known + said)  # noqa: E731
        before = self._written - len(self._pieces)
        await asker.answer(asked, take, self._pieces.append, self._note_end)
        # Not every server counts what it writes.
        self._written = max(self._written, before + len(self._pieces))

    async def _go_on(self, request: Request, asker: Asker) -> None:
        """Ask for the rest of an answer that the token limit has cut off, piece by piece.

        What has been written stays, whatever becomes of the rest. Ends where nothing more comes.
        """
        while self._is_cut and self._written < self._most() and self._is_worth_more():
            self._is_past_limit, known = True, len(self._raw)
            self._note_change()
            urgency = request.priority if self._asked_room else Priority.BACKGROUND
            try:
                await self._ask(replace(request, priority=urgency), asker)
            except HerdmateError as error:
                _log.info("ghost text was not finished: %s", error)
                self._is_cut = True
                return
            if len(self._raw) == known:
                return

    def _most(self) -> int:
        return max(self._room(), self._asked_room)

    def _is_worth_more(self) -> bool:
        """Would lines that the model adds be shown?"""
        said, begun = self.said(), self._cursor
        left = what_is_left(said, begun, behind(begun), self._followed_at) or said
        sure = confident(left, self._level, begun.document.language, self._is_seen)
        return bool(self._asked_room) or (bool(said.text) and sure == left)

    def _note_end(self, finished: Finished) -> None:
        self._written += finished.usage.generated_tokens
        self._is_cut, self._is_ended = finished.reason == "length", finished.reason == "end"

    def _take(self, raw: str) -> bool:
        self._raw = raw
        self._note_change()
        return is_whole(raw, self._cursor, self._shape, self._context)

    def _note_change(self) -> None:
        self._changes += 1
        self._changed.set()

    async def _wait(self, seen: int, ends: float | None) -> None:
        """Wait for more changes than ``seen``, or for the time box to end if it has not yet."""
        if self._changes != seen:  # while the text was being checked
            return
        self._changed.clear()
        left = None if ends is None else ends - asyncio.get_running_loop().time()
        await wait_until_set(self._changed, left if left and left > 0 else None)

    async def _lines(self, cursor: Cursor) -> Shown | None:
        """What is left, after the typed text, of the lines completed so far.

        Lines to which closers were added wait for the rest, because the model may not continue
        with those closers.
        """
        raw = self._raw[: max(self._raw.rfind("\n"), 0)]
        shown = self._finished(raw)
        if not shown.text.startswith((known := await self._sound(shown)).text):
            return None
        if (left := self._left(known, cursor)) is not None:
            self._given = known
        return left

    async def _begun(self, cursor: Cursor) -> Shown | None:
        """What is left of an answer that is longer than the limit, as if it had ended here."""
        return self._left(await self._sound(self.said()), cursor)

    def _left(self, shown: Shown, cursor: Cursor) -> Shown | None:
        begun = self._cursor
        left = what_is_left(shown, begun, behind(begun), cursor)
        self.is_doubtful = False
        if left is None or not left.text.strip():
            return None
        sure = confident(left, self._level, cursor.document.language, self._is_seen)
        self.is_doubtful = sure is None
        return sure

    async def _sound(self, shown: Shown) -> Shown:
        """The part of ``shown`` that breaks nothing; checked again only once it changes.

        Never takes back what was shown before: ghost text only grows.
        """
        checked = self._checked
        if checked[0] != shown:
            checked = self._checked = shown, await sound(shown, self._check)
        known = checked[1]
        return known if known.text.startswith(self._given.text) else self._given

    def _stop_if_left(self, joined: int) -> None:
        """Stop if no other request has followed since so many had; each gets a grace of its own."""
        if joined == self._joined and not self._goes_on:
            self.stop()
