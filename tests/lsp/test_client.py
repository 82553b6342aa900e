"""The client of the demonstration and the bench, with a real server and the fake engine."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from herdmate.lsp.client import connect
from herdmate.text import Document, Span

DOCUMENT = Document("file:///project/a.py", "python", "def double(x):\n    return 2 * x\n")


@pytest.mark.e2e
async def test_nothing_is_warned_of_while_an_explanation_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"replies": {"": "It doubles."}}))
    async with connect({}, serve=("--fake-engine", str(script))) as client:
        await client.ready(lambda _message, _fraction: None)
        client.open(DOCUMENT)
        text = "".join([part async for part in client.explain(DOCUMENT, Span(0, 30))])
    assert "It doubles." in text
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []
