"""The engine process: reads requests from standard input, writes answers to standard output.

Started by ``client``. It ends when its input ends, even while it loads a model, so it never
outlives the server. Anything native code prints goes to standard error.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, BinaryIO

from herdmate.child_process import end_with_parent, from_parent
from herdmate.engine import wire
from herdmate.engine.backend import Backend
from herdmate.engine.interface import OnRead
from herdmate.engine.job import Event
from herdmate.engine.scheduler import Scheduler
from herdmate.engine.start import FakeStart, LlamaStart
from herdmate.errors import EngineError, HerdmateError, ModelError, NoMemoryError
from herdmate.generation import Finished, Piece, Priority, Text

Say = Callable[..., None]

_log = logging.getLogger(__name__)


_BETWEEN_PIECES = 0.1
"""Minimum seconds between two pieces of an answer other than ghost text."""

_BETWEEN_NEWS = 0.25
"""Minimum seconds between two messages about how much of a prompt has been evaluated."""

_ODD_START = (
    "The engine cannot read its settings; reinstall Herdmate, then run the command "
    "herdmate.restartEngine."
)

_ODD_MESSAGE = (
    "The engine cannot read this request, perhaps because Herdmate has just been updated; restart "
    "the editor."
)


def main() -> int:
    """Load the model named in the first line of input, then serve requests."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server gets it too and ends this process
    say = _speaker(_private_output())
    lines = from_parent()
    if not (line := lines.readline()):
        return 0
    try:
        message = wire.start_from_wire(wire.decode(line))
    except (LookupError, TypeError, ValueError, RecursionError):
        say("failed", **wire.error_to_wire(EngineError(_ODD_START)))
        return 1
    logging.basicConfig(stream=sys.stderr, level=message.log_level, format="engine: %(message)s")
    inbox = _Inbox(say)
    end_with_parent(lines, inbox.take)
    try:
        backend = _load(message.start, say)
    except HerdmateError as error:
        say("failed", **wire.error_to_wire(error))
        return 1
    say("ready", info=wire.info_to_wire(backend.info))
    scheduler = Scheduler(backend)
    inbox.open(lambda message: _obey(message, scheduler, backend, say))
    _ = backend.pieces  # takes half a second; better now than in the first request
    try:
        while True:
            scheduler.wait()
            scheduler.step()
    except Exception:
        _log.exception("the engine ends")
        os._exit(1)  # Python could not exit cleanly: the reader thread holds standard input


class _Inbox:
    """Messages from the server; queued while the model loads."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._kept: list[dict[str, Any]] = []
        self._obey: Callable[[dict[str, Any]], None] | None = None

    def take(self, line: bytes) -> None:
        """Handle a line; an unexpected error ends the process, a malformed message does not."""
        try:
            message = wire.decode(line)
            if message.get("do") == "ping":
                self._say("alive")
                return
            with self._lock:
                if self._obey is None:
                    self._kept.append(message)
                    return
            self._obey(message)
        except (LookupError, TypeError, ValueError):
            _log.exception("a message was not understood")
        except Exception:
            _log.exception("the engine ends")
            os._exit(1)

    def open(self, obey: Callable[[dict[str, Any]], None]) -> None:
        """Handle the queued messages, and from now on each message at once."""
        with self._lock:
            for message in self._kept:
                obey(message)
            self._obey = obey


def _load(start: LlamaStart | FakeStart, say: Say) -> Backend:
    """The model. Raises ``HerdmateError``, with a sentence for anything that can go wrong."""
    try:
        return _loaded(start, say)
    except MemoryError as error:
        raise NoMemoryError(
            "There is not enough memory to load the model; choose a smaller one."
        ) from error
    except (ImportError, RuntimeError) as error:  # llama_cpp raises these for a missing library
        raise EngineError(
            f"llama.cpp cannot be loaded ({error}); reinstall llama-cpp-python."
        ) from error
    except OSError as error:
        raise ModelError(
            f"The model cannot be read ({error.strerror or error}); choose another, or make it "
            "readable and run herdmate.restartEngine."
        ) from error


def _loaded(start: LlamaStart | FakeStart, say: Say) -> Backend:
    percent = -1

    def progress(fraction: float) -> None:
        nonlocal percent
        if int(fraction * 100) > percent:
            percent = int(fraction * 100)
            say("loading", fraction=fraction)

    if isinstance(start, FakeStart):
        from herdmate.engine import fake

        return fake.load(start, progress)
    from herdmate.engine.tuned_loading import load  # imports llama.cpp, which takes a second

    return load(start, progress, lambda: say("measuring"))


def _obey(message: dict[str, Any], scheduler: Scheduler, backend: Backend, say: Say) -> None:
    """Do what a message says; a question that is not understood is answered with an error."""
    try:
        _do(message, scheduler, backend, say)
    except (LookupError, TypeError, ValueError):
        _log.exception("a message was not understood")
        if isinstance(number := message.get("id"), int):
            say("error", id=number, **wire.error_to_wire(EngineError(_ODD_MESSAGE)))


def _do(message: dict[str, Any], scheduler: Scheduler, backend: Backend, say: Say) -> None:
    number = message["id"]
    if message["do"] == "generate":
        request = wire.request_from_wire(message["request"])
        together = request.priority > Priority.TYPING and request.alternatives == 1
        together = together and not request.logprobs
        tell = _sparing(number, say) if together else lambda event: _tell(event, number, say)
        is_asked = together and request.priority is Priority.ASKED
        scheduler.submit(number, request, tell, *([_reading(number, say)] if is_asked else []))
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
    else:
        raise ValueError("an unknown question")


def _sparing(number: int, say: Say) -> Callable[[Event], None]:
    """Send pieces in batches: each message wakes three processes, which slows the model down."""
    kept, tokens, told_at = "", 0, 0.0

    def tell(event: Event) -> None:
        nonlocal kept, tokens, told_at
        now = time.monotonic()
        if isinstance(event, Piece):
            kept, tokens = kept + event.text, tokens + event.tokens
            if now - told_at < _BETWEEN_PIECES:
                return
        if kept:
            say("piece", id=number, **wire.piece_to_wire(Piece(kept, tokens=tokens)))
            kept, tokens, told_at = "", 0, now
        if not isinstance(event, Piece):
            _tell(event, number, say)

    return tell


def _reading(number: int, say: Say) -> OnRead:
    """Tell now and then how much of a prompt has been evaluated, and always that all of it has."""
    told_at = 0.0

    def on_read(read: int, tokens: int) -> None:
        nonlocal told_at
        now = time.monotonic()
        if read >= tokens or now - told_at >= _BETWEEN_NEWS:
            say("reading", id=number, read=read, tokens=tokens)
            told_at = now

    return on_read


def _tell(event: Event, number: int, say: Say) -> None:
    if isinstance(event, Piece):
        say("piece", id=number, **wire.piece_to_wire(event))
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
    """The pipe to the server; from now on, file descriptor 1 is standard error."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


if __name__ == "__main__":
    raise SystemExit(main())
