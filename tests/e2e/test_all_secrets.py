"""Secrets of every known name and shape never reach the engine, whatever is asked of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.lsp import protocol
from herdmate.prompting.library import load_library
from tests.context.test_secret_names import SECRET
from tests.context.tokens import tokens
from tests.e2e.editor import VSCODE, Editor, editor, inline_params

pytestmark = pytest.mark.e2e

CANARY = "CANARY0c4f"
TOKENS = tokens(11)
NAMES = [name for name in SECRET if "\\" not in name and ":" not in name and name == name.strip()]


def _code_with_tokens() -> str:
    """A function for each token, in a comment if it is on one line; the last function is begun."""
    return "".join(
        f"def ask_{at}(x):\n    y = x\n{_in_comment(token)}\n    return y\n\n\n"
        for at, (token, _) in enumerate(TOKENS.values())
    )


def _in_comment(token: str) -> str:
    return token if "\n" in token else f"    # {token}"


def _told(record: Path) -> str:
    return record.read_text("utf-8") if record.exists() else ""


def _leaked(reached: str) -> list[str]:
    return [
        name
        for name, (_, secret) in TOKENS.items()
        if secret[: len(secret) // 2] in reached or secret[len(secret) // 2 :] in reached
    ]


async def test_no_file_of_a_secret_name_reaches_the_engine(tmp_path: Path) -> None:
    assert len(NAMES) >= 200
    record, root = tmp_path / "record.txt", tmp_path / "project"
    for name in NAMES:
        path = root / name
        if not path.exists() and not path.parent.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"def canary_made({CANARY}):\n    return 1\n", "utf-8")
    (root / "link.py").symlink_to(root / ".env.vault")
    (root / "visible.py").write_text("def visible_made(seen):\n    return 1\n", "utf-8")
    main = "import visible, secrets, link\n\n\ndef f(x):\n    visible_made(canary_made(\n"
    (root / "main.py").write_text(main, "utf-8")
    async with editor(VSCODE, root, {"": "1"}, record=str(record)) as client:
        await client.until_ready()
        uris = [(root / name).as_uri() for name in (*NAMES, "link.py")]
        uris += [f"untitled:{name}" for name in NAMES[:40]]
        uris += [f"vscode-remote://ssh-remote+host/home/a/{name}" for name in NAMES[:20]]
        uris += [f'git:/a/{name}.git?{{"path":"/a/{name}","ref":"~"}}' for name in NAMES[:20]]
        uris += [f"vscode-notebook-cell:/a/{name}#W0sZmlsZQ%3D%3D" for name in NAMES[:20]]
        for uri in uris:
            client.open(uri, f"def canary_made({CANARY}):\n    return 1\n")
            assert await client.ghost_text(uri, 1, 12) == []
            assert await client.actions(uri, (0, 0), (1, 0)) == {}
        for uri in uris[:3]:
            client.messages.clear()
            await _run(client, protocol.COMMAND_EXPLAIN, uri, (0, 1), action="explain")
            await client.until(lambda: any("never sees" in one.message for one in client.messages))
        here = (root / "main.py").as_uri()
        client.open(here, main)
        for _ in range(200):  # until the index has been read, from which a secret name is left out
            await client.ghost_text(here, 4, 29)
            if "visible_made(seen)" in _told(record):
                break
            client.change(here, client.texts[here][1] + "# \n")
        assert "visible_made(seen)" in _told(record)
    assert CANARY not in _told(record)


async def test_no_token_reaches_the_engine_by_any_feature(tmp_path: Path) -> None:
    """All actions of the library are run, those to come too."""
    assert len(TOKENS) >= 60
    record, code = tmp_path / "record.txt", _code_with_tokens()
    last = code.count("\n")
    (tmp_path / "keys.py").write_text(
        "".join(
            f"def key_{at}(key={token!r}):\n    return 1\n"
            for at, (token, _) in enumerate(TOKENS.values())
            if "'" not in token and "\n" not in token
        ),
        "utf-8",
    )
    called = " + ".join(f"key_{at}()" for at in range(len(TOKENS)))
    use = f"import keys\n\n\ndef f(x):\n    y = {called}\n    return y\n"
    asked = {"": "It adds."}
    shares = ["\n".join([token for token, _ in TOKENS.values()][at::6]) for at in range(6)]
    actions = load_library()[0].actions
    assert {"explain", "rewrite", "tests"} <= {action.kind for action in actions}
    async with editor(
        VSCODE, tmp_path, asked, record=str(record), context=120_000, knows=("explanation",)
    ) as client:
        await client.until_ready()
        uri, other = (tmp_path / "main.py").as_uri(), (tmp_path / "use.py").as_uri()
        client.open(uri, code)
        client.open(other, use)
        client.open("untitled:Untitled-1", code)
        for one in (uri, "untitled:Untitled-1"):
            for line in (0, 3, last // 2, last):
                await client.ghost_text(one, line, 0)
        for _ in range(200):  # until the index has been read
            client.parts.clear()
            await _run(client, protocol.COMMAND_EXPLAIN, other, (0, 6), action="explain")
            await client.until(lambda: _is_done(client))
            if "def key_0(" in _told(record):
                break
        assert "def key_0(" in _told(record)
        await client.ghost_text(other, 5, 12)
        for at, action in enumerate(actions):
            some = shares[at % len(shares)]
            problem = {
                "range": _range(0, 4),
                "message": some,
                "source": "lint",
                "relatedInformation": [{"location": {"uri": uri, "range": _range(0, 1)},
                                        "message": some}],
            }  # fmt: skip
            explains = action.kind == "explain"
            command = protocol.COMMAND_EXPLAIN if explains else protocol.COMMAND_REWRITE
            client.messages.clear()
            client.parts.clear()
            await _run(
                client, command, uri, (0, 4), action=action.name, instruction=some,
                diagnostics=[problem], symbol="y",
            )  # fmt: skip
            await client.until(lambda: client.messages or _is_done(client))
        client.parts.clear()
        turns = [{"role": "user", "text": shares[0]}, {"role": "assistant", "text": shares[1]}]
        await _run(
            client, protocol.COMMAND_EXPLAIN, uri, (0, 4), action="explain", turns=turns,
            instruction=shares[2],
        )  # fmt: skip
        await client.until(lambda: _is_done(client))
        cells = _notebook(client, tmp_path, code)
        await client.ghost_text(cells, 1, 4)
        seen = await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_SEEN)
        )
        shown = [Path(one.uri.removeprefix("file://")) for one in client.shown_documents]
        pages = str(seen) + "".join(page.read_text("utf-8") for page in shown if page.exists())
    reached = _told(record)
    assert "def ask_0" in reached
    assert _leaked(reached) == []
    assert _leaked(pages) == []


def _is_done(client: Editor) -> bool:
    return bool(client.parts) and bool(client.parts[-1]["done"])


def _range(first: int, last: int) -> dict[str, Any]:
    return {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}


def _notebook(client: Editor, root: Path, code: str) -> str:
    """The URI of the last cell, the others of which hold the code."""
    name = (root / "a.ipynb").as_uri()
    uris = [f"{name.replace('file:', 'vscode-notebook-cell:')}#{at}" for at in range(2)]
    cells = [types.NotebookCell(types.NotebookCellKind.Code, uri) for uri in uris]
    items = [types.TextDocumentItem(uris[0], "python", 0, code),
             types.TextDocumentItem(uris[1], "python", 0, "def g(x):\n    \n")]  # fmt: skip
    client.notebook_document_did_open(
        types.DidOpenNotebookDocumentParams(
            types.NotebookDocument(name, "jupyter-notebook", 0, cells), items
        )
    )
    return uris[1]


async def _run(client: Editor, command: str, uri: str, lines: tuple[int, int], **more: Any) -> None:
    arguments = {"uri": uri, "range": _range(*lines), "version": None, **more}
    await client.workspace_execute_command_async(types.ExecuteCommandParams(command, [arguments]))


async def test_ghost_text_shows_no_stars_for_a_secret(tmp_path: Path) -> None:
    token = TOKENS["GitHub"][0]
    text = f'TOKEN = "{token}"\nOTHER = "\n'
    stars = "*" * len(token)
    async with editor(VSCODE, tmp_path, {"fim_middle": f'{stars}"\nx = 1'}) as client:
        await client.until_ready()
        uri = (tmp_path / "main.py").as_uri()
        client.open(uri, text)
        answer = await client.text_document_inline_completion_async(inline_params(uri, 1, 9))
    assert "**" not in str(answer)
