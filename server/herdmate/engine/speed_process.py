"""Speeds measured in a process of its own, which gives all memory back and can be stopped at once.

Where a choice takes more memory than there is, the operating system ends that process and not the
command that asked; another one is started for the next question.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Literal

from herdmate.engine import tuning
from herdmate.engine.loading import Load
from herdmate.engine.speed import Bench, KvType
from herdmate.engine.tuning import Profile
from herdmate.errors import HerdmateError, NoMemoryError

_Question = tuple[Literal["first", "step", "seconds", "others"], tuple[Any, ...]]


class SpeedProcess:
    """Asks a ``Bench`` in a process that is there until ``close``.

    Its measures raise ``NoMemoryError`` where there is too little memory, also where the process
    was ended for that, and other errors of loading as they are.
    """

    def __init__(self, how: Load, prompt: int) -> None:
        self._how, self._prompt = how, prompt
        self.process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def first(self, profile: Profile, kv_type: KvType) -> float:
        """Seconds until the first token behind the prompt is known."""
        return self._ask("first", profile, kv_type, self._prompt)

    def step(self, profile: Profile, kv_type: KvType) -> float:
        """Seconds of each further token."""
        return self._ask("step", profile, kv_type, self._prompt)

    def seconds(self, profile: Profile, count: int) -> float:
        """Seconds of one evaluation of so many tokens."""
        return self._ask("seconds", profile, count)

    def others_use(self) -> float:
        """Cores that other processes used since this was last asked, or since the start."""
        return self._ask("others")

    def close(self) -> None:
        """End the process, whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process.close()
            self.process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def _ask(self, what: str, *values: Any) -> float:
        pipe = self._pipe or self._start()
        try:
            pipe.send((what, values))
            answer = pipe.recv()
        except (EOFError, OSError):
            self.close()
            raise NoMemoryError(
                "The process that measured was ended, most likely for want of memory; "
                "choose a smaller model."
            ) from None
        if isinstance(answer, HerdmateError):
            raise answer
        return float(answer)

    def _start(self) -> Connection:
        spawning = multiprocessing.get_context("spawn")
        self._pipe, other = spawning.Pipe()
        process = spawning.Process(target=_answer, args=(other, self._how), daemon=True)
        process.start()
        other.close()
        self.process = process
        return self._pipe


def _answer(pipe: Connection, how: Load) -> None:
    """Answer questions until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks is told, and ends this process
    os.dup2(sys.stderr.fileno(), 1)  # what native code prints is no part of a command's output
    tuning.others_use()
    with closing(Bench(how)) as bench, suppress(EOFError, OSError):
        while True:
            pipe.send(_answered(bench, pipe.recv()))


def _answered(bench: Bench, question: _Question) -> float | HerdmateError:
    what, values = question
    try:
        if what == "others":
            return tuning.others_use()
        measure: Any = getattr(bench, what)
        return float(measure(*values))
    except HerdmateError as error:
        return error
