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
async def progress(session: Session, title: str, measured: bool = False) -> AsyncIterator[Report]:
    """Show progress while the block runs; the cancel button cancels the current task.

    ``measured``: fractions will be reported, so the client can draw a bar.
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
    last = 0.0

    def report(message: str, fraction: float | None) -> None:
        nonlocal last
        now = time.monotonic()
        percentage = None if fraction is None else int(fraction * 100)
        if now - last >= _PAUSE_SECONDS:
            last = now
            said = types.WorkDoneProgressReport(
                cancellable=True, message=message, percentage=percentage
            )
            shown.report(token, said)

    try:
        yield report
    finally:
        shown.end(token, types.WorkDoneProgressEnd())
        shown.tokens.pop(token, None)


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
