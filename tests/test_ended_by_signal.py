"""Work that a signal ends, and work that ends by itself."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from herdmate.ended_by_signal import exits_on_signal, run


@pytest.mark.skipif(os.name == "nt", reason="there, SIGTERM ends a process at once")
def test_a_signal_ends_the_work_in_order() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)
        finally:
            ended.append("in order")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as exit_:
        run(work())
    assert (exit_.value.code, ended) == (128 + signal.SIGTERM, ["in order"])
    assert signal.getsignal(signal.SIGTERM) == before


def test_work_that_is_cancelled_otherwise_says_so() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(work())


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with exits_on_signal():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
