"""Whatever a client does, the server has the client's text: random sessions against a model.

The client's model applies every edit itself, in units of the encoding. ``HERDMATE_LONG=1`` makes
twenty times as many steps, ``--hypothesis-seed`` other ones.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, core, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from herdmate.context import syntax
from herdmate.lsp import rope
from tests.lsp.client_text import ClientText, units_of
from tests.lsp.in_process import Peer, peer

STEPS, RUNS = 50, 72
"""With three encodings 10,000 steps."""

TEXTS = ("", "x", "é", "😀", "😀😀", "a😀\n😀",
         "\ud83d", "\ude00", "\r", "\n", "\r\n", "a\nb", "x = 1\r\ny = '😀é'\n",
         "\ufeff", "\0", "\x0c", "\u2028", "\x85", "def f(a):\n    return a\n\n", "(", '"""',
         "{\n" * 3, "\ude00\ud83d", "# long\n" * 12)  # fmt: skip
text = st.sampled_from(TEXTS)
# JSON knows two halves side by side as one character only.
whole = st.lists(text, max_size=6).map("".join).map(json.dumps).map(json.loads)
number = st.one_of(st.integers(0, 5), st.sampled_from((1, 40, 2**31 - 1)))
position = st.tuples(number, number)
change = st.one_of(st.tuples(position, position, text), st.tuples(position, st.none(), text), whole)
changes = st.lists(change, max_size=6)
name = st.sampled_from(("a.py", "b%20b.ts", "%C3%A9.md", "c%3A/d.py"))
language = st.sampled_from(("python", "typescript", "markdown", "nosuch"))
version = st.integers(0, 3)
cells = st.lists(st.tuples(language, whole), max_size=2)


which = st.integers(0, 3)

OTHERS = ("close", "change of nothing", "cancel", "configure", "folders", "save",
          "open notebook again")  # fmt: skip


