"""The cells of a notebook are one document, of which the client knows each by itself."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lsprotocol import types

from herdmate.context import syntax
from herdmate.lsp.convert import edits_to_lsp
from herdmate.lsp.documents import Documents
from herdmate.text import Edit, Span
from tests.lsp.parsing import parse_all

BOOK = "file:///a.ipynb"

Changes = Sequence[types.TextDocumentContentChangeEvent]


def _item(uri: str, text: str, language: str = "python") -> types.TextDocumentItem:
    return types.TextDocumentItem(uri, language, 1, text)


def _cell(uri: str) -> types.NotebookCell:
    return types.NotebookCell(types.NotebookCellKind.Code, uri)


def _opened(*items: types.TextDocumentItem) -> Documents:
    documents = Documents()
    book = types.NotebookDocument(BOOK, "jupyter-notebook", 1, [_cell(item.uri) for item in items])
    documents.open_notebook(types.DidOpenNotebookDocumentParams(book, list(items)))
    return documents


def _change(documents: Documents, cells: types.NotebookDocumentCellChanges) -> None:
    name = types.VersionedNotebookDocumentIdentifier(2, BOOK)
    event = types.NotebookDocumentChangeEvent(cells=cells)
    documents.change_notebook(types.DidChangeNotebookDocumentParams(name, event))


def _type(documents: Documents, uri: str, version: int, changes: Changes) -> None:
    document = types.VersionedTextDocumentIdentifier(version, uri)
    content = types.NotebookDocumentCellContentChanges(document, changes)
    _change(documents, types.NotebookDocumentCellChanges(text_content=[content]))


def test_a_cell_is_a_part_of_all_cells_of_its_language() -> None:
    documents = _opened(
        _item("one", "def f():\n    return 1"),
        _item("two", "# Title", "markdown"),
        _item("three", "f()\n"),
    )
    cell = documents.get("three")
    assert cell.document.text == "def f():\n    return 1\n\nf()\n"
    assert (cell.document.uri, cell.document.version) == ("three", 1)
    assert cell.lines.offset(types.Position(0, 1)) == cell.document.text.index("f()\n") + 1
    assert documents.get("two").document.text == "# Title"
    assert documents.uris() == documents.cells(BOOK) == ("one", "two", "three")


def test_places_and_edits_are_the_cells_own() -> None:
    documents = _opened(_item("one", "a = 1\nb = '😀'"), _item("two", "c = '😀' + b"))
    cell = documents.get("two")
    at = cell.document.text.index("+ b")
    assert cell.lines.position(at) == types.Position(0, len("c = '😀' ") + 1)
    (edit,) = edits_to_lsp([Edit(Span(at, at + 3), "")], cell.lines)
    assert edit.range.start == types.Position(0, 9)
    beyond = types.Position(7, 0)  # as clients say «to the end»
    first = documents.get("one")
    assert first.document.text[: first.lines.offset(beyond)] == "a = 1\nb = '😀'"
    assert first.lines.position(len(first.document.text)) == types.Position(1, 8)


def test_random_edits_make_what_the_client_has() -> None:
    dice = random.Random(2)
    texts = {"one": "x = 1\n", "two": "", "three": "def f():\n    pass"}
    documents = _opened(*(_item(uri, text) for uri, text in texts.items()))
    for version in range(2, 120):
        uri, new = dice.choice(list(texts)), dice.choice(("y = 2\n", "", "\n\n", "if x:\n  z", "é"))
        if dice.random() < 0.1:
            texts[uri] = new
            change: types.TextDocumentContentChangeEvent
            change = types.TextDocumentContentChangeWholeDocument(new)
        else:
            lines = texts[uri].split("\n")
            first, last = sorted(dice.choices(range(len(lines)), k=2))
            texts[uri] = "\n".join([*lines[:first], new + lines[last], *lines[last + 1 :]])
            range_ = types.Range(types.Position(first, 0), types.Position(last, 0))
            change = types.TextDocumentContentChangePartial(range_, new)
        _type(documents, uri, version, [change])
        documents.refresh(uri)
        parse_all(documents)
        cell = documents.get(uri)
        whole = cell.lines.whole
        assert cell.document.text == "\n\n".join(texts.values())
        assert cell.document.text[whole.start : whole.end] == texts[uri]
        assert cell.document.version == version
        fresh, tree = syntax.parse(cell.document.text, "python"), syntax.tree_of(cell.document)
        assert fresh is not None
        assert tree is not None
        assert str(tree.tree.root_node) == str(fresh.tree.root_node)


def test_cells_come_move_and_go() -> None:
    documents = _opened(_item("one", "a = 1"), _item("two", "b = 2"))
    add = types.NotebookCellArrayChange(1, 0, [_cell("new")])
    structure = types.NotebookDocumentCellChangeStructure(add, [_item("new", "n = 0\n")])
    _change(documents, types.NotebookDocumentCellChanges(structure))
    assert documents.get("one").document.text == "a = 1\n\nn = 0\n\n\nb = 2"
    swap = types.NotebookCellArrayChange(0, 2, [_cell("new"), _cell("one")])
    _change(
        documents,
        types.NotebookDocumentCellChanges(types.NotebookDocumentCellChangeStructure(swap)),
    )
    assert documents.get("one").document.text == "n = 0\n\n\na = 1\n\nb = 2"
    drop = types.NotebookCellArrayChange(0, 1)
    _change(
        documents,
        types.NotebookDocumentCellChanges(types.NotebookDocumentCellChangeStructure(drop)),
    )
    assert documents.find("new") is None
    assert documents.get("two").document.text == "a = 1\n\nb = 2"
    documents.close_notebook(BOOK)
    assert documents.uris() == ()
    _type(documents, "one", 9, [types.TextDocumentContentChangeWholeDocument("late")])
    assert documents.find("one") is None
