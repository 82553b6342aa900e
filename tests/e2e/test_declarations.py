"""Definitions behind imports, where the client's other language servers find them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from herdmate.lsp import protocol
from tests.e2e.editor import VSCODE, Editor, as_json, editor

pytestmark = pytest.mark.e2e

CODE = "from pay import charge, api_keys, built, broken\n\n\ndef buy(price):\n    \n"
HOLE = (4, 4)
SIGNATURE = "def charge(amount: int, currency: str) -> str:"
REPLIES = {SIGNATURE: "charge(price, 'EUR')", "fim_middle": "pass"}


async def test_a_client_says_where_imported_names_are_defined(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    library = tmp_path_factory.mktemp("site-packages")
    answers = {
        16: _file(library / "pay.py", f"{SIGNATURE}\n    return f'{{amount}}'\n"),
        24: _file(library / "secrets.py", "def api_keys(): ...\n"),
        34: _file(tmp_path / "out" / "built.py", "def built(): ...\n"),
        41: "untitled:broken.py",
    }
    _file(tmp_path / ".gitignore", "out/\n")
    record = tmp_path_factory.mktemp("record") / "prompts.txt"
    uri = (tmp_path / "shop.py").as_uri()
    knows = ("declarations",)
    async with editor(VSCODE, tmp_path, REPLIES, knows=knows, record=str(record)) as client:
        asked = _answering(client, answers)
        await client.until_ready()
        client.open(uri, CODE)
        # Once it is known, the model reads ahead with it: nothing else is asked of the model.
        await asyncio.wait_for(_until_read(record, SIGNATURE), 120)
        assert await client.ghost_text(uri, *HOLE) == ["charge(price, 'EUR')"]
        client.change(uri, CODE.replace("    \n", "    c\n"))
        assert await client.ghost_text(uri, HOLE[0], HOLE[1] + 1) != ["pass"]
        (params,) = asked
        assert (params["uri"], params["version"]) == (uri, 0)
        assert [at["character"] for at in params["positions"]] == [*answers]
        said = record.read_text()
        assert "def api_keys" not in said
        assert "def built" not in said


async def test_a_client_that_does_not_offer_it_is_not_asked(tmp_path: Path) -> None:
    uri = (tmp_path / "shop.py").as_uri()
    async with editor(VSCODE, tmp_path, REPLIES) as client:
        asked = _answering(client, {})
        await client.until_ready()
        client.open(uri, CODE)
        await client.until_status(lambda now: now["engine"]["requests"])  # it was looked at
        assert await client.ghost_text(uri, *HOLE) == ["pass"]
        assert not asked


def _answering(client: Editor, answers: dict[int, str]) -> list[dict[str, Any]]:
    """What a client is asked that names a URI for each column."""
    asked: list[dict[str, Any]] = []

    @client.feature(protocol.DECLARATIONS)
    def declarations(params: Any) -> list[dict[str, Any]]:
        asked.append(as_json(params))
        at = {"line": 0, "character": 4}
        return [
            {
                "position": place,
                "uri": answers[place["character"]],
                "range": {"start": at, "end": at},
            }
            for place in asked[-1]["positions"]
        ]

    return asked


def _file(path: Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path.as_uri()


async def _until_read(record: Path, words: str) -> None:
    while not record.exists() or words not in record.read_text():  # noqa: ASYNC110 - nothing tells when
        await asyncio.sleep(0.01)
