"""What clients tell of documents that no client should: the text stays theirs, or is dropped."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.context import grammars, in_process_parsing, syntax, syntax_queries
from herdmate.engine.latency import Latency
from herdmate.lsp.convert import Lines, edits_from_lsp
from herdmate.lsp.documents import Documents
from herdmate.lsp.json_rpc_parsing import MOST_AT_ONCE
from herdmate.lsp.open_document import edited
from herdmate.text import Edit, Span, narrowed
from tests.lsp.in_process import Peer, peer
from tests.lsp.parsing import parse_all, refresh_until_fresh

URI = "file:///a.py"
CODE = "def f(a, b):\n    return a + b\n\n"


def _open(text: str, uri: str = URI, language: str = "python", version: int = 1) -> Documents:
    documents = Documents()
    documents.open(types.TextDocumentItem(uri, language, version, text))
    return documents


def _insert(line: int, column: int, text: str) -> types.TextDocumentContentChangePartial:
    place = types.Position(line, column)
    return types.TextDocumentContentChangePartial(types.Range(place, place), text)


def _change(documents: Documents, version: int, *changes: Any, uri: str = URI) -> None:
    named = types.VersionedTextDocumentIdentifier(version, uri)
    documents.change(types.DidChangeTextDocumentParams(named, list(changes)))


def _text(documents: Documents, uri: str = URI) -> str:
    return documents.get(uri).document.text


@pytest.mark.parametrize("size", [3_000, 30_000])
def test_a_thousand_changes_in_one_message_do_not_hold_the_server(size: int) -> None:
    """100 kB took 4.3 s. The bound is generous: it is for what grows with the product of both."""
    documents = _open(CODE * size)
    parse_all(documents)
    changes = [_insert(at * 7 % (2 * size), 0, "x") for at in range(1_000)]
    began = time.thread_time()
    _change(documents, 2, *changes)
    assert time.thread_time() - began < 2.0
    assert _text(documents).count("x") == 1_000


def test_a_message_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    documents, parsed = _open(CODE), []
    parse_all(documents)

    def parse(language: str, source: bytes, *more: Any) -> Any:
        parsed.append(source)
        return grammars.parse_bytes(language, source, *more)

    monkeypatch.setattr("herdmate.lsp.open_document._AT_A_KEY", 60.0)  # the machine may be busy
    monkeypatch.setattr(in_process_parsing, "parse_bytes", parse)
    _change(documents, 2, *(_insert(0, 0, f"x{at} = 1\n") for at in range(200)))
    assert parsed == [_text(documents).encode()]
    _change(documents, 3, _insert(0, 0, "y"), _insert(5, 0, "z"))
    assert len(parsed) == 2
    _change(documents, 4)
    assert len(parsed) == 2


def test_a_client_that_sends_all_of_the_text_at_each_key_has_it_parsed_where_it_changed() -> None:
    documents = _open(CODE * 100)
    parse_all(documents)
    before = documents.get(URI).document
    text = _text(documents)
    _change(documents, 2, types.TextDocumentContentChangeWholeDocument(text[:50] + "é" + text[50:]))
    tree = before.tree
    assert isinstance(tree, syntax.SyntaxTree)
    # The old tree was moved on, and has changed only there.
    changed = [node for node in tree.tree.root_node.children if node.has_changes]
    assert len(changed) == 1


def test_the_smallest_edit() -> None:
    for old, new in (("aa", "aaa"), ("", "x"), ("x", ""), ("abc", "abc"), ("abcd", "axyd")):
        edit = narrowed(f"_{old}_", Edit(Span(1, 1 + len(old)), new))
        text = f"_{old}_"
        assert text[: edit.span.start] + edit.new_text + text[edit.span.end :] == f"_{new}_"
    assert narrowed("abcd", Edit(Span(0, 4), "axyd")) == Edit(Span(1, 3), "xy")


def test_a_long_file_is_parsed_in_slices_and_may_be_edited_meanwhile() -> None:
    documents = _open(CODE * 20_000)
    assert isinstance(documents.get(URI).document.tree, syntax.NoTree)
    _change(documents, 2, _insert(0, 0, "x = 1\n"), _insert(9, 0, "y = 2\n"))
    parse_all(documents)
    tree = documents.get(URI).document.tree
    assert isinstance(tree, syntax.SyntaxTree)
    assert tree.source.text == _text(documents)
    tree = refresh_until_fresh(documents, URI)
    assert syntax_queries.definition_names(tree, _text(documents))[:2] == ("f", "f")


@pytest.mark.parametrize("versions", [(5, 4), (5, 5), (0, -1), (2**31 - 1, 1)])
def test_what_a_client_numbers_wrongly_is_still_its_text(versions: tuple[int, int]) -> None:
    documents = _open("", version=9)
    for version in versions:
        _change(documents, version, _insert(0, 0, "x"))
    assert _text(documents) == "xx"
    assert documents.get(URI).document.version == versions[-1]


def test_the_second_of_two_openings_counts(caplog: pytest.LogCaptureFixture) -> None:
    documents = _open(CODE * 20_000)  # whose parse is still going on
    documents.open(types.TextDocumentItem(URI, "typescript", 1, "let x = 1\n"))
    assert "document was opened again" in caplog.text
    parse_all(documents)
    document = documents.get(URI).document
    assert (document.text, document.language) == ("let x = 1\n", "typescript")
    assert isinstance(document.tree, syntax.SyntaxTree)
    assert document.tree.language == "typescript"


def test_what_was_never_opened_is_neither_changed_nor_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    documents = _open("x")
    _change(documents, 2, _insert(0, 0, "y"), uri="file:///b.py")
    documents.close("file:///b.py")
    documents.close_notebook("file:///b.ipynb")
    assert documents.uris() == (URI,)
    assert caplog.text.count("not open") == 3


@pytest.mark.parametrize(
    ("opened", "asked"),
    [
        ("file:///c%3A/x.py", "file:///c:/x.py"),
        ("file:///C:/x.py", "file:///c%3a/x.py"),
        ("file:///%7Ea/x.py", "file:///~a/x.py"),
        ("file:///%C3%A9.py", "file:///é.py"),
        ("file:///a b.py", "file:///a%20b.py"),
        ("file:///a%2fb.py", "file:///a%2Fb.py"),
        ("file:///a.py", "file://localhost/a.py"),
        ("file://LocalHost/C:/a.py", "File:/c%3A/a.py"),
        ("file://Box/a.py", "file://box/a.py"),
        ("untitled:One", "UNTITLED:One"),
        ("vscode-notebook-cell:/c%3A/a.ipynb#W0", "vscode-notebook-cell:///C:/a.ipynb#W0"),
    ],
)
def test_a_uri_may_be_spelled_in_several_ways(opened: str, asked: str) -> None:
    documents = _open("x", opened)
    _change(documents, 2, _insert(0, 0, "y"), uri=documents.named(asked))
    assert _text(documents, documents.named(asked)) == _text(documents, opened) == "yx"
    documents.close(documents.named(asked))
    assert documents.uris() == ()
    assert documents.named(asked) == asked


@pytest.mark.parametrize(
    "other",
    ["file:///a%2Fb.py", "file:///a%252Fb.py", "file:///A/b.py", "file://box/a/b.py",
     "file:a/b.py", "file:///a/b.py%23", "file:///a/b.py%0A", "untitled:///a/b.py"],
)  # fmt: skip
def test_what_is_spelled_alike_is_not_the_same(other: str) -> None:
    documents = _open("x", "file:///a/b.py")
    assert documents.named(other) == other
    assert documents.find(other) is None


def test_two_spellings_that_are_both_open_are_two_documents() -> None:
    documents = _open("x", "file:///c%3A/x.py")
    documents.open(types.TextDocumentItem("file:///c:/x.py", "python", 1, "y"))
    assert _text(documents, "file:///c%3A/x.py") == "x"
    assert _text(documents, "file:///c:/x.py") == "y"
    documents.close("file:///c:/x.py")
    assert _text(documents, "file:///c%3A/x.py") == "x"
    assert documents.named("file:///C:/x.py") == "file:///c%3A/x.py"


PLACE = {"line": 0, "character": 0}
RANGE = {"start": PLACE, "end": PLACE}


@pytest.mark.parametrize(
    "change",
    [
        {"range": RANGE},
        {"range": {"start": PLACE}, "text": "y"},
        {"range": {"start": PLACE, "end": {"line": -1, "character": 0}}, "text": "y"},
        {"range": {"start": PLACE, "end": {"line": "x", "character": 0}}, "text": "y"},
        {"range": 5, "text": "y"},
        7,
    ],
)
async def test_a_document_is_dropped_until_it_is_reopened_where_a_change_cannot_be_read(
    tmp_path: Path, change: Any
) -> None:
    """The good changes of the same message are not made either: nobody knows where they are."""
    async with peer(tmp_path) as client:
        _tell_opened(client, "x")
        changes = [{"text": "good"}, change]
        named = {"uri": URI, "version": 2}
        client.notify("textDocument/didChange", {"textDocument": named, "contentChanges": changes})
        await client.until_heard()
        assert client.session.documents.find(URI) is None
        client.notify(
            "textDocument/didChange", {"textDocument": named, "contentChanges": [{"text": "z"}]}
        )
        await client.until_heard()
        assert client.session.documents.find(URI) is None
        _tell_opened(client, "again")
        await client.until_heard()
        assert client.session.documents.get(URI).document.text == "again"


def _tell_opened(client: Peer, text: str) -> None:
    item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": item})


async def test_twenty_thousand_changes_in_one_message_are_made_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They held the event loop for three seconds; what comes after them waits for all of them."""
    dice, lines = random.Random(7), [""] * 301
    changes: list[dict[str, Any]] = []
    for at in range(20_000):
        line, text = dice.randrange(301), f"{at % 10}"
        place = {"line": line, "character": len(lines[line])}
        lines[line] += text
        changes.append({"range": {"start": place, "end": place}, "text": text})
    made, texts = [], []

    def noted(given: Sequence[Any], before: Lines) -> tuple[tuple[Edit, ...], Lines]:
        made.append(len(given))
        return edits_from_lsp(given, before)

    monkeypatch.setattr("herdmate.lsp.documents.edits_from_lsp", noted)
    item = {"uri": URI, "languageId": "plaintext", "version": 1, "text": "\n" * 300}
    async with peer() as client:
        client.notify("textDocument/didOpen", {"textDocument": item})
        named = {"uri": URI, "version": 2}
        params = {"textDocument": named, "contentChanges": changes}
        client.notify("textDocument/didChange", params)
        asking = asyncio.ensure_future(client.until_heard())
        while not asking.done():  # others have their turn
            texts.append(client.session.documents.find(URI))
            await asyncio.sleep(0)
        opened = client.session.documents.get(URI).document
        assert (opened.text, opened.version) == ("\n".join(lines), 2)
    assert max(made) <= MOST_AT_ONCE["textDocument/didChange"][1]
    assert sum(made) == len(changes)
    assert len({opened.document.text for opened in texts if opened}) > 20


