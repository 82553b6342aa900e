"""The Python file that the tests of editors refactor, and what must be true of it afterwards."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence

import psutil

from tests.processes import command_of

CODE = '''def total(prices):
    """Return the sum of all prices."""


def cheap(items, limit):
    result = []
    for i in range(len(items)):
        if items[i].price <= limit:
            result.append(items[i])
    return result


def names(items):
    found = []
    for item in items:
        found.append(item.name)
    return found
'''
LINES = CODE.splitlines()
CHEAP = slice(4, 10)  # the lines of cheap()
TYPED = "LIMIT = 12"  # by the user, while the model works
STALE = "The file changed while the model was working, so nothing was changed; try again."


def assert_only_cheap_changed(after: Sequence[str], before: Sequence[str] = LINES) -> None:
    """cheap() reads differently and is still there, the rest is as it was, all of it parses."""
    behind = len(before) - CHEAP.stop
    assert after != before
    assert after[: CHEAP.start] == before[: CHEAP.start]
    assert after[-behind:] == before[-behind:]
    assert "def cheap(items, limit):" in after[CHEAP.start : -behind]
    ast.parse("\n".join(after))


def engines(process_id: int) -> list[psutil.Process]:
    """The processes that run models, below a server or the editor that has started it."""
    children = psutil.Process(process_id).children(recursive=True)
    return [child for child in children if "herdmate.engine.worker" in command_of(child)]


@contextlib.contextmanager
def paused_server(editor: int) -> Iterator[None]:
    """The server that the editor of this process id has started stands still."""
    children = psutil.Process(editor).children(recursive=True)
    (server,) = (it for it in children if "serve" in command_of(it))
    server.suspend()
    try:
        yield
    finally:
        server.resume()


@contextlib.contextmanager
def paused_model(editor: int) -> Iterator[None]:
    """The model of the editor of this process id stands still."""
    (engine,) = engines(editor)
    engine.suspend()
    try:
        yield
    finally:
        engine.resume()