class AnySession(RuleBasedStateMachine):
    """One client and one server."""

    peer: ClassVar[Peer]
    loop: ClassVar[asyncio.AbstractEventLoop]
    encoding: ClassVar[str]
    folder: ClassVar[Path]
    done: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, ClientText] = {}
        self.languages: dict[str, str] = {}
        self.cells: list[str] = []
        self.book = ""
        self.numbers = itertools.count()
        self.asked: list[int] = []
        self.peer.notifications.clear()

    def teardown(self) -> None:
        """The next session goes on with the same server: nothing is left of this one."""
        self._close_notebook()
        for uri in tuple(self.texts):
            self._close(uri)
        self._step("end")
        errors = [said for said in self.peer.notifications if "internal error" in str(said)]
        assert not errors
        assert not self.peer.session.documents._parsings
        assert not self.peer.session.documents._names

    @rule(name=name, language=language, text=whole, version=version)
    def open(self, name: str, language: str, text: str, version: int) -> None:
        self._open(self._uri(name), language, text, version)
        self._step("open")

    @precondition(lambda self: self._documents())
    @rule(which=which, changes=changes, version=version)
    def change(self, which: int, changes: list[Any], version: int) -> None:
        self._change(self._documents()[which % len(self._documents())], changes, version)
        self._step("change")

    @precondition(lambda self: self._documents())
    @rule(which=which, places=st.lists(position, min_size=2, max_size=8), text=text)
    def change_at_many_places(self, which: int, places: list[Any], text: str) -> None:
        """As with many cursors."""
        changes = [(place, None, text) for place in places]
        self._change(self._documents()[which % len(self._documents())], changes, 9)
        self._step("change at many places")

    @rule(old=name, new=name, language=language)
    def rename(self, old: str, new: str, language: str) -> None:
        before, now = self._uri(old), self._uri(new)
        if before in self.texts and now not in self.texts:
            text = _text_of(self.texts[before])
            self._close(before)
            files = [{"oldUri": before, "newUri": now}]
            self.peer.notify("workspace/didRenameFiles", {"files": files})
            self._open(now, language, text, 1)
        self._step("rename")

    @rule(name=name, position=position, method=st.sampled_from(("inlineCompletion", "codeAction")))
    def request(self, name: str, position: tuple[int, int], method: str) -> None:
        """A request that is answered while others come."""
        uri = self.cells[0] if name == "a.py" and self.cells else self._uri(name)
        place = {"line": position[0], "character": position[1]}
        params = {"textDocument": {"uri": uri}, "position": place, "context": {"triggerKind": 1}}
        if method == "codeAction":
            context: dict[str, Any] = {"diagnostics": []}
            params |= {"range": {"start": place, "end": place}, "context": context}
        self.asked.append(self.peer.ask(f"textDocument/{method}", params)[0])
        self._step(method)

    @rule(what=st.sampled_from(OTHERS), name=name, is_so=st.booleans())
    def other(self, what: str, name: str, is_so: bool) -> None:
        """What is done now and then."""
        uri = self._uri(name)
        if what == "close":
            self._close(uri)
        elif what == "change of nothing" and uri not in self.texts:
            self._change(uri, ["x"], 1)
        elif what == "cancel":
            for asked in self.asked[-3:]:
                self.peer.notify("$/cancelRequest", {"id": asked})
        elif what == "configure":
            action_input = {"completion": {"enabled": is_so, "related": not is_so}}
            self.peer.notify(
                "workspace/didChangeConfiguration", {"settings": {"herdmate": action_input}}
            )
        elif what == "folders":
            folder = [{"uri": (self.folder / "inner").as_uri(), "name": "inner"}]
            event = {"added": folder if is_so else [], "removed": [] if is_so else folder}
            self.peer.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        elif what == "open notebook again":
            self._open_notebook([("python", "x = 1\n"), ("python", "\r")])
        elif what == "save":
            self.peer.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        self._step(what)

    @precondition(lambda self: not self.book)
    @rule(cells=cells)
    def open_notebook(self, cells: list[tuple[str, str]]) -> None:
        self._open_notebook(cells)
        self._step("open notebook")

    def _open_notebook(self, cells: list[tuple[str, str]]) -> None:
        self._forget_cells(self.cells)
        self.book, self.cells = (self.folder / "book.ipynb").as_uri(), []
        items = [self._cell(*cell) for cell in cells]
        self.cells = [item["uri"] for item in items]
        book = {"uri": self.book, "notebookType": "jupyter-notebook", "version": 1}
        params = {"notebookDocument": {**book, "cells": _named(self.cells)},
                  "cellTextDocuments": items}  # fmt: skip
        self.peer.notify("notebookDocument/didOpen", params)

    @rule(
        start=number,
        count=st.integers(0, 2),
        new=cells,
        moves=st.booleans(),
        edits=st.lists(st.tuples(st.integers(0, 3), changes), max_size=2),
    )
    def change_notebook(
        self, start: int, count: int, new: list[tuple[str, str]], moves: bool,
        edits: list[tuple[int, list[Any]]],
    ) -> None:  # fmt: skip
        """Cells come, go, move and are edited, all in one notification."""
        start = min(start, len(self.cells))
        items = [self._cell(*cell) for cell in new]
        gone = self.cells[start : start + count]
        there = [*(reversed(gone) if moves else ()), *(item["uri"] for item in items)]
        self.cells[start : start + count] = there
        closed = [] if moves else [{"uri": uri} for uri in gone]
        array = {"start": start, "deleteCount": count, "cells": _named(there)}
        structure = {"array": array, "didOpen": items, "didClose": closed}
        if not moves:
            self._forget_cells(gone)
        told = [
            {"document": {"uri": uri, "version": at},
             "changes": [self._edit(uri, change) for change in given]}
            for at, given in edits if at < len(self.cells) for uri in [self.cells[at]]
        ]  # fmt: skip
        event = {"cells": {"structure": structure, "textContent": told}}
        params = {"notebookDocument": {"uri": self.book or "file:///none", "version": 2},
                  "change": event}  # fmt: skip
        if not self.book:
            self._forget_cells(self.cells)
            self.cells = []
        self.peer.notify("notebookDocument/didChange", params)
        self._step("change notebook")

    @precondition(lambda self: self.book)
    @rule()
    def close_notebook(self) -> None:
        self._close_notebook()
        self._step("close notebook")

    def _close_notebook(self) -> None:
        book = {"uri": self.book or "file:///none"}
        cells = [{"uri": uri} for uri in self.cells]
        params = {"notebookDocument": book, "cellTextDocuments": cells}
        self.peer.notify("notebookDocument/didClose", params)
        self._forget_cells(self.cells)
        self.book, self.cells = "", []

    def _step(self, what: str) -> None:
        """What the server has is what the client has."""
        self.done[what] += 1
        self.loop.run_until_complete(self.peer.until_heard())
        documents = self.peer.session.documents
        assert sorted(documents.uris()) == sorted(self.texts)
        for uri, mine in self.texts.items():
            opened = documents.get(uri)
            span = opened.lines.whole
            theirs = opened.document.text[span.start : span.end]
            assert units_of(theirs, self.encoding) == mine.data, (uri, theirs)
            assert units_of(opened.lines.rope.text, self.encoding) == mine.data
            assert opened.lines.rope.line_count == len(mine.lines)
            assert (opened.document.said or opened.document.language) == self.languages[uri]
            if isinstance(tree := opened.document.tree, syntax.SyntaxTree):
                assert tree.source.text == opened.document.text

    def _documents(self) -> list[str]:
        return [uri for uri in self.texts if uri not in self.cells]

    def _change(self, uri: str, changes: list[Any], version: int) -> None:
        told = [self._edit(uri, item) for item in changes]
        named = {"uri": uri, "version": version}
        self.peer.notify("textDocument/didChange", {"textDocument": named, "contentChanges": told})

    def _uri(self, name: str) -> str:
        return f"{self.folder.as_uri()}/{name}"

    def _open(self, uri: str, language: str, text: str, version: int) -> None:
        self.texts[uri] = ClientText(units_of(text, self.encoding), self.encoding)
        self.languages[uri] = language
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.peer.notify("textDocument/didOpen", {"textDocument": item})

    def _close(self, uri: str) -> None:
        self._forget_cells([uri])
        self.peer.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def _cell(self, language: str, text: str) -> dict[str, Any]:
        uri = f"vscode-notebook-cell:/book.ipynb#{next(self.numbers)}"
        self.texts[uri] = ClientText(units_of(text, self.encoding), self.encoding)
        self.languages[uri] = language
        return {"uri": uri, "languageId": language, "version": 1, "text": text}

    def _forget_cells(self, uris: list[str]) -> None:
        for uri in uris:
            self.texts.pop(uri, None)

    def _edit(self, uri: str, change: Any) -> dict[str, Any]:
        """A change as it is told; the client's own text follows it."""
        mine = self.texts.get(uri)
        if isinstance(change, str):
            if mine is not None:
                mine.data = units_of(change, self.encoding)
            return {"text": change}
        start, end, text = change[0], change[1] or change[0], change[2]
        if mine is not None:
            mine.edit(start, end, text)
        range_ = {"start": dict(zip(("line", "character"), start, strict=True)),
                  "end": dict(zip(("line", "character"), end, strict=True))}  # fmt: skip
        return {"range": range_, "rangeLength": 7, "text": text}


