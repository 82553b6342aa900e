"""An explanation goes on, whatever becomes of the document that it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import request_of
from herdmate.lsp.handlers import explanation
from herdmate.lsp.protocol import ActionArguments, Turn
from tests.lsp.in_process import peer

_RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
_TURNS = [Turn("user", "Explain."), Turn("assistant", "It adds.")]


@pytest.mark.parametrize(
    ("makes", "asked"),
    [("explanation_of", {}), ("follow_up", {"turns": _TURNS, "instruction": "Why?"})],
)
async def test_a_file_may_be_closed_as_soon_as_it_is_to_be_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, makes: str, asked: dict[str, Any]
) -> None:
    uri = (tmp_path / "a.py").as_uri()
    text = "def add(a, b):\n    return a + b\n"
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    async with peer(tmp_path) as client:
        client.notify("textDocument/didOpen", {"textDocument": item})
        await client.until_heard()
        make = getattr(explanation, makes)

        async def closing(*given: Any) -> Any:
            question = await make(*given)
            client.session.documents.close(uri)
            return question

        monkeypatch.setattr(explanation, makes, closing)
        action = client.session.configuration.library.get("explain")
        arguments = ActionArguments(uri, _RANGE, "explain", **asked)
        request = request_of(client.session, arguments, action)
        await explanation._stream(client.session, request, "one")
        parts = [note["params"] for note in client.notifications
                 if note["method"] == protocol.EXPLANATION]  # fmt: skip
        assert uri not in client.session.documents
    assert "".join(part["text"] for part in parts) == "pass"
    assert [part["error"] for part in parts if part["done"]] == [None]