async def test_a_long_message_is_parsed_and_counted_as_a_key_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """3,000 changes took three times as long in parts, and passed for very quick typing."""
    monkeypatch.setattr("herdmate.lsp.open_document._AT_A_KEY", 60.0)  # the machine may be busy
    changes: list[dict[str, Any]] = []
    for at in range(350):
        place = {"line": at % 300, "character": 0}
        changes.append({"range": {"start": place, "end": place}, "text": f"x{at} = 1; "})
    text, trees, keys = "y = 2\n" * 300, [], list[float]()
    item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
    edit = syntax.edited

    def counted(tree: syntax.SyntaxTree, *more: Any) -> syntax.SyntaxTree | None:
        trees.append(tree)
        return edit(tree, *more)

    async with peer() as client:
        client.notify("textDocument/didOpen", {"textDocument": item})
        await client.until_heard()
        documents = client.session.documents
        parse_all(documents)
        monkeypatch.setattr(syntax, "edited", counted)
        monkeypatch.setattr(Latency, "note_key", lambda _, gap: keys.append(gap))
        named = {"uri": URI, "version": 2}
        client.notify("textDocument/didChange", {"textDocument": named, "contentChanges": changes})
        await client.until_heard()
        assert (len(trees), len(keys)) == (1, 1)
        opened = documents.get(URI).document
        tree = refresh_until_fresh(documents, URI)
        fresh = syntax.parse(opened.text, "python")
        assert fresh is not None
        assert _places(tree) == _places(fresh)
        cells = [{"document": {"uri": f"{URI}#{at}", "version": 2}, "changes": [{"text": "a"}]}
                 for at in range(3)]  # fmt: skip
        book = {
            "uri": "file:///a.ipynb", "notebookType": "jupyter-notebook", "version": 1,
            "cells": [{"kind": 2, "document": f"{URI}#{at}"} for at in range(3)],
        }  # fmt: skip
        texts = [{**item, "uri": f"{URI}#{at}"} for at in range(3)]
        given = {"notebookDocument": book, "cellTextDocuments": texts}
        client.notify("notebookDocument/didOpen", given)
        named = {"uri": "file:///a.ipynb", "version": 2}
        given = {"notebookDocument": named, "change": {"cells": {"textContent": cells}}}
        client.notify("notebookDocument/didChange", given)
        await client.until_heard()
        assert len(keys) == 2


