"""Refactorings, fixes and new tests, as edits that an editor applies."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.lsp import protocol
from tests.e2e.editor import EMACS, NEOVIM, VSCODE, editor, session
from tests.e2e.shop import CODE, GHOST, URI, code_reply

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", [VSCODE, NEOVIM, EMACS])
async def test_a_refactoring_is_a_versioned_edit_of_the_selection(
    name: str, tmp_path: Path
) -> None:
    code = "def f(x):\n    y = x\n    return y\n\n\ndef g():\n    pass\n"
    async with editor(name, tmp_path, code_reply("def f(x):\n    return x")) as client:
        client.open(URI, code)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        (edit,) = await client.until(lambda: client.edits)
        edits = edit.changes[URI] if edit.changes else edit.document_changes[0].edits
        if edit.document_changes:
            assert edit.document_changes[0].text_document.version == 0
        assert _applied(code, edits) == "def f(x):\n    return x\n\n\ndef g():\n    pass\n"
        assert all(change.range.end.line <= 2 for change in edits)


async def test_a_refactoring_is_reviewed_by_a_client_that_knows_how(tmp_path: Path) -> None:
    code = "def f(x):\r\n    y = x\r\n    return y\r\n\r\n\r\nf(1)"
    reply = code_reply("def f(x):\n    return x")
    async with editor(VSCODE, tmp_path, reply, knows=("review",)) as client:
        client.open(URI, code)
        await client.run((await client.actions(URI, (0, 0), (2, 12)))["simplify"])
        (review,) = await client.until(lambda: client.reviews)
        assert not client.edits
        assert (review["uri"], review["version"]) == (URI, 0)
        assert review["title"] == "Simplify"
        (hunk,) = review["hunks"]
        place = {"start": {"line": 1, "character": 0}, "end": {"line": 3, "character": 0}}
        assert hunk == {"range": place, "text": "    return x\r\n"}


async def test_code_of_an_explanation_is_applied_like_a_refactoring(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n\n\ndef g():\n    pass\n"
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 2, "character": 12}}
    arguments = {"uri": URI, "range": place, "version": 0, "code": "def f(x):\n    return x"}
    async with editor(VSCODE, tmp_path, {}, knows=("review",)) as client:
        client.open(URI, code)
        for sent in (arguments, {**arguments, "version": 7}):
            client.reviews.clear()
            await client.workspace_execute_command_async(
                types.ExecuteCommandParams(protocol.COMMAND_APPLY_CODE, [sent])
            )
            (review,) = await client.until(lambda: client.reviews)
            assert [hunk["text"] for hunk in review["hunks"]] == ["    return x\n"]
        broken = {**arguments, "code": "def f(x):\n    return (x"}
        await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_APPLY_CODE, [broken])
        )
        await client.until(lambda: any("break" in said.message for said in client.messages))
        assert len(client.reviews) == 1


async def test_a_client_without_apply_edit_gets_the_edit_by_resolving(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n"
    capabilities = types.ClientCapabilities(
        text_document=types.TextDocumentClientCapabilities(
            code_action=types.CodeActionClientCapabilities(
                data_support=True,
                resolve_support=types.ClientCodeActionResolveOptions(["edit"]),
            )
        )
    )
    replies = code_reply("def f(x):\n    return x")
    async with session(capabilities, tmp_path, replies) as client:
        assert client.initialized_with is not None
        able = client.initialized_with.capabilities.code_action_provider
        assert isinstance(able, types.CodeActionOptions)
        assert able.resolve_provider
        client.open(URI, code)
        action = (await client.actions(URI, (0, 0), (2, 12)))["simplify"]
        assert action.command is None
        resolved = await client.code_action_resolve_async(action)
        assert resolved.edit is not None
        assert resolved.edit.changes is not None
        changed = _applied(code, resolved.edit.changes[URI])
        assert changed == "def f(x):\n    return x\n"


async def test_an_empty_selection_means_the_function_around_it(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, code_reply("def other():\n    return 2")) as client:
        client.open(URI, CODE)
        actions = await client.actions(URI, (6, 6), (6, 6))
        await client.run(actions["simplify"])
        (edit,) = await client.until(lambda: client.edits)
        assert _applied(CODE, edit.document_changes[0].edits) == CODE.replace("1\n", "2\n")
        assert await client.actions(URI, (4, 0), (4, 0)) == {}


async def test_crlf_tabs_and_emoji_survive_a_refactoring(tmp_path: Path) -> None:
    code = "class A:\r\n\tdef f(x):\r\n\t\ty = '😀'\r\n\t\treturn y\r\n"
    async with editor(VSCODE, tmp_path, code_reply("def f(x):\n    return '😀'")) as client:
        client.open(URI, code)
        actions = await client.actions(URI, (1, 0), (3, 10))
        await client.run(actions["simplify"])
        (edit,) = await client.until(lambda: client.edits)
        changed = _applied(code, edit.document_changes[0].edits)
        assert changed == "class A:\r\n\tdef f(x):\r\n\t\treturn '😀'\r\n"


async def test_an_edit_of_a_file_that_moved_on_is_refused(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n"
    replies = code_reply("def f(x):\n    return x")
    async with editor(VSCODE, tmp_path, replies, seconds=0.001) as client:
        client.open(URI, code)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        await client.until_status(lambda status: status["state"] == "thinking")
        client.change(URI, "# new\n" + code)
        (question,) = await client.until(lambda: client.questions)
        assert "changed" in question.message
        assert "again" in question.message
        assert [action.title for action in question.actions or ()] == ["Run again", "Not now"]
        await client.until_status(lambda status: status["state"] != "thinking")
        assert client.edits == []


async def test_a_refactoring_of_a_file_that_moved_on_is_run_again(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n"
    replies = code_reply("def f(x):\n    return x")
    async with editor(VSCODE, tmp_path, replies, seconds=0.001) as client:
        client.chooses = "Run again"
        client.open(URI, code)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        await client.until_status(lambda status: status["state"] == "thinking")
        client.change(URI, "# new\n" + code)
        (edit,) = await client.until(lambda: client.edits)
        (change,) = edit.document_changes
        assert change.text_document.version == 1
        assert _applied("# new\n" + code, change.edits) == "# new\ndef f(x):\n    return x\n"


@pytest.mark.parametrize(
    ("answer", "preview", "asked"),
    [
        ("def f(x, y):\n    return x", "auto", True),
        ("def f(x):\n    return x", "auto", False),
    ],
)
async def test_a_change_that_callers_notice_is_shown_first(
    answer: str, preview: str, asked: bool, tmp_path: Path
) -> None:
    options = {"refactor": {"preview": preview}}
    knows = ("ask",)
    async with editor(VSCODE, tmp_path, code_reply(answer), options=options, knows=knows) as client:
        client.open(URI, "def f(x):\n    y = x\n    return y\n")
        action = (await client.actions(URI, (0, 0), (2, 12)))["change"]
        assert action.data is not None
        arguments = {**action.data, "instruction": "shorter"}
        await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_REWRITE, [arguments])
        )
        (edit,) = await client.until(lambda: client.edits)
        annotations = list((edit.change_annotations or {}).values())
        assert [it.needs_confirmation for it in annotations] == ([True] if asked else [])
        if asked:
            assert ("callers" in annotations[0].description) == ("y):" in answer)


async def test_code_that_would_break_the_file_is_refused(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n"
    async with editor(VSCODE, tmp_path, code_reply("def f(x:\n    return (x")) as client:
        client.open(URI, code)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        (message,) = await client.until(lambda: client.messages)
        assert "syntax" in message.message
        assert client.edits == []


@pytest.mark.parametrize("name", [VSCODE, NEOVIM, EMACS])
async def test_a_diagnostic_is_fixed(name: str, tmp_path: Path) -> None:
    code = "import os\n\n\ndef f(x):\n    return y\n"
    replies = {
        "- `return y`: undefined name (ruff F821)": "```python\ndef f(x):\n    return x\n```",
    }
    diagnostic = types.Diagnostic(
        types.Range(types.Position(4, 11), types.Position(4, 12)),
        "undefined name",
        code="F821",
        source="ruff",
    )
    async with editor(name, tmp_path, replies) as client:
        client.open(URI, code)
        found = await client.actions(URI, (4, 11), (4, 11), [diagnostic])
        action = found["fix"]
        assert (action.title, action.kind) == ("Herdmate: Fix “undefined name”", "quickfix")
        assert list(action.diagnostics or ()) == [diagnostic]
        assert list(found["explain_diagnostic"].diagnostics or ()) == [diagnostic]
        await client.run(action)
        (edit,) = await client.until(lambda: client.edits)
        edits = edit.changes[URI] if edit.changes else edit.document_changes[0].edits
        assert _applied(code, edits) == code.replace("y", "x")
        begun = [
            item.title
            for item in client.all_progress()
            if isinstance(item, types.WorkDoneProgressBegin) and item.title != "Loading the model"
        ]
        title = action.title.removeprefix("Herdmate: ")
        assert begun[-1:] in ([], [title])
        assert not edit.change_annotations or edit.change_annotations["herdmate"].label == title


async def test_all_problems_of_a_function_are_fixed_at_once(tmp_path: Path) -> None:
    code = "def f(x):\n    a = y\n    return z\n\n\ndef g():\n    return w\n"
    told = "- `a = y`: undefined y\n- `return z`: undefined z\n\n```python\ndef f"
    replies = {told: "```python\ndef f(x):\n    a = x\n    return a\n```"}
    places = {"y": (1, 8), "z": (2, 11), "w": (6, 11)}
    problems = [
        types.Diagnostic(
            types.Range(types.Position(line, at), types.Position(line, at + 1)),
            f"undefined {name}",
        )
        for name, (line, at) in places.items()
    ]
    async with editor(VSCODE, tmp_path, replies, knows=("diagnostics",)) as client:
        client.all_diagnostics = problems
        client.open(URI, code)
        await client.run((await client.actions(URI, (1, 8), (1, 8), problems[:1]))["fix_all"])
        (edit,) = await client.until(lambda: client.edits)
        changed = _applied(code, edit.document_changes[0].edits)
        assert changed == code.replace("= y", "= x").replace("return z", "return a")


@pytest.mark.parametrize("name", [VSCODE, NEOVIM])
async def test_tests_are_a_new_file(name: str, tmp_path: Path) -> None:
    tests = "from shop import total\n\n\ndef test_total():\n    assert total([]) == 0\n"
    uri = (tmp_path / "shop.py").as_uri()
    async with editor(name, tmp_path, {"new file tests/test_shop.py": tests + "```"}) as client:
        client.open(uri, CODE)
        await client.run((await client.actions(uri, (1, 4), (1, 4)))["write_tests"])
        (edit,) = await client.until(lambda: client.edits)
        create, change = edit.document_changes
        assert isinstance(create, types.CreateFile)
        assert create.uri == (tmp_path / "tests" / "test_shop.py").as_uri()
        assert create.options == types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
        assert isinstance(change, types.TextDocumentEdit)
        assert [item.new_text for item in change.edits if isinstance(item, types.TextEdit)] == [
            tests
        ]
        assert "write_tests" not in await client.actions(uri, (3, 0), (3, 0))


async def test_reasons_are_shown(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n"
    reply = "```python\ndef f(x):\n    same = x\n    return same\n```\ny -> same: it is x."
    async with editor(VSCODE, tmp_path, {"": reply}) as client:
        client.open(URI, code)
        await client.run((await client.actions(URI, (1, 4), (1, 4)))["rename"])
        (message,) = await client.until(lambda: client.messages)
        assert message.message == "y → same: it is x."
        assert message.type == types.MessageType.Info
        assert client.edits[0].change_annotations is None


async def test_wrong_arguments_are_answered_with_a_sentence(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        for arguments, sentence in (
            (None, "needs one argument"),
            ([1], "needs one argument"),
            ([{"uri": "file:///nowhere.py"}], "must have an LSP range"),
        ):
            with pytest.raises(JsonRpcException, match=sentence):
                await client.workspace_execute_command_async(
                    types.ExecuteCommandParams(protocol.COMMAND_REWRITE, arguments)
                )
        assert await client.actions("file:///never/opened.py", (0, 0), (0, 0)) == {}


def _applied(text: str, edits: object) -> str:
    """The text after LSP edits given in UTF-16, UTF-8 or UTF-32 of ASCII-only lines, or tabs."""
    from herdmate.lsp.convert import lines_of
    from herdmate.text import Edit, apply_edits

    lines = lines_of(text, types.PositionEncodingKind.Utf16)
    assert isinstance(edits, list | tuple)
    return apply_edits(text, tuple(Edit(lines.span(e.range), e.new_text) for e in edits))
