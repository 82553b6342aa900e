"""Edits that an editor refuses by itself, in each editor's own way: the user is told, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import session

URI = "file:///work/shop.py"
CODE = "def f(x):\n    y = x\n    return y\n"
REPLY = "```python\ndef f(x):\n    return x\n```"
EMACS = types.ClientCapabilities(  # of both clients: no window/showMessageRequest
    workspace=types.WorkspaceClientCapabilities(
        apply_edit=True,
        workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
    )
)
EGLOTS = "Edits on `shop.py' require version 0, you have 1"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(EGLOTS, EGLOTS, id="eglot answers with an error"),
        pytest.param("", "the file has changed", id="lsp-mode says no and not why"),
    ],
)
async def test_an_edit_that_the_editor_refuses(error: str, reason: str, tmp_path: Path) -> None:
    async with session(EMACS, tmp_path, {"Simplify": REPLY}) as client:
        client.edits_fail_with = error
        client.applies_edits = False
        client.open(URI, CODE)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        (message,) = await client.until(lambda: client.messages)
        assert message.message.startswith("The editor did not apply the change (")
        assert reason in message.message
        assert message.message.endswith("; try again.")
        assert len(client.edits) == 1
