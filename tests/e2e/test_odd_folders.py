"""Long paths of blanks, other scripts, emoji, ``#`` and ``%``; code from right to left."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.editor import NEOVIM, VSCODE, editor
from tests.e2e.shop import code_reply

pytestmark = pytest.mark.e2e

NAMES = ("Größere Übung #1", "100% Schafe 🐑", "مشروع", "ein langer Ordner " * 8 + "%25")
NAME = "מלאי #2 50%25.py"
CODE = """from zählen import zähle_schafe


# הפריט הזול ביותר, أرخص عنصر
def שווי(פריטים):
    סכום = sum(פריטים)
    return סכום
"""
HOLE = "    "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace of more than 200 characters, with a second file."""
    made = tmp_path.joinpath(*NAMES)
    made.mkdir(parents=True)
    assert len(str(made)) > 200
    made.joinpath("zählen.py").write_text(
        'def zähle_schafe(herde):\n    """Zählt die Schafe der Herde."""\n', encoding="utf-8"
    )
    return made


def _uri(folder: Path, name: str) -> str:
    """As VS Code spells it, or as pathlib does."""
    path = folder / NAME
    return f"file://{quote(str(path), safe='/')}" if name == VSCODE else path.as_uri()


@pytest.mark.parametrize("name", [VSCODE, NEOVIM])
async def test_ghost_text_in_an_odd_folder(name: str, folder: Path, tmp_path: Path) -> None:
    record, uri = tmp_path / "record", _uri(folder, name)
    text = CODE + "\n\n# כמה כבשים יש\ndef כמה(עדר):\n" + HOLE
    folder.joinpath(NAME).write_text(text, encoding="utf-8")
    replies = {"fim_middle": "return zähle_schafe(עדר)"}
    async with editor(name, folder, replies, record=str(record)) as client:
        client.open(uri, text)
        line = text.count("\n")
        beside = "Zählt die Schafe"
        for _ in range(50):  # until the file beside it has been read, while nobody types
            assert await client.ghost_text(uri, line, len(HOLE)) == [replies["fim_middle"]]
            if beside in record.read_text("utf-8"):
                break
            client.change(uri, client.texts[uri][1] + "\n# ")
            await asyncio.sleep(1.1)
    assert beside in record.read_text("utf-8")


@pytest.mark.parametrize("name", [VSCODE, NEOVIM])
async def test_explaining_and_refactoring_in_an_odd_folder(name: str, folder: Path) -> None:
    uri = _uri(folder, name)
    first = CODE.count("\n", 0, CODE.index("def "))
    reply = "def שווי(פריטים):\n    return sum(פריטים)"
    async with editor(name, folder, code_reply(reply), knows=("explanation",)) as client:
        client.open(uri, CODE)
        end = (first + 2, len("    return סכום") if name == VSCODE else len(b"    return ") + 8)
        actions = await client.actions(uri, (first, 0), end)
        await client.run(actions["explain"])
        await client.until(lambda: client.parts and client.parts[-1]["done"])
        assert client.parts[-1]["error"] is None
        assert NAME in client.parts[0]["title"]
        await client.run(actions["simplify"])
        (edit,) = await client.until(lambda: client.edits)
        changed = edit.changes or {
            it.text_document.uri: it.edits for it in edit.document_changes or ()
        }
        assert list(changed) == [uri]
        lines = "".join(change.new_text for change in changed[uri])
        assert "return sum(פריטים)" in lines


@pytest.mark.parametrize("says", [" כבשים בעדר", "כבשים בעדר"])
async def test_no_stray_space_in_a_comment_from_right_to_left(says: str, tmp_path: Path) -> None:
    """The blank that was typed is not doubled by the model's."""
    text = "# כמה \ndef f():\n    return 1\n"
    async with editor(VSCODE, tmp_path, {"fim_middle": says}) as client:
        client.open("file:///project/sheep.py", text)
        found = await client.ghost_text("file:///project/sheep.py", 0, len("# כמה "))
        assert found == ["כבשים בעדר"]
