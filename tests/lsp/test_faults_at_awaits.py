"""One fault at each place where a request waits: there is an answer, and work goes on.

A run of each request finds the places: the lines of the server at which any of its tasks waits
until the answer is there, the first times that it does so, since within generators a line stands
for several. Then each fault comes at each of them. Each run begins cold, with no token counted and
a parser that takes its time, so that it waits where the first one did. The engine's death costs a
new process each time, so it comes only at some; ``HERDMATE_LONG=1``: at all.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import shutil
import time
import types as python
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

import herdmate
from herdmate.context import syntax
from herdmate.lsp.handlers import usage_statistics
from herdmate.token_counts import TokenCounts
from herdmate.usage.statistics_file import StatisticsFile
from tests.lsp.test_faults import _REQUESTS, Given, _answered, _refuse, _works, given

pytestmark = pytest.mark.e2e

Place = tuple[str, int, int]
"""A file of the server, a line in it, and how often it has been waited there before."""

_ROOT = str(Path(herdmate.__file__).parent)
_MOST_TIMES = 2
_LOOKS = 4
_EVERY = 1 if os.environ.get("HERDMATE_LONG") else 12


class _SlowTrials(ThreadPoolExecutor):
    """A parser process whose answer is there only at the fifth look."""

    def submit(self, do: Callable[..., Any], /, *given: Any, **more: Any) -> Future[Any]:
        trial = super().submit(do, *given, **more)
        looks = itertools.count()
        is_done = trial.done

        def done() -> bool:
            return next(looks) >= _LOOKS and is_done()

        trial.done = done  # type: ignore[method-assign]
        return trial


class _Watch:
    """Sees each task of the loop that comes to wait."""

    def __init__(self) -> None:
        self.on_wait: Callable[[Place], None] = lambda _place: None
        self.times = Counter[tuple[str, int]]()

    def make_task(self, loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> Any:
        task: asyncio.Task[Any] = asyncio.Task(self._steps_of(work), loop=loop, **more)
        task.add_done_callback(lambda _: work.close())  # it may be cancelled before its first step
        return task

    async def _steps_of(self, work: Any) -> Any:
        return await self._step_by_step(work)

    @python.coroutine
    def _step_by_step(self, work: Any) -> Generator[Any, Any, Any]:
        step, value = work.send, None
        while True:
            try:
                waited_for = step(value)
            except StopIteration as end:
                return end.value
            if (place := _line_of(work)) is not None:
                self.times[place] += 1
                if self.times[place] <= _MOST_TIMES:
                    self.on_wait((*place, self.times[place]))
            try:
                step, value = work.send, (yield waited_for)
            except BaseException as error:
                step, value = work.throw, error


def _line_of(work: Any) -> tuple[str, int] | None:
    """The innermost line of the server at which a coroutine waits."""
    found = None
    while work is not None:
        frame = next(
            (frame for name in ("cr_frame", "ag_frame", "gi_frame")
             if (frame := getattr(work, name, None)) is not None), None,
        )  # fmt: skip
        if frame is not None and _is_of_server(frame.f_code.co_filename):
            found = os.path.relpath(frame.f_code.co_filename, _ROOT), frame.f_lineno
        inner = (getattr(work, name, None) for name in ("cr_await", "ag_await", "gi_yieldfrom"))
        work = next((item for item in inner if item is not None), None)
    return found


def _is_of_server(file: str) -> bool:
    return file.startswith(_ROOT) and not file.endswith(os.path.join("lsp", "client.py"))


def _engine_dies(found: Given) -> None:
    found.kill_engine()


def _callbacks_raise(found: Given) -> None:
    found.break_(found.session.model.answers.host, "_on_usage", ZeroDivisionError())
    found.break_(found.session.usage.tally, "answered", ZeroDivisionError())


def _disk_is_full(found: Given) -> None:
    no_room = OSError(errno.ENOSPC, "No space left on device")
    found.patch.setattr(usage_statistics, "_SECONDS", 0.0)
    found.break_(StatisticsFile, "_write", no_room)
    found.break_(os, "fsync", no_room)


def _folder_is_gone(found: Given) -> None:
    shutil.rmtree(found.folder, ignore_errors=True)


def _client_answers_wrongly(found: Given) -> None:
    found.answer(types.WORKSPACE_APPLY_EDIT, _refuse)
    found.answer(types.WINDOW_WORK_DONE_PROGRESS_CREATE, lambda _params: ["odd", {}])


_FAULTS: Mapping[str, Callable[[Given], Any]] = {
    "callbacks raise": _callbacks_raise,
    "the disk is full": _disk_is_full,
    "the folder is gone": _folder_is_gone,
    "the client answers wrongly": _client_answers_wrongly,
    "the engine dies": _engine_dies,
}


@pytest.mark.parametrize("name", _REQUESTS)
async def test_a_fault_at_each_await_between_a_request_and_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    watch, seconds = _Watch(), [0.0]
    asyncio.get_running_loop().set_task_factory(watch.make_task)
    monkeypatch.setattr(syntax, "_trials", _SlowTrials(1))
    async with given(tmp_path, monkeypatch) as found:
        found.patch = monkeypatch
        places: dict[Place, None] = {}
        watch.on_wait = lambda place: places.setdefault(place)
        assert not (await _asked(watch, found, name)).startswith("error")
        made: list[Place] = []
        for fault, inject in _FAULTS.items():
            every = _EVERY if fault == "the engine dies" else 1
            for place in list(places)[::every]:
                with _injected(watch, found, inject, place) as times:
                    await _asked(watch, found, name)
                    seconds.append(time.monotonic() - times[0] if times else 0.0)
                made += [place] * len(times)
        watch.on_wait = lambda _place: None
        for _ in range(20):  # the engine may have died just after its answer
            if not (await _asked(watch, found, name)).startswith("error"):
                break
        await _works(found)
        print(f"{name}: {len(places)} places, {len(made)} faults, "  # noqa: T201 - see pytest -s
              f"slowest answer {max(seconds):.2f} s")  # fmt: skip
        lines = {place[:2] for place in made}
        missed = {place[:2] for place in places} - lines
        assert len(missed) <= 1, missed  # the loop's order decides whether it is waited there
        assert any(place[0].startswith("engine") for place in made)


async def _asked(watch: _Watch, found: Given, name: str) -> str:
    found.session.completion.reset(found.session.model.answers.host)
    host = found.session.model.answers.host
    host.counts = TokenCounts(host)
    found.client.close(found.document)
    found.client.open(found.document)
    watch.times.clear()
    while not found.client._outcomes.empty():
        found.client._outcomes.get_nowait()
    return await _answered(found, name)


@contextmanager
def _injected(
    watch: _Watch, found: Given, inject: Callable[[Given], Any], place: Place
) -> Iterator[list[float]]:
    """A fault that comes at a place, for as long as the block runs; yields when it came."""
    times: list[float] = []
    features = dict(found.client._client.protocol.fm.features)

    def at(now: Place) -> None:
        if now == place and not times:
            times.append(time.monotonic())
            inject(found)

    with pytest.MonkeyPatch.context() as patch:
        found.patch, watch.on_wait = patch, at
        yield times
        watch.on_wait = lambda _place: None
    found.client._client.protocol.fm.features.update(features)
    found.folder.mkdir(exist_ok=True)