def _places(tree: syntax.SyntaxTree) -> list[tuple[str, int]]:
    return [(node.type, node.start_byte) for node in tree.tree.root_node.children]


def test_a_parse_that_ends_amid_a_long_message_is_not_lost() -> None:
    documents = _open(CODE * 5_000)
    for at in range(4):
        named = types.VersionedTextDocumentIdentifier(2, URI)
        params = types.DidChangeTextDocumentParams(named, [_insert(at, 0, f"# {at} ")])
        if at == 2:
            parse_all(documents)
        documents.change(params, goes_on=at < 3)
        assert _text(documents).count("# ") == at + 1
    tree = refresh_until_fresh(documents, URI)
    assert tree.source.text == _text(documents)


@pytest.mark.parametrize("failing", ["edits_from_lsp", "edited"])
async def test_a_document_is_dropped_until_it_is_reopened_where_a_change_meets_an_internal_error(
    failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the server went on with a text that was no longer the client's."""

    def fail(*_given: object) -> None:
        raise KeyError(failing)

    item = {"uri": URI, "languageId": "python", "version": 1, "text": CODE}
    place = {"line": 0, "character": 0}
    changed = {
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [{"range": {"start": place, "end": place}, "text": "x"}],
    }
    async with peer() as client:
        client.notify("textDocument/didOpen", {"textDocument": item})
        with monkeypatch.context() as patch:
            patch.setattr(f"herdmate.lsp.documents.{failing}", fail)
            client.notify("textDocument/didChange", changed)
            await client.until_heard()
        client.notify("textDocument/didChange", changed)
        await client.until_heard()
        assert client.session.documents.find(URI) is None
        client.notify("textDocument/didOpen", {"textDocument": item})
        client.notify("textDocument/didChange", changed)
        await client.until_heard()
        assert _text(client.session.documents) == "x" + CODE


async def test_a_notebook_is_dropped_where_a_change_of_it_meets_an_internal_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book, cell = {"uri": "file:///a.ipynb", "version": 1}, "vscode-notebook-cell:/a.ipynb#1"
    item = {"uri": cell, "languageId": "python", "version": 1, "text": CODE}
    shown = {**book, "notebookType": "jupyter", "cells": [{"kind": 2, "document": cell}]}

    def fail(*_given: object) -> None:
        raise KeyError(cell)

    async with peer() as client:
        client.notify(
            "notebookDocument/didOpen", {"notebookDocument": shown, "cellTextDocuments": [item]}
        )
        await client.until_heard()
        assert cell in client.session.documents
        monkeypatch.setattr("herdmate.lsp.documents.changed_notebook", fail)
        change = {"notebookDocument": book, "change": {"cells": {"textContent": []}}}
        client.notify("notebookDocument/didChange", change)
        await client.until_heard()
        assert cell not in client.session.documents


def test_edits_that_lead_nowhere_new_keep_the_tree() -> None:
    opened = _open(CODE).get(URI)
    again = edited(opened, (Edit(Span(0, 0), "x"), Edit(Span(0, 1), "")), opened.lines, 2)
    assert again.document.tree is opened.document.tree
