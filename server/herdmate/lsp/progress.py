"""Work-done progress, shown by the client with its own cancel button."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager

from lsprotocol import types

from herdmate.lsp.client_requests import ask
from herdmate.lsp.session import Session

Report = Callable[[str, float | None], None]
"""Shows the user a short message and, if known, a fraction from 0 to 1."""

_ANSWER_SECONDS = 1.0  # some clients never answer a request
_PAUSE_SECONDS = 0.25  # faster updates are unreadable


@asynccontextmanager
async def progress(
    session: Session, title: str, measured: bool = False, last_words: Callable[[], str] = str,
    is_full: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Report]:  # fmt: skip
    """Show progress while the block runs; the cancel button cancels the current task.

    ``measured``: fractions will be reported, so the client can draw a bar, and it is full at the
    end of a block that does not fail, if it ``is_full`` then. ``last_words`` returns what is said
    at the end, if anything.
    """
    token = await _create(session) if session.capabilities.progress else None
    if token is None:
        yield lambda _message, _fraction: None
        return
    shown = session.work_done_progress
    task = asyncio.current_task()
    assert task is not None
    shown.tokens[token] = Future()
    shown.tokens[token].add_done_callback(lambda end: end.cancelled() and task.cancel())
    percentage = 0 if measured else None
    begin = types.WorkDoneProgressBegin(title, cancellable=True, percentage=percentage)
    shown.begin(token, begin)

    def send(message: str, fraction: float | None) -> None:
        percentage = None if fraction is None else int(fraction * 100)
        said = types.WorkDoneProgressReport(
            cancellable=True, message=message, percentage=percentage
        )
        shown.report(token, said)

    report, stop_waiting = _spaced(send)
    try:
        yield report
        if measured and is_full():
            shown.report(token, types.WorkDoneProgressReport(cancellable=True, percentage=100))
    finally:
        stop_waiting()
        shown.end(token, types.WorkDoneProgressEnd(message=last_words() or None))
        shown.tokens.pop(token, None)


def _spaced(send: Report) -> tuple[Report, Callable[[], None]]:
    """Reports that are passed on after a pause, the newest only, and what drops one that waits."""
    loop, last = asyncio.get_running_loop(), 0.0
    waiting: asyncio.TimerHandle | None = None

    def pass_on(message: str, fraction: float | None) -> None:
        nonlocal last
        last = time.monotonic()
        send(message, fraction)

    def stop_waiting() -> None:
        if waiting is not None:
            waiting.cancel()

    def report(message: str, fraction: float | None) -> None:
        nonlocal waiting
        stop_waiting()
        pause = max(last + _PAUSE_SECONDS - time.monotonic(), 0.0)
        waiting = loop.call_later(pause, pass_on, message, fraction) if pause else None
        if not pause:
            pass_on(message, fraction)

    return report, stop_waiting


def counted(report: Report) -> Callable[[int], None]:
    """A callback that reports the tokens generated so far and the seconds since this call."""
    begun = time.monotonic()
    report("reading the code", None)

    def tell(tokens: int) -> None:
        plural = "" if tokens == 1 else "s"
        report(f"{tokens} token{plural}, {time.monotonic() - begun:.0f} s", None)

    return tell


async def _create(session: Session) -> str | None:
    """A token that the client has accepted, or ``None`` if it did not answer."""
    token = str(uuid.uuid4())
    method, params = (
        types.WINDOW_WORK_DONE_PROGRESS_CREATE,
        types.WorkDoneProgressCreateParams(token),
    )
    return await ask(session, method, params, lambda _answer: token, None, _ANSWER_SECONDS)
