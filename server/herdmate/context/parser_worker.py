"""The parser process: parses untrusted text where a crash does no damage.

``parser_client`` starts it as ``python -m herdmate.context.parser_worker``. It reads JSON objects
from standard input, one per line, and answers each with one line. It ends when its input ends, when
it has been idle for a while, or when an answer takes far longer than allowed: a grammar that never
returns does not hog a CPU forever, even if the server is gone.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from herdmate.context import in_process_parsing
from herdmate.context.ancestors import is_too_deep
from herdmate.context.in_process_parsing import SyntaxTree
from herdmate.context.outline import heads
from herdmate.redaction.redact import redacted
from herdmate.text import Edit, Span

MOST_TREES = 24
"""Trees kept to follow edits. After a tree is dropped, its next edit comes with the whole text."""

IDLE = 300.0
"""Seconds without a question after which the process ends."""

_GRACE = 2.0
_STACK = 1 << 20  # the smallest that any platform gives the server: what fits here fits there
_MEMORY = 768 << 20


def main() -> None:
    """Answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    output = _private_output()
    _limit_memory()
    threading.stack_size(_STACK)
    clock = _Clock(time.monotonic())
    worker = threading.Thread(target=_serve, args=(sys.stdin.buffer, output, clock), daemon=True)
    worker.start()
    while worker.is_alive() and clock.asked + IDLE > time.monotonic():
        worker.join(IDLE / 10)
    os._exit(0)  # Python cannot exit cleanly while the other thread reads


@dataclass(slots=True)
class _Clock:
    asked: float


def _serve(questions: BinaryIO, output: BinaryIO, clock: _Clock) -> None:
    with contextlib.suppress(BrokenPipeError):  # the server is gone
        _answer_all(questions, output, clock)


def _answer_all(questions: BinaryIO, output: BinaryIO, clock: _Clock) -> None:
    trees = _Trees()
    output.write(b"{}\n")
    output.flush()
    while True:
        line = questions.readline()
        if not line.endswith(b"\n"):
            return
        clock.asked = time.monotonic()
        question = json.loads(line)
        _end_in(float(question["seconds"]) + _GRACE)
        answer = _ANSWERS[question["do"]](trees, question)
        _end_in(0)
        output.write(json.dumps(answer).encode() + b"\n")
        output.flush()


def _end_in(seconds: float) -> None:
    """End the process after ``seconds`` of work, even in native code; 0 cancels that."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)  # nothing handles SIGPROF, so it kills us
    elif seconds:
        faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)
    else:
        faulthandler.cancel_dump_traceback_later()


class _Trees:
    """The trees that mirror the server's, by number, the newest last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, SyntaxTree] = OrderedDict()

    def keep(self, number: int, tree: SyntaxTree) -> None:
        self._kept[number] = tree
        if len(self._kept) > MOST_TREES:
            self._kept.popitem(last=False)

    def take(self, number: int) -> SyntaxTree | None:
        return self._kept.pop(number, None)


def _try(trees: _Trees, question: dict[str, Any]) -> dict[str, Any]:
    """Does a text parse in time? Keeps the tree under the number ``tree``, unless that is 0."""
    tree = in_process_parsing.parsed(question["text"], question["language"], question["seconds"])
    if tree is not None and is_too_deep(tree.tree.root_node):
        return {"parsed": False}
    if tree is not None and question["tree"]:
        trees.keep(question["tree"], tree)
    return {"parsed": tree is not None}


def _edit(trees: _Trees, question: dict[str, Any]) -> dict[str, Any]:
    """Does a kept tree still parse in time after edits? ``{}`` if it is no longer kept.

    ``deep`` if the edits nest code too deeply.
    """
    if (old := trees.take(question["old"])) is None or len(old.source.text) != question["length"]:
        return {}
    edits = tuple(Edit(Span(start, end), text) for start, end, text in question["edits"])
    tree = in_process_parsing.caught_up(in_process_parsing.told(old, edits), question["seconds"])
    if not tree.is_stale and is_too_deep(tree.tree.root_node):
        return {"deep": True}
    trees.keep(question["tree"], tree)
    return {"parsed": not tree.is_stale}


def _count_errors(trees: _Trees, question: dict[str, Any]) -> dict[str, Any]:
    tree = in_process_parsing.parsed(question["text"], question["language"], question["seconds"])
    return {} if tree is None else {"errors": in_process_parsing.error_count(tree)}


def _find_heads(trees: _Trees, question: dict[str, Any]) -> dict[str, Any]:
    text = redacted(question["text"])
    tree = in_process_parsing.parsed(text, question["language"], question["seconds"])
    found = () if tree is None else heads(tree, text)
    return {"heads": [[head.name, head.text, head.holder, head.start, head.end] for head in found]}


_ANSWERS: dict[str, Callable[[_Trees, dict[str, Any]], dict[str, Any]]] = {
    "try": _try,
    "edit": _edit,
    "errors": _count_errors,
    "heads": _find_heads,
}


def _private_output() -> BinaryIO:
    """Reserve standard output for answers: what native code prints goes to standard error."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


def _limit_memory() -> None:
    """Limit memory and core dumps, on systems that can; ``parser_client`` checks on all of them."""
    try:
        import resource

        import psutil
    except ImportError:
        return
    most = psutil.Process().memory_info().vms + _MEMORY
    for kind, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, most)):
        try:
            resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
        except (ValueError, OSError):
            continue


if __name__ == "__main__":
    main()