def _named(uris: list[str]) -> list[dict[str, Any]]:
    return [{"kind": 2, "document": uri} for uri in uris]


def _text_of(mine: ClientText) -> str:
    codec = "utf-8" if mine.encoding == "utf-8" else f"{mine.encoding}-le"
    return mine.data.decode(codec, "surrogatepass")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_the_server_has_the_clients_text_whatever_the_client_does(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rope, "_PIECE", 8)  # so that short texts have many pieces
    runs = RUNS * 20 if os.environ.get("HERDMATE_LONG") else RUNS
    chosen = settings(
        derandomize=core.global_force_seed is None, database=None, deadline=None, max_examples=runs,
        stateful_step_count=STEPS, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with _connected(tmp_path, encoding) as machine:
        run_state_machine_as_test(machine, settings=chosen)
    done = machine.done
    print(f"{encoding}: {done.total()} steps, {dict(done)}")  # noqa: T201 - see pytest -s
    assert done.total() >= runs * STEPS * 0.9


@contextmanager
def _connected(folder: Path, encoding: str) -> Iterator[type[AnySession]]:
    """Sessions with one server; to build one takes longer than a session."""
    loop = asyncio.new_event_loop()
    connection = peer(folder, encoding=encoding)
    try:
        members = {"peer": loop.run_until_complete(connection.__aenter__()), "loop": loop,
                   "encoding": encoding, "folder": folder, "done": Counter()}  # fmt: skip
        yield type("AnySession", (AnySession,), members)
    finally:
        loop.run_until_complete(connection.__aexit__(None, None, None))
        loop.close()
