"""Speeds measured in a process of its own, which gives all memory back and can be stopped at once.

Where a choice takes more memory than there is, the operating system ends that process and not the
command that asked; another one is started for the next question. It also runs here: each line in
is a question, each line out its answer.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict
from typing import Any, Literal

from herdmate.child_process import end_with_parent, from_parent, python_command, start_blocking
from herdmate.engine import tuning, wire
from herdmate.engine.loading import Load
from herdmate.engine.speed import Bench, KvType
from herdmate.engine.tuning import Profile
from herdmate.errors import EngineError, HerdmateError, NoMemoryError

_Question = Literal["first", "step", "seconds", "others"]


class SpeedProcess:
    """Asks a ``Bench`` in a process that is there until ``close``.

    Its measures raise ``NoMemoryError`` where there is too little memory, also where the process
    was ended for that, and other errors of loading as they are.
    """

    def __init__(self, how: Load, prompt: int) -> None:
        self._how, self._prompt = how, prompt
        self.process: subprocess.Popen[bytes] | None = None

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
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
            self.process.wait()
            self.process = None

    def _ask(self, what: _Question, profile: Profile | None = None, *values: Any) -> float:
        process = self.process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        given = None if profile is None else asdict(profile)
        try:
            process.stdin.write(wire.encode({"what": what, "profile": given, "values": values}))
            answer = wire.decode(process.stdout.readline(wire.ANSWER_LIMIT))
            if "kind" not in answer:
                return float(answer["value"])
        except (OSError, LookupError, TypeError, ValueError):
            self.close()
            raise NoMemoryError(
                "The process that measured was ended, most likely for want of memory; "
                "choose a smaller model."
            ) from None
        raise wire.error_from_wire(answer)

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        try:
            self.process = start_blocking(
                *python_command("herdmate.engine.speed_process"), stdin=pipe, stdout=pipe, bufsize=0
            )
            assert self.process.stdin is not None
            self.process.stdin.write(wire.encode(asdict(self._how)))
        except (OSError, ValueError) as error:
            self.close()
            raise EngineError(
                f"The process that measures cannot be started ({error}); close something and try "
                "again."
            ) from error
        return self.process


def main() -> int:
    """Answer questions until there are no more; how to load is the first line of the input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks is told, and ends this process
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(sys.stderr.fileno(), 1)  # what native code prints is no part of a command's output
    lines = from_parent()
    how = wire.decode(lines.readline())
    questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    end_with_parent(lines, questions.put)
    tuning.others_use()
    with closing(Bench(Load(**how))) as bench:
        while True:
            output.write(wire.encode(_answered(bench, wire.decode(questions.get()))))
            output.flush()


def _answered(bench: Bench, question: dict[str, Any]) -> dict[str, Any]:
    what, profile = question["what"], question["profile"]
    try:
        if what == "others":
            return {"value": tuning.others_use()}
        profile["step_seconds"] = {int(at): it for at, it in profile["step_seconds"].items()}
        measure: Any = getattr(bench, what)
        return {"value": float(measure(Profile(**profile), *question["values"]))}
    except HerdmateError as error:
        return wire.error_to_wire(error)


if __name__ == "__main__":
    raise SystemExit(main())
