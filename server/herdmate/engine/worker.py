"""The engine process: reads requests from its standard input, writes answers to its output.

Started by ``client`` as ``python -m herdmate.engine.worker``. It ends when its input ends, so that
it never outlives the server. Whatever native code prints goes to standard error.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, BinaryIO

from herdmate.engine import wire
from herdmate.engine.backend import Backend
from herdmate.engine.job import Event
from herdmate.engine.scheduler import Scheduler
from herdmate.errors import HerdmateError
from herdmate.generation import Finished, Piece, Priority, Text

Say = Callable[..., None]

_log = logging.getLogger(__name__)


_BETWEEN_PIECES = 0.1
"""Seconds between two pieces of an answer that is read rather than typed."""


def main() -> int:
    """Load the model named in the first line of the input, then serve requests."""
    say = _speaker(_private_output())
    first = wire.decode(sys.stdin.buffer.readline() or b"{}")
    if not first:
        return 0
    logging.basicConfig(stream=sys.stderr, level=first["log_level"], format="engine: %(message)s")
    try:
        backend = _load(first, say)
    except HerdmateError as error:
        say("failed", **wire.error_to_wire(error))
        return 1
    say("ready", info=wire.info_to_wire(backend.info))
    scheduler = Scheduler(backend)
    threading.Thread(target=_read, args=(scheduler, backend, say), daemon=True).start()
    _ = backend.pieces  # takes half a second; rather now than within the first request
    try:
        while True:
            scheduler.wait()
            scheduler.step()
    except Exception:
        _log.exception("the engine ends")
        os._exit(1)  # the reading thread holds standard input, so that Python could not end tidily


def _load(first: dict[str, Any], say: Say) -> Backend:
    if "fake" in first:
        from herdmate.engine.fake import FakeBackend, Script

        return FakeBackend(Script(**first["fake"]))
    from herdmate.engine.loading import Load
    from herdmate.engine.suited import load  # imports llama.cpp, which takes a second

    told = -1

    def progress(fraction: float) -> None:
        nonlocal told
        if int(fraction * 100) > told:
            told = int(fraction * 100)
            say("loading", fraction=fraction)

    return load(Load(**first["load"]), progress, lambda: say("measuring"))


def _read(scheduler: Scheduler, backend: Backend, say: Say) -> None:
    """Take messages until the server closes the pipe, then end the process."""
    for line in sys.stdin.buffer:
        try:
            _obey(wire.decode(line), scheduler, backend, say)
        except (KeyError, TypeError, json.JSONDecodeError):
            _log.exception("a message that is not understood")
        except Exception:
            _log.exception("the engine ends")
            os._exit(1)
    os._exit(0)


def _obey(message: dict[str, Any], scheduler: Scheduler, backend: Backend, say: Say) -> None:
    number = message["id"]
    if message["do"] == "generate":
        request = wire.request_from_wire(message["request"])
        together = request.priority > Priority.TYPING and request.alternatives == 1
        tell = _sparing(number, say) if together else lambda event: _tell(event, number, say)
        scheduler.submit(number, request, tell)
    elif message["do"] == "cancel":
        scheduler.cancel(number)
    elif message["do"] == "count":
        try:
            counts = [len(backend.tokenize([Text(text)])) for text in message["texts"]]
        except HerdmateError as error:
            say("error", id=number, **wire.error_to_wire(error))
        else:
            say("counts", id=number, counts=counts)
    elif message["do"] == "measure":
        say("measures", id=number, totals=asdict(scheduler.totals))


def _sparing(number: int, say: Say) -> Callable[[Event], None]:
    """Tell pieces in lumps: each message wakes three processes, which takes time from the model."""
    kept, told_at = "", 0.0

    def tell(event: Event) -> None:
        nonlocal kept, told_at
        now = time.monotonic()
        if isinstance(event, Piece):
            kept += event.text
            if now - told_at < _BETWEEN_PIECES:
                return
        if kept:
            say("piece", id=number, text=kept, index=0)
            kept, told_at = "", now
        if not isinstance(event, Piece):
            _tell(event, number, say)

    return tell


def _tell(event: Event, number: int, say: Say) -> None:
    if isinstance(event, Piece):
        say("piece", id=number, text=event.text, index=event.index)
    elif isinstance(event, Finished):
        say("finished", id=number, **wire.finished_to_wire(event))
    else:
        say("error", id=number, **wire.error_to_wire(event))


def _speaker(output: BinaryIO) -> Say:
    lock = threading.Lock()

    def say(word: str, **fields: Any) -> None:
        data = wire.encode({"say": word, **fields})
        try:
            with lock:
                output.write(data)
                output.flush()
        except BrokenPipeError:
            os._exit(0)

    return say


def _private_output() -> BinaryIO:
    """The pipe to the server; from here on, file descriptor 1 is standard error."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


if __name__ == "__main__":
    raise SystemExit(main())
