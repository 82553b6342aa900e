"""Documents follow the editor, edit by edit."""

from __future__ import annotations

import random

import pytest
from lsprotocol import types

from herdmate.context import syntax
from herdmate.context.parser_client import ParserClient
from herdmate.lsp.documents import Documents
from tests.lsp.parsing import parse_all, refresh_until_fresh

URI = "file:///a.py"


def _documents(text: str, encoding: types.PositionEncodingKind) -> Documents:
    documents = Documents()
    documents.encoding = encoding
    documents.open(types.TextDocumentItem(URI, "python", 0, text))
    parse_all(documents)
    return documents


def _change(documents: Documents, version: int, start: int, end: int, text: str) -> None:
    lines = documents.get(URI).lines
    change = types.TextDocumentContentChangePartial(
        types.Range(lines.position(start), lines.position(end)), text
    )
    documents.change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version, URI), [change]
        )
    )


def test_random_edits_in_every_encoding() -> None:
    dice = random.Random(1)
    for encoding in types.PositionEncodingKind:
        text = "def f():\r\n\treturn '😀'\n\n# é\n"
        documents = _documents(text, encoding)
        for version in range(1, 60):
            rope = documents.get(URI).lines.rope  # whole lines: never inside of \r\n
            starts = [rope.line(number)[0] for number in range(rope.line_count)]
            start, end = sorted((dice.choice(starts), dice.choice(starts)))
            new = dice.choice(("x = 1\n", "😀\r\n", "def g():\n    pass\n", "", "é"))
            text = text[:start] + new + text[end:]
            _change(documents, version, start, end, new)
            documents.refresh(URI)  # the machine may have been too busy for it
            parse_all(documents)
            opened = documents.get(URI)
            assert (opened.document.text, opened.document.version) == (text, version)
            fresh = syntax.parse(text, "python")
            tree = syntax.tree_of(opened.document)
            assert fresh is not None
            assert tree is not None
            assert syntax.error_count(tree) == syntax.error_count(fresh)


def test_the_whole_text_at_once() -> None:
    documents = _documents("old", types.PositionEncodingKind.Utf16)
    documents.change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(1, URI),
            [types.TextDocumentContentChangeWholeDocument("new text\n")],
        )
    )
    assert documents.get(URI).document.text == "new text\n"


def test_a_change_of_a_document_that_was_never_opened_is_ignored() -> None:
    documents = Documents()
    answer = documents.change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(1, URI),
            [types.TextDocumentContentChangeWholeDocument("x")],
        )
    )
    assert answer is None
    assert documents.find(URI) is None


def test_an_old_version_stays_as_it_was() -> None:
    documents = _documents("a\n", types.PositionEncodingKind.Utf16)
    before = documents.get(URI)
    _change(documents, 1, 0, 1, "b")
    assert before.document.text == "a\n"
    documents.close(URI)
    assert documents.find(URI) is None


def test_what_takes_too_long_to_parse_is_not_tried_at_each_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    def give_up(_client: ParserClient, _text: str, language: str, *_rest: object) -> bool:
        tried.append(language)
        return False

    monkeypatch.setattr(ParserClient, "try_text", give_up)
    documents = _documents("x = 1\n", types.PositionEncodingKind.Utf16)
    for version in range(1, 5):
        _change(documents, version, 5, 5, "1")
        document = documents.get(URI).document
        assert syntax.tree_of(document) is None
        assert syntax.fresh_tree_of(document) is None
    assert len(tried) == 1
    _change(documents, 5, 0, len(documents.get(URI).document.text), "y = 2\n")
    parse_all(documents)
    assert len(tried) == 2  # another text is tried


def test_a_long_file_is_parsed_when_typing_pauses() -> None:
    text = "x = 1\n" * (syntax.LONG_TEXT // 6 + 1)
    documents = _documents(text, types.PositionEncodingKind.Utf16)
    _change(documents, 1, 0, 0, "def f(:\n")
    tree = documents.get(URI).document.tree
    assert isinstance(tree, syntax.SyntaxTree)
    assert tree.is_stale
    assert not syntax.error_count(tree)
    tree = refresh_until_fresh(documents, URI)
    assert syntax.error_count(tree)


@pytest.mark.parametrize("is_long", [False, True])
def test_a_version_whose_tree_a_later_edit_has_moved_on_is_not_looked_up_in_it(
    is_long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a long file the tree lacks the last keys anyway, which does not show that it moved on."""
    text = "x = 1\n\n\n'''\n\n'''\n"
    documents = _documents(text, types.PositionEncodingKind.Utf16)
    if is_long:
        monkeypatch.setattr(syntax, "LONG_TEXT", 10)
        _change(documents, 1, 0, 0, "y")
    before = documents.get(URI).document
    assert syntax.tree_of(before) is before.tree
    _change(documents, 2, 0, 7, "")
    after = documents.get(URI).document
    assert syntax.tree_of(after) is after.tree
    found = syntax.tree_of(before)
    if is_long:
        assert found is None
    else:
        assert found is not None
        assert found.tree.root_node.end_byte == len(text)


def test_a_document_has_the_lsp_name_of_its_language_after_edits_too() -> None:
    documents = Documents()
    documents.open(types.TextDocumentItem(URI, "sh", 0, "echo a\n"))
    part = types.TextDocumentContentChangeWholeDocument("echo b\n")
    name = types.VersionedTextDocumentIdentifier(1, URI)
    documents.change(types.DidChangeTextDocumentParams(name, [part]))
    document = documents.get(URI).document
    assert (document.language, document.said, document.text) == ("shellscript", "sh", "echo b\n")
