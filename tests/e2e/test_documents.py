"""What reaches the model of a real server is the text that the client has, after any edits."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import EMACS, NEOVIM, VSCODE, Editor, editor
from tests.lsp.client_text import ClientText

pytestmark = pytest.mark.e2e

ROUNDS = 40
PIECES = ("x", "é", "😀", "\n", "\r\n", "a\r\nb\r\n", "\r", "", "y = '😀é'\n", "\ufeff", "\u2028")
ENCODINGS = {VSCODE: "utf-16", NEOVIM: "utf-8", EMACS: "utf-32"}


@pytest.mark.parametrize("name", list(ENCODINGS))
async def test_the_model_is_asked_about_the_clients_text(name: str, tmp_path: Path) -> None:
    dice, record, uri = random.Random(19), tmp_path / "record", (tmp_path / "a.txt").as_uri()
    options = {"completion": {"prefill": False, "related": False}}
    async with editor(name, tmp_path, {"": "said"}, options=options, record=str(record)) as client:
        await client.until_ready()
        mine = ClientText(b"", ENCODINGS[name])
        client.open(uri, "", "plaintext")
        for version in range(1, ROUNDS + 1):
            _edit_at_random(client, mine, uri, 2 * version - 1, dice)
            mark = f"<{version}>"  # asked behind it: nothing of before is there to be shown again
            _change(client, mine, uri, 2 * version, [((0, 0), (0, 0), mark)])
            known = record.stat().st_size if record.exists() else 0
            await client.ghost_text(uri, 0, len(mark))
            asked = record.read_bytes()[known:].decode()
            text = _text_of(mine)
            assert text.startswith(mark)
            # Models are shown one kind of line end, and no half of a character.
            shown = re.sub("\r\n|\r", "\n", text.removeprefix(mark)).encode("utf-8", "replace")
            assert shown.decode() in asked


Places = list[tuple[tuple[int, int], tuple[int, int], str]]


def _edit_at_random(
    client: Editor, mine: ClientText, uri: str, version: int, dice: random.Random
) -> None:
    """So that the text stays short enough to reach the model whole."""
    places: Places = [
        ((dice.randrange(9), dice.randrange(9)), (dice.randrange(9), dice.randrange(9)),
         dice.choice(PIECES)) for _ in range(dice.randrange(1, 12))
    ]  # fmt: skip
    if len(_text_of(mine)) > 100:
        places.append(((2, 0), (99, 0), ""))
    _change(client, mine, uri, version, places)


def _change(client: Editor, mine: ClientText, uri: str, version: int, places: Places) -> None:
    told: list[types.TextDocumentContentChangeEvent] = []
    for start, end, text in places:
        mine.edit(start, end, text)
        range_ = types.Range(types.Position(*start), types.Position(*end))
        told.append(types.TextDocumentContentChangePartial(range_, text))
    named = types.VersionedTextDocumentIdentifier(version, uri)
    client.text_document_did_change(types.DidChangeTextDocumentParams(named, told))


def _text_of(mine: ClientText) -> str:
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[mine.encoding]
    return mine.data.decode(codec, "surrogatepass")
