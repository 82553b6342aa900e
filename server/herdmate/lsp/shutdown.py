"""The end of the server: asked for by the editor, by a signal, or because the editor is gone.

However it comes, what was counted is written, the engine ends, and so does this process, soon: also
where a thread hangs on a disk that is gone, for which Python would wait.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from concurrent.futures import TimeoutError as NotYetError

from herdmate.lsp.handlers import usage_statistics
from herdmate.lsp.session import Session

_log = logging.getLogger(__name__)

_SECONDS = 1.0
"""To tidy up in; the engine ends by itself when this process has."""

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def end_in_order(session: Session) -> None:
    """From now on signals end the server in order; to be called in the main thread."""
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, lambda _number, _frame: _end_soon(session))


async def tidy_up(session: Session) -> None:
    """Write what was counted, and end the engine."""
    try:
        usage_statistics.finish(session)
    finally:
        await session.end()


def _end(session: Session) -> None:
    """Tidy up and end this process; to be called in a thread beside the event loop's."""
    try:
        if session.loop is not None:
            tidying = asyncio.run_coroutine_threadsafe(tidy_up(session), session.loop)
            tidying.result(_SECONDS)
    except (NotYetError, asyncio.TimeoutError):
        _log.warning("something hangs; the server ends all the same")
    except BaseException:  # whatever it is, it must not keep this process
        _log.exception("internal error")
    finally:
        os._exit(0)


def _end_soon(session: Session) -> None:
    """The event loop may be in the middle of something, or hang."""
    threading.Thread(target=_end, args=(session,), name="end", daemon=True).start()
