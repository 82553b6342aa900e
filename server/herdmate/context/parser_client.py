"""Talks to the parser process, which may crash or hang; the server must not.

Everything parsed in the server is tried there first, in the same steps: a text, then each edit to
it. What crashes there, or takes too long, is never parsed here; some text is parsed only there.
Harmful text, which made the process crash or hang, is remembered by its hash and not tried again.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import queue
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from typing import Any

import psutil

from herdmate import child_process
from herdmate.context.grammars import LONGEST_PARSE
from herdmate.text import Edit

_log = logging.getLogger(__name__)

MOST_REFUSED = 1_000
"""How many harmful texts are remembered."""

_SLACK = 0.5
"""Seconds of CPU time beyond the limit after which the process is killed."""

_LONGEST_WAIT = 10.0
"""Seconds for an answer, however busy the machine is."""

_MOST_MEMORY = 1 << 30
"""Bytes that the process may use, checked while it works: not every system can enforce a limit."""

_LOOK = 0.1
_DYING = 0.5
_START = 30.0
_LONGEST_ANSWER = 16 << 20
_COMMAND = child_process.python_command("herdmate.context.parser_worker")

_BUSY: Mapping[str, Any] = {"busy": True}

_numbers = itertools.count(1)


@cache
def for_documents() -> ParserClient:
    """The parser process for open documents: it has the same trees as the server."""
    return ParserClient()


@cache
def for_replies() -> ParserClient:
    """The parser process for a model's answers, asked between two keystrokes."""
    return ParserClient()


@cache
def for_files() -> ParserClient:
    """The parser process for files that are not open."""
    return ParserClient()


def end_all() -> None:
    """End the parser processes, even if they are busy."""
    for client in (for_documents, for_replies, for_files):
        client().end()


