"""Ending the server: at the editor's request, on a signal, or because the editor is gone.

In every case the statistics are written, what was shown is removed, the engine ends, and this
process exits soon, even if a thread hangs on an unreachable disk, for which Python would wait.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from concurrent.futures import TimeoutError as NotYetError
from contextlib import ExitStack, suppress

from herdmate.lsp.failures import log_failure
from herdmate.lsp.handlers import usage_statistics
from herdmate.lsp.handlers.shown_documents import forget_shown
from herdmate.lsp.session import Session

_log = logging.getLogger(__name__)

_SECONDS = 1.0
"""Time for tidying up; the engine ends by itself once this process has."""

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def end_in_order(session: Session, at_end: ExitStack) -> None:
    """Make signals shut the server down in order; call this on the main thread."""
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda _number, _frame: _end_soon(session, at_end))


async def tidy_up(session: Session, at_end: ExitStack) -> None:
    """Write the statistics, remove temporary files, close ``at_end`` and end the engine."""
    try:
        at_end.close()
    finally:
        await finish(session)


async def finish(session: Session) -> None:
    """Write the statistics, remove temporary files and end the engine.

    The disk is used on threads, and not waited for beyond ``_SECONDS``.
    """
    work = {asyncio.ensure_future(usage_statistics.finish(session)),
            asyncio.ensure_future(asyncio.to_thread(forget_shown))}  # fmt: skip
    await session.end()
    done, late = await asyncio.wait(work, timeout=_SECONDS)
    for task in done:
        if (error := task.exception()) is not None:
            log_failure("shutdown", error)
    if late:
        _log.warning("the disk is not responding; the server exits anyway")


def _end(session: Session, at_end: ExitStack) -> None:
    """Tidy up and end this process; call this on a thread other than the event loop's."""
    try:
        if session.tasks.loop is not None:
            tidying = asyncio.run_coroutine_threadsafe(tidy_up(session, at_end), session.tasks.loop)
            tidying.result(_SECONDS)
    except (NotYetError, asyncio.TimeoutError):
        _log.warning("a task hangs; the server exits anyway")
    except BaseException:  # nothing must keep this process alive
        _log.exception("internal error")
    finally:
        with suppress(Exception):
            at_end.close()
        os._exit(0)


def _end_soon(session: Session, at_end: ExitStack) -> None:
    """End on another thread, as the event loop may be busy or hang."""
    threading.Thread(target=_end, args=(session, at_end), name="end", daemon=True).start()
