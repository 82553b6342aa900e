"""Generations of ghost text that go on while their requests come and go.

At each keystroke an editor gives up the request before and asks again. What the model is saying
meanwhile is not thrown away: if the user typed what it says, the new request follows the same
generation; if not, that is stopped. One that nobody follows any more is stopped after a moment,
unless it was left to run on into the cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from herdmate.completion.postprocess import Shown, finish, is_whole
from herdmate.completion.syntax_check import SyntaxCheck, sound
from herdmate.completion.typing_through import behind, may_say, what_is_left
from herdmate.errors import HerdmateError
from herdmate.generation import Request
from herdmate.text import Cursor

_log = logging.getLogger(__name__)

GRACE = 0.2
"""Seconds that an abandoned generation runs on: the next keystroke's request comes much sooner."""


Asking = Callable[[], AbstractAsyncContextManager[None]]
"""Entered while the model is asked."""


class Asker(Protocol):
    """Who can ask the model: the engine's host."""

    async def answer(
        self, request: Request, is_enough: Callable[[str], bool] = lambda _: False
    ) -> str:
        """The whole text; ``is_enough`` is told the text so far and stops the model."""


class InFlight:
    """One generation at one cursor, and those who wait for it."""

    def __init__(
        self,
        cursor: Cursor,
        multiline: bool,
        check: SyntaxCheck | None,
        on_end: Callable[[Cursor, Shown], None],
        asking: Asking = contextlib.nullcontext,
    ) -> None:
        """``on_end`` is told the whole completion, if anything is left of it."""
        self._asking = asking
        self._cursor, self._multiline, self._check, self._on_end = cursor, multiline, check, on_end
        self._raw = ""
        self._checked = Shown(""), Shown("")
        self._grown = asyncio.Event()
        self._followers = 0
        self._goes_on = False
        self._error: HerdmateError | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        """Has it come to its end?"""
        return self._task is not None and self._task.done()

    def start(self, request: Request, asker: Asker) -> InFlight:
        """Ask the model."""
        self._task = asyncio.create_task(self._run(request, asker))
        return self

    def said(self) -> Shown:
        """What is worth showing so far, with the document's line ends."""
        return finish(self._raw, self._cursor, self._multiline) or Shown("")

    def agrees(self, cursor: Cursor) -> bool:
        """May it still say what was typed since it began? Asked of another place of the text."""
        old, new = self._cursor, cursor
        if self.is_done or old.document.uri != new.document.uri or new.offset < old.offset:
            return False
        if new.prefix[: old.offset] != old.prefix:
            return False
        text = self.said().text
        if new.offset > old.offset and not text and self._raw.strip():
            return False  # so far all of it would be dropped
        return may_say(text, old, behind(old), new)

    async def follow(self, cursor: Cursor, box: float, stops_at_once: bool) -> Shown | None:
        """What to show at a cursor that it ``agrees`` with; ``None`` when it does not any more.

        All of it where it ends within ``box`` seconds (0 waits for the end), else the whole lines
        that are there by then, at least one; from then on those that are there are given at once.
        When the waiting is cancelled and nobody else waits, the model stops ``at_once`` or after a
        moment. Raises ``HerdmateError``.
        """
        self._followers += 1
        ends = asyncio.get_running_loop().time() + box if box else None
        try:
            while not self.is_done and self.agrees(cursor):
                # What was shown already stays, without another wait.
                has_ended = ends is not None and (
                    self._goes_on or asyncio.get_running_loop().time() >= ends
                )
                if lines := self._rest(cursor, whole_lines=True) if has_ended else None:
                    self._goes_on = True
                    return lines
                await self._wait(ends)
            if self._error is not None:
                raise self._error
            if self._task is not None and self._task.cancelled():
                return None
            return self._rest(cursor, whole_lines=False)
        finally:
            self._followers -= 1
            if not self._followers and not self.is_done and not self._goes_on:
                loop = asyncio.get_running_loop()
                loop.call_later(0.0 if stops_at_once else GRACE, self._stop_if_left)

    def stop(self) -> None:
        """Nobody wants it; the model stops."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, request: Request, asker: Asker) -> None:
        try:
            async with self._asking():
                await asker.answer(request, self._take)
            if (shown := self._sound(self.said())).text:
                self._on_end(self._cursor, shown)
        except HerdmateError as error:
            self._error = error
        except Exception:
            _log.exception("internal error")
            self._error = HerdmateError(
                "Herdmate met an internal error; its log says more. Please report it."
            )
        finally:
            # Those who wait look again once this task counts as done.
            asyncio.get_running_loop().call_soon(self._grown.set)

    def _take(self, raw: str) -> bool:
        self._raw = raw
        self._grown.set()
        return is_whole(raw, self._cursor, self._multiline)

    async def _wait(self, ends: float | None) -> None:
        """Until there is more, or the box ends; once it has ended, until there is more."""
        self._grown.clear()
        left = None if ends is None else ends - asyncio.get_running_loop().time()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._grown.wait(), left if left and left > 0 else None)

    def _rest(self, cursor: Cursor, whole_lines: bool) -> Shown | None:
        """What is left behind what was typed; the last line only where it is whole."""
        shown = self.said()
        if whole_lines:
            text = shown.text[: max(shown.text.rfind("\n"), 0)].removesuffix("\r")
            shown = Shown(text)
        begun = self._cursor
        left = what_is_left(self._sound(shown), begun, behind(begun), cursor)
        return left if left and left.text.strip() else None

    def _sound(self, shown: Shown) -> Shown:
        """What of it breaks nothing; looked at again only when there is more."""
        if self._checked[0] != shown:
            self._checked = shown, sound(shown, self._check)
        return self._checked[1]

    def _stop_if_left(self) -> None:
        if not self._followers and not self._goes_on:
            self.stop()