class ParserClient:
    """A parser process, started on the first request and again whenever it ended. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._is_starting = False
        self._is_fresh = True  # has not answered anything yet
        self._ends = 0  # calls of end()
        self._told_to_end: subprocess.Popen[bytes] | None = None
        self._refused: OrderedDict[bytes, None] = OrderedDict()

    @property
    def process_id(self) -> int | None:
        """The child's process id, once it has been started."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process if it is not running, without waiting for it."""
        with self._lock, contextlib.suppress(OSError):
            self._start()

    def end(self) -> None:
        """End the process, even if it is busy; the next request starts another."""
        self._ends += 1
        if (process := self._process) is not None:
            self._told_to_end = process
            process.kill()

    def try_text(self, text: str, language: str, number: int, seconds: float) -> bool:
        """Does a text parse in time, and not nest too deeply?

        If so, its tree is kept under ``number``, unless that is 0.
        """
        question = {"do": "try", "text": text, "language": language, "tree": number}
        answer = self._ask(question, text, language, seconds)
        return answer is not None and answer.get("parsed") is True

    def try_edits(
        self, old: int, old_length: int, edits: tuple[Edit, ...], number: int,
        text: str, language: str, seconds: float,
    ) -> bool | None:  # fmt: skip
        """Does the tree kept under ``old`` parse in time after edits? It moves to ``number``.

        ``None`` if the edits were harmful or nest code too deeply. Raises ``LookupError`` if the
        tree is no longer kept or the process is busy for another thread.
        """
        moves = [(edit.span.start, edit.span.end, edit.new_text) for edit in edits]
        question = {"do": "edit", "old": old, "length": old_length, "edits": moves, "tree": number}
        answer = self._ask(question, text, language, seconds, wait=max(seconds, 0.0))
        if answer in ({}, _BUSY):
            raise LookupError(old)
        return None if answer is None or answer.get("deep") else answer.get("parsed") is True

    def error_count(self, text: str, language: str, seconds: float) -> int | None:
        """See ``in_process_parsing.error_count``; ``None`` if the text is not parsed in time."""
        question = {"do": "errors", "text": text, "language": language}
        answer = self._ask(question, text, language, seconds)
        count = None if answer is None else answer.get("errors")
        return count if isinstance(count, int) else None

    def heads(self, text: str, language: str) -> tuple[tuple[str, str, str, int, int], ...]:
        """What a text defines, redacted, as the fields of ``Head``."""
        question = {"do": "heads", "text": text, "language": language}
        answer = self._ask(question, text, language, LONGEST_PARSE)
        found = answer.get("heads") if answer is not None else None
        if not isinstance(found, list) or not all(map(_is_head, found)):
            return ()
        return tuple((name, code, holder, start, end) for name, code, holder, start, end in found)

    def _ask(
        self, question: Mapping[str, Any], text: str, language: str, seconds: float,
        wait: float = _LONGEST_WAIT,
    ) -> Mapping[str, Any] | None:  # fmt: skip
        """The answer; ``None`` if there is none in time or the question ended the process.

        ``_BUSY`` if the process is still working for another thread after ``wait`` seconds.
        """
        if self._refused and _mark(text, language) in self._refused:
            return None
        if not self._lock.acquire(timeout=wait):
            return _BUSY
        ends = self._ends
        try:
            line = json.dumps({**question, "seconds": seconds}).encode() + b"\n"
            for _ in range(2):
                self._start()
                is_fresh = self._is_fresh
                if (found := self._exchange(line, seconds)) is not None:
                    self._is_fresh = False
                    return found
                if self._ends != ends:  # it was asked to end; the text did no harm
                    return None
                # A used process may have been idle for too long, or failed on an earlier question.
                if not self._has_ended() or is_fresh:
                    break
            self._refuse(_mark(text, language), language)
            return None
        except OSError as error:
            _log.warning("no parser process: %s", error)
            return None
        finally:
            self._lock.release()

    def _exchange(self, line: bytes, seconds: float) -> Mapping[str, Any] | None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            if self._is_starting:
                if self._answers.get(timeout=_START) is None:  # it has ended
                    return None
                self._is_starting = False
            self._process.stdin.write(line)
            self._process.stdin.flush()
            answer = json.loads(_patiently(self._answers, self._process.pid, seconds) or b"")
        except _TooMuchMemoryError:  # perhaps because of earlier questions: a fresh one will tell
            self._process.kill()
            self._process.wait()
            return None
        except (OSError, ValueError, queue.Empty, psutil.Error):
            return None
        return answer if isinstance(answer, dict) else None

    def _start(self) -> None:
        if self._process is not None:
            # A process that has just been killed may look as if it still ran.
            if self._process is not self._told_to_end and self._process.poll() is None:
                return
            _close(self._process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_DYING)
        self._answers = queue.SimpleQueue()
        self._process = child_process.start_blocking(
            *_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        reading = (self._process, self._answers)
        threading.Thread(target=_read, args=reading, daemon=True).start()
        self._is_starting = self._is_fresh = True

    def _has_ended(self) -> bool:
        """Did the process end by itself? If it is still running, kill it."""
        assert self._process is not None
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def _refuse(self, mark: bytes, language: str) -> None:
        _log.warning("a text in %s is not parsed: it crashes or hangs its grammar", language)
        self._refused[mark] = None
        if len(self._refused) > MOST_REFUSED:
            self._refused.popitem(last=False)


def next_number() -> int:
    """A number that no tree has had yet."""
    return next(_numbers)


class _TooMuchMemoryError(Exception):
    """The parser process has taken more than ``_MOST_MEMORY``."""


def _patiently(
    answers: queue.SimpleQueue[bytes | None], process_id: int, seconds: float
) -> bytes | None:
    """The next answer. Raises ``queue.Empty`` once the process has used far too much CPU time.

    On a busy machine that can take much longer than ``seconds``. Raises ``_TooMuchMemoryError`` if
    it takes too much memory.
    """
    with contextlib.suppress(queue.Empty):
        return answers.get(timeout=_LOOK)
    process, begun = psutil.Process(process_id), time.monotonic()
    soon = begun + seconds + _SLACK - _LOOK
    worked_before: float | None = None
    while (now := time.monotonic()) < soon + _LONGEST_WAIT:
        if process.memory_info().rss > _MOST_MEMORY:
            raise _TooMuchMemoryError
        if now >= soon:
            worked_before = _worked(process) if worked_before is None else worked_before
            if _worked(process) - worked_before >= _SLACK:
                break
        with contextlib.suppress(queue.Empty):
            return answers.get(timeout=_LOOK)
    raise queue.Empty


def _worked(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _is_head(item: object) -> bool:
    return isinstance(item, list) and [type(part) for part in item] == [str, str, str, int, int]


def _mark(text: str, language: str) -> bytes:
    return hashlib.sha256(f"{language}\0{text}".encode("utf-8", "replace")).digest()


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # data that was never read
        process.stdin.close()


def _read(process: subprocess.Popen[bytes], answers: queue.SimpleQueue[bytes | None]) -> None:
    assert process.stdout is not None
    with process.stdout:
        while (line := process.stdout.readline(_LONGEST_ANSWER)).endswith(b"\n"):
            answers.put(line)
    answers.put(None)
