"""Secrets never reach the engine: canaries are planted, and all text that comes to it is read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types

from herdmate.lsp import protocol
from tests.e2e.editor import VSCODE, Editor, editor, inline_params

pytestmark = pytest.mark.e2e

CANARY = "CANARY0c4f"
KEY = f"""-----BEGIN RSA PRIVATE KEY-----
{CANARY}MIIEpAIBAAKCAQEA
-----END RSA PRIVATE KEY-----"""
CODE = f'''from helper import visible_helper
from ignored import ignored_helper

KEY = """{KEY}"""


def total(items):
    visible_helper(ignored_helper(key_helper()))
    x =
'''
LAST = CODE.count("\n") - 1


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        ".gitignore": "ignored.py\nprivate/\n",
        "ignored.py": f"def ignored_helper({CANARY}):\n    return 1\n",
        "private/other.py": f"def total({CANARY}):\n    return 1\n",
        "helper.py": "def visible_helper(seen_by_the_model):\n    return 1\n",
        "keys.py": f"def key_helper(\n    key='''{KEY}'''\n):\n    return 1\n",
        "secrets.yaml": f"password: {CANARY}\n",
        ".env": f"PASSWORD={CANARY}\n",
        "main.py": CODE,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / ".git").mkdir()
    return tmp_path


async def test_no_canary_reaches_the_engine(project: Path) -> None:
    record = project / "record.txt"
    replies = {"fim_middle": " 1", "": "It adds."}
    async with editor(VSCODE, project, replies, record=str(record)) as client:
        await client.until_ready()
        main = _open(client, project / "main.py")
        for name in (".env", "ignored.py", "secrets.yaml", "private/other.py", "keys.py"):
            _open(client, project / name)
        for _ in range(50):  # until the index has been read
            assert await client.ghost_text(main, LAST, 7)
            if "seen_by_the_model" in record.read_text(encoding="utf-8"):
                break
            client.change(main, client.texts[main][1] + "# \n")
            await asyncio.sleep(1.1)  # files are read while nobody types
        for name in (".env", "ignored.py", "secrets.yaml", "private/other.py"):
            uri = (project / name).as_uri()
            assert await client.ghost_text(uri, 0, 3) == []
            assert await client.actions(uri, (0, 0), (1, 0)) == {}
            await _command(client, protocol.COMMAND_EXPLAIN, uri, 0, 1, "explain")
            await _until_told(client, "the model never sees")
        await _command(client, protocol.COMMAND_EXPLAIN, main, 3, LAST, "explain")
        await _command(client, protocol.COMMAND_REWRITE, main, 3, LAST, "simplify")
        await _until_told(client, "private key")
        await _command(client, protocol.COMMAND_EXPLAIN, main, 6, LAST, "explain")
    reached = record.read_text(encoding="utf-8")
    assert "seen_by_the_model" in reached
    assert "BEGIN RSA PRIVATE KEY" in reached
    assert CANARY not in reached


async def test_a_file_that_git_ignores_says_why_nothing_comes(project: Path) -> None:
    async with editor(VSCODE, project, {"": "x"}) as client:
        await client.until_ready()
        uri = _open(client, project / "ignored.py")
        await client.text_document_inline_completion_async(inline_params(uri, 1, 4))
        why = await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_WHY)
        )
    assert "git ignores this file" in str(why)


async def test_rules_above_the_workspace_hold_and_so_do_those_that_come_later(
    tmp_path: Path,
) -> None:
    root, record = tmp_path / "sub", tmp_path / "record.txt"
    (tmp_path / ".git").mkdir()
    root.mkdir()
    (tmp_path / ".gitignore").write_text("private_*.py\n", "utf-8")
    for name, parameter in {"private_a": CANARY, "shapes": "seen_at_first", "b": "seen"}.items():
        (root / f"{name}.py").write_text(f"def {name}_made({parameter}):\n    return \n", "utf-8")
    code = "import private_a, shapes, b\n\nx = private_a_made(shapes_made(b_made("
    (root / "main.py").write_text(code, "utf-8")
    async with editor(VSCODE, root, {"fim_middle": "1"}, record=str(record)) as client:
        await client.until_ready()
        main, other = _open(client, root / "main.py"), _open(client, root / "shapes.py")
        await _ask_until(client, main, record, "def shapes_made(seen_at_first):", 0)
        assert await client.ghost_text(other, 1, 11)
        (tmp_path / ".gitignore").write_text("private_*.py\nshapes.py\n", "utf-8")
        saved = types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(main))
        client.text_document_did_save(saved)
        assert await client.ghost_text(other, 1, 11) == []
        before = len(record.read_text("utf-8"))
        await _ask_until(client, main, record, "def b_made(seen):", before)
        reached = record.read_text("utf-8")
    assert "seen_at_first" not in reached[before:]
    assert CANARY not in reached


async def _ask_until(client: Editor, uri: str, record: Path, words: str, start: int) -> None:
    """Ask at the end of a text that changes until these words reach the engine behind ``start``."""
    for _ in range(50):
        version, text = client.texts[uri]
        text = text.partition(" # again")[0] + f" # again {version}\nx = "
        client.change(uri, text)
        await client.ghost_text(uri, text.count("\n"), 4)
        if words in record.read_text("utf-8")[start:]:
            return
        await asyncio.sleep(1.1)  # files are read while nobody types
    raise AssertionError(f"{words} never came")


def _open(client: Editor, path: Path) -> str:
    client.open(path.as_uri(), path.read_text(encoding="utf-8"))
    return path.as_uri()


async def _until_told(client: Editor, words: str) -> None:
    """Wait for a message of these words, and forget it."""
    await client.until(lambda: any(words in item.message for item in client.messages))
    client.messages.clear()


async def _command(
    client: Editor, command: str, uri: str, first: int, last: int, action: str
) -> None:
    range_ = {
        "start": {"line": first, "character": 0},
        "end": {"line": last, "character": 0},
    }
    arguments = {"uri": uri, "range": range_, "action": action, "version": None}
    await client.workspace_execute_command_async(types.ExecuteCommandParams(command, [arguments]))
