"""Parameters that are not what the specification says."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from herdmate.lsp.params import UnreadableError, params_from_json, strict_converter, structured

ODD: tuple[Any, ...] = (None, True, 5, 1.5, "text", [], {})


@pytest.mark.parametrize(
    ("type_", "json", "name", "taken"),
    [
        (types.TextDocumentIdentifier, {}, "uri", ["text"]),
        (types.Position, {"character": 0}, "line", [5]),
        (types.WorkDoneProgressCancelParams, {}, "token", [5, "text"]),
        (types.TextDocumentItem, {"uri": "", "version": 1, "text": ""}, "languageId", ["text"]),
        (types.CodeAction, {"title": ""}, "kind", [None, "text"]),
        (types.CodeAction, {"title": ""}, "isPreferred", [None, True]),
        (types.InlineCompletionContext, {}, "triggerKind", []),
        (types.InlineCompletionParams, {}, "workDoneToken", []),
        (types.SetTraceParams, {}, "value", []),
    ],
)
def test_a_text_is_a_text_and_a_number_a_number(
    type_: type[Any], json: dict[str, Any], name: str, taken: list[Any]
) -> None:
    converter = strict_converter()
    for odd in ODD:
        if odd in taken and type(odd) in map(type, taken):
            structured(converter, {**json, name: odd}, type_)
        else:
            with pytest.raises(UnreadableError):
                structured(converter, {**json, name: odd}, type_)


@pytest.mark.parametrize("number", [0, 7, 7.0, 2**31 - 1])
def test_numbers_that_are_whole_and_in_bounds(number: Any) -> None:
    position = structured(strict_converter(), {"line": number, "character": 0}, types.Position)
    assert position == types.Position(int(number), 0)
    assert isinstance(position.line, int)


@pytest.mark.parametrize("name", ["visual-studio-code", "neovim", "emacs"])
def test_what_editors_say_of_themselves_is_read(name: str) -> None:
    converter, capabilities = strict_converter(), client_capabilities(name)
    json = converter.unstructure(types.InitializeParams(capabilities))
    assert params_from_json(converter, types.INITIALIZE, json).capabilities == capabilities


def test_the_sentence_holds_nothing_of_what_came() -> None:
    with pytest.raises(UnreadableError) as raised:
        params_from_json(strict_converter(), "textDocument/didOpen", {"textDocument": "secret"})
    assert "secret" not in str(raised.value)
    assert str(raised.value).endswith(".")
