"""Measures speed in a child process, which returns all its memory and can be stopped at once.

If a choice takes more memory than there is, the operating system kills that process and not the
command that asked; the next question starts another one. The child's code is here too: each line in
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
from herdmate.engine.speed import Bench, KvType
from herdmate.engine.start import LlamaStart
from herdmate.engine.tuning import Profile
from herdmate.errors import EngineError, HerdmateError, NoMemoryError

_Question = Literal["first", "step", "seconds", "others"]


class SpeedProcess:
    """Asks a ``Bench`` in a child process, which runs until ``close``.

    Its measurements raise ``NoMemoryError`` if memory runs out, even if the process was killed for
    it, and pass on other loading errors.
    """

    def __init__(self, how: LlamaStart, prompt: int) -> None:
        self._how, self._prompt = how, prompt
        self.process: subprocess.Popen[bytes] | None = None

    def first(self, profile: Profile, kv_type: KvType) -> float:
        """Seconds to the first token after the prompt."""
        return self._ask("first", profile, kv_type, self._prompt)

    def step(self, profile: Profile, kv_type: KvType) -> float:
        """Seconds per further token."""
        return self._ask("step", profile, kv_type, self._prompt)

    def seconds(self, profile: Profile, count: int) -> float:
        """Seconds to evaluate ``count`` tokens at once."""
        return self._ask("seconds", profile, count)

    def others_use(self) -> float:
        """Cores that other processes have used since the last call, or since the start."""
        return self._ask("others")

    def close(self) -> None:
        """Kill the process."""
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
                "The measuring process was killed, most likely because memory ran out; choose a "
                "smaller model."
            ) from None
        raise wire.error_from_wire(answer)

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        try:
            self.process = start_blocking(
                *python_command("herdmate.engine.speed_process"), stdin=pipe, stdout=pipe, bufsize=0
            )
            assert self.process.stdin is not None
            self.process.stdin.write(wire.encode(wire.llama_start_to_wire(self._how)))
        except (OSError, ValueError) as error:
            self.close()
            raise EngineError(
                f"The measuring process cannot be started ({error}); close other programs and try "
                "again."
            ) from error
        return self.process


def main() -> int:
    """Answer questions until input ends; the first line of the input is the ``LlamaStart``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too and ends this process
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(sys.stderr.fileno(), 1)  # native code's prints must not mix with the answers
    lines = from_parent()
    how = wire.llama_start_from_wire(wire.decode(lines.readline()))
    questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    end_with_parent(lines, questions.put)
    tuning.others_use()
    with closing(Bench(how)) as bench:
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
