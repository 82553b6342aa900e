"""The server as VS Code, Neovim and Emacs see it: a real process, with the fake engine inside."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.lsp import protocol
from tests.e2e.editor import EMACS, NEOVIM, VSCODE, Editor, editor, inline_params, session

pytestmark = pytest.mark.e2e

EDITORS = [VSCODE, NEOVIM, EMACS]
URI = "file:///project/shop.py"
CODE = 'def total(items):\n    """Sum."""\n    \n\n\ndef other():\n    return 1\n'
HOLE = (2, 4)
GHOST = {"fim_middle": "return sum(items)"}


def _reply(code: str) -> dict[str, str]:
    return {"": f"```python\n{code}\n```\n"}


@pytest.mark.parametrize("name", EDITORS)
async def test_ghost_text(name: str, tmp_path: Path) -> None:
    async with editor(name, tmp_path, GHOST) as client:
        client.open(URI, CODE)
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]


@pytest.mark.parametrize("name", EDITORS)
async def test_what_is_announced(name: str, tmp_path: Path) -> None:
    async with editor(name, tmp_path, GHOST) as client:
        assert client.initialized_with is not None
        able = client.initialized_with.capabilities
        offered = client.capabilities
        assert able.inline_completion_provider
        assert isinstance(able.code_action_provider, types.CodeActionOptions)
        assert able.code_action_provider.resolve_provider
        assert offered is not None
        assert offered.text_document is not None
        # completion menus only where the editor has no ghost text
        has_ghost_text = offered.text_document.inline_completion is not None
        assert bool(able.completion_provider) == (not has_ghost_text)


async def test_every_encoding_finds_the_place(tmp_path: Path) -> None:
    line = "x = '😀é' + "
    columns = {VSCODE: len(line) + 1, NEOVIM: len(line.encode()), EMACS: len(line)}
    for name, column in columns.items():
        async with editor(name, tmp_path, {"😀é' + <|fim_suffix|>": "y"}) as client:
            assert client.initialized_with is not None
            client.open(URI, line + "\n")
            encoding = client.initialized_with.capabilities.position_encoding
            assert await client.ghost_text(URI, 0, column) == ["y"], encoding


@pytest.mark.parametrize("name", EDITORS)
async def test_half_an_emoji_disturbs_nobody(name: str, tmp_path: Path) -> None:
    async with editor(name, tmp_path, GHOST) as client:
        client.open(URI, CODE)
        text = CODE.replace("Sum", "Sum \\ud83d")
        change = {"textDocument": {"uri": URI, "version": 1}, "contentChanges": [{"text": "@"}]}
        body = json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": change})
        data = body.replace('"@"', json.dumps(text).replace("\\\\u", "\\u")).encode()
        assert b"\\ud83d" in data
        assert client.protocol.writer is not None
        client.protocol.writer.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]


async def test_a_completion_menu_where_there_is_no_ghost_text(tmp_path: Path) -> None:
    async with editor(EMACS, tmp_path, {"re<|fim_suffix|>": "turn sum(items)"}) as client:
        await client.until_ready()
        client.open(URI, CODE.replace("    \n", "    re\n"))
        (item,) = await _menu(client, 2, 6)
        assert item.filter_text == "re"
        assert isinstance(item.text_edit, types.TextEdit)
        assert item.text_edit.range.start == types.Position(2, 4)
        assert item.text_edit.new_text.startswith("re")


async def test_a_menu_does_not_wait_for_a_slow_model(tmp_path: Path) -> None:
    """Other servers' entries stand in the same menu. The answer is there a moment later."""
    options = {"completion": {"prefill": False}}
    async with editor(EMACS, tmp_path, GHOST, seconds=0.005, options=options) as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await _menu(client, *HOLE) == []
        while not (found := await _menu(client, *HOLE)):
            pass
        assert [item.label for item in found] == ["return sum(items)"]
        assert (await client.status())["engine"]["requests"] == 1


async def test_what_follows_ghost_text_is_prepared_while_it_is_shown(tmp_path: Path) -> None:
    replies = {"(items)<|fim_suffix|>": "\n    # done", "": "return sum(items)"}
    async with editor(VSCODE, tmp_path, replies) as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await _typing(client, URI, *HOLE, number="shown") == ["return sum(items)"]
        said = len("return sum(items)") + 1
        while (await client.status())["engine"]["generated_tokens"] <= said + len("\n    # done"):
            pass
        before = (await client.status())["engine"]["requests"]
        client.change(URI, CODE.replace("    \n", "    return sum(items)\n", 1))
        behind = (HOLE[0], HOLE[1] + len("return sum(items)"))
        assert await _typing(client, URI, *behind, number="next") == ["\n    # done"]
        assert (await client.status())["engine"]["requests"] == before


async def test_cells_of_a_notebook_know_of_each_other(tmp_path: Path) -> None:
    book, one, two = "file:///project/a.ipynb", "cell:/a.ipynb#1", "cell:/a.ipynb#2"
    replies = {"def total(items): ...\n\nx = to<|fim_suffix|>": "tal([1, 2])"}
    async with editor(VSCODE, tmp_path, replies) as client:
        assert client.initialized_with is not None
        assert client.initialized_with.capabilities.notebook_document_sync
        cells = [types.NotebookCell(types.NotebookCellKind.Code, uri) for uri in (one, two)]
        items = [
            types.TextDocumentItem(one, "python", 1, "def total(items): ..."),
            types.TextDocumentItem(two, "python", 1, "x = "),
        ]
        notebook = types.NotebookDocument(book, "jupyter-notebook", 1, cells)
        client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, items))
        at = types.Position(0, 4)
        edit = types.TextDocumentContentChangePartial(types.Range(at, at), "to")
        content = types.NotebookDocumentCellContentChanges(
            types.VersionedTextDocumentIdentifier(2, two), [edit]
        )
        client.notebook_document_did_change(
            types.DidChangeNotebookDocumentParams(
                types.VersionedNotebookDocumentIdentifier(2, book),
                types.NotebookDocumentChangeEvent(
                    cells=types.NotebookDocumentCellChanges(text_content=[content])
                ),
            )
        )
        params = inline_params(two, 0, 6)
        answer = await client.text_document_inline_completion_async(params)
        assert isinstance(answer, types.InlineCompletionList)
        (item,) = answer.items
        assert item.insert_text == "tal([1, 2])"
        assert item.range == types.Range(types.Position(0, 6), types.Position(0, 6))
        client.notebook_document_did_close(
            types.DidCloseNotebookDocumentParams(
                types.NotebookDocumentIdentifier(book),
                [types.TextDocumentIdentifier(uri) for uri in (one, two)],
            )
        )
        answer = await client.text_document_inline_completion_async(params)
        assert isinstance(answer, types.InlineCompletionList)
        assert not answer.items


async def test_the_entry_chosen_in_the_menu_is_gone_on_with(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, {"return <|fim_suffix|>": "sum(items)"}) as client:
        client.open(URI, CODE.replace("    \n", "    ret\n"))
        params = inline_params(URI, 2, 7)
        chosen = types.Range(types.Position(2, 4), types.Position(2, 7))
        params.context.selected_completion_info = types.SelectedCompletionInfo(chosen, "return ")
        answer = await client.text_document_inline_completion_async(params)
        assert isinstance(answer, types.InlineCompletionList)
        (item,) = answer.items
        assert (item.insert_text, item.range) == ("return sum(items)", chosen)


async def test_an_entry_that_does_not_begin_with_what_was_typed_is_told(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        await client.until_ready()
        client.open(URI, CODE.replace("    \n", "    pa\n"))
        params = inline_params(URI, 2, 6)
        chosen = types.Range(types.Position(2, 4), types.Position(2, 6))
        params.context.selected_completion_info = types.SelectedCompletionInfo(chosen, "Path")
        answer = await client.text_document_inline_completion_async(params)
        assert isinstance(answer, types.InlineCompletionList)
        assert not answer.items
        assert "does not begin with what was typed" in await _why(client)


async def test_what_comes_too_late_for_a_menu_is_told(tmp_path: Path) -> None:
    options = {"completion": {"prefill": False}}
    replies = {"    <|fim_suffix|>": "return sum(items)", "": "\n"}
    async with editor(EMACS, tmp_path, replies, seconds=0.005, options=options) as client:
        await client.until_ready()
        client.open(URI, CODE)
        client.open(URI + "2", "y = \n" + "# much to read\n" * 10)
        assert await _menu(client, *HOLE) == []
        assert "still" in await _why(client)
        while "still" in (why := await _why(client)):
            pass
        assert "too late" in why
        params = types.CompletionParams(
            types.TextDocumentIdentifier(URI + "2"), types.Position(0, 4)
        )
        assert not (await client.text_document_completion_async(params)).items  # type: ignore[union-attr]
        while "still" in (why := await _why(client)):
            pass
        assert "nothing useful" in why
        assert await _menu(client, *HOLE)
        assert "There was ghost text" in await _why(client)


@pytest.mark.parametrize(
    ("reply", "texts"), [(".sep) + 'x'", ["path.sep"]), (") + 'x'", []), (".sep", ["path.sep"])]
)
async def test_behind_the_chosen_entry_no_bracket_is_doubled(
    tmp_path: Path, reply: str, texts: list[str]
) -> None:
    """There the text can take the place of the entry alone, not of the bracket that follows."""
    replies = {"print(os.path<|fim_suffix|>": reply}
    async with editor(VSCODE, tmp_path, replies) as client:
        client.open(URI, CODE.replace("    \n", "    print(os.pa)\n"))
        params = inline_params(URI, 2, 15)
        chosen = types.Range(types.Position(2, 13), types.Position(2, 15))
        params.context.selected_completion_info = types.SelectedCompletionInfo(chosen, "path")
        answer = await client.text_document_inline_completion_async(params)
        assert isinstance(answer, types.InlineCompletionList)
        assert [item.insert_text for item in answer.items] == texts
        assert all(item.range == chosen for item in answer.items)
        if not texts:
            assert "menu" in (await client.status())["silence"]


async def test_a_newer_request_supersedes_and_both_are_answered(tmp_path: Path) -> None:
    async with editor(NEOVIM, tmp_path, GHOST, seconds=0.02) as client:
        client.open(URI, CODE)
        older = asyncio.ensure_future(client.ghost_text(URI, *HOLE))
        newer = asyncio.ensure_future(client.ghost_text(URI, *HOLE))
        assert await older == []
        assert await newer == ["return sum(items)"]


async def test_cancel_reaches_the_model(tmp_path: Path) -> None:
    """Shown by counting the tokens that the engine evaluated afterwards."""
    async with editor(VSCODE, tmp_path, {"": "x" * 60}, seconds=0.004) as client:
        client.open(URI, CODE)
        await client.until_ready()
        before = (await client.status())["engine"]["evaluated_tokens"]
        number = "to be cancelled"
        request = asyncio.ensure_future(
            client.protocol.send_request_async(  # type: ignore[no-untyped-call]
                types.TEXT_DOCUMENT_INLINE_COMPLETION, inline_params(URI, *HOLE), msg_id=number
            )
        )
        while (now := (await client.status())["engine"]["evaluated_tokens"]) == before:
            pass
        client.cancel_request(types.CancelParams(number))
        with pytest.raises(JsonRpcException, match="cancel"):
            await request
        cancelled_at = (await client.status())["engine"]["evaluated_tokens"]
        client.open(URI + "2", "y = \n")
        await client.ghost_text(URI + "2", 0, 4)  # takes far longer than a step
        prompt = len(b"<|fim_prefix|>y = <|fim_suffix|>\n<|fim_middle|>")
        after = (await client.status())["engine"]["evaluated_tokens"]
        assert now <= cancelled_at
        assert after - cancelled_at <= prompt + 60 + 1
        assert cancelled_at - before < 60 + len(CODE)


@pytest.mark.parametrize("name", EDITORS)
async def test_a_refactoring_is_a_versioned_edit_of_the_selection(
    name: str, tmp_path: Path
) -> None:
    code = "def f(x):\n    y = x\n    return y\n\n\ndef g():\n    pass\n"
    async with editor(name, tmp_path, _reply("def f(x):\n    return x")) as client:
        client.open(URI, code)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        (edit,) = await client.until(lambda: client.edits)
        edits = edit.changes[URI] if edit.changes else edit.document_changes[0].edits
        if edit.document_changes:
            assert edit.document_changes[0].text_document.version == 0
        assert _applied(code, edits) == "def f(x):\n    return x\n\n\ndef g():\n    pass\n"
        assert all(change.range.end.line <= 2 for change in edits)


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
    replies = _reply("def f(x):\n    return x")
    async with session(capabilities, tmp_path, replies) as client:
        client.open(URI, code)
        action = (await client.actions(URI, (0, 0), (2, 12)))["simplify"]
        assert action.command is None
        resolved = await client.code_action_resolve_async(action)
        assert resolved.edit is not None
        assert resolved.edit.changes is not None
        changed = _applied(code, resolved.edit.changes[URI])
        assert changed == "def f(x):\n    return x\n"


async def test_an_edit_of_a_file_that_moved_on_is_refused(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n"
    replies = _reply("def f(x):\n    return x")
    async with editor(VSCODE, tmp_path, replies, seconds=0.001) as client:
        client.open(URI, code)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        while (await client.status())["state"] != "thinking":
            pass
        client.change(URI, "# new\n" + code)
        (question,) = await client.until(lambda: client.questions)
        assert "changed" in question.message
        assert "again" in question.message
        assert [action.title for action in question.actions or ()] == ["Run again", "Not now"]
        while (await client.status())["state"] == "thinking":
            pass
        assert client.edits == []


async def test_a_refactoring_of_a_file_that_moved_on_is_run_again(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n"
    replies = _reply("def f(x):\n    return x")
    async with editor(VSCODE, tmp_path, replies, seconds=0.001) as client:
        client.chooses = "Run again"
        client.open(URI, code)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        while (await client.status())["state"] != "thinking":
            pass
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
        ("def f(x):\n    return x", "always", True),
        ("def f(x, y):\n    return x", "never", False),
    ],
)
async def test_a_change_that_callers_notice_is_shown_first(
    answer: str, preview: str, asked: bool, tmp_path: Path
) -> None:
    options = {"refactor": {"preview": preview}}
    knows = ("ask",)
    async with editor(VSCODE, tmp_path, _reply(answer), options=options, knows=knows) as client:
        client.open(URI, "def f(x):\n    y = x\n    return y\n")
        action = (await client.actions(URI, (0, 0), (2, 12)))["change"]
        assert action.data is not None
        arguments = {**action.data, "instruction": "shorter"}
        await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_REWRITE, [arguments])
        )
        (edit,) = await client.until(lambda: client.edits)
        (annotation,) = edit.change_annotations.values()
        assert annotation.needs_confirmation == asked
        assert ("callers" in annotation.description) == ("y):" in answer)


async def test_code_that_would_break_the_file_is_refused(tmp_path: Path) -> None:
    code = "def f(x):\n    y = x\n    return y\n"
    async with editor(VSCODE, tmp_path, _reply("def f(x:\n    return (x")) as client:
        client.open(URI, code)
        actions = await client.actions(URI, (0, 0), (2, 12))
        await client.run(actions["simplify"])
        (message,) = await client.until(lambda: client.messages)
        assert "syntax" in message.message
        assert client.edits == []


@pytest.mark.parametrize("name", EDITORS)
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
        assert (action.title, action.kind) == ("Fix: undefined name", "quickfix")
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
        assert begun[-1:] in ([], [action.title])
        assert not edit.change_annotations or edit.change_annotations["herdmate"].label == (
            action.title
        )


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
        assert message.message == "y -> same: it is x."
        assert message.type == types.MessageType.Info
        (annotation,) = (client.edits[0].change_annotations or {}).values()
        assert "it is x" in str(annotation.description)


async def test_an_explanation_streamed_to_a_client_that_knows_how(tmp_path: Path) -> None:
    async with editor(
        VSCODE, tmp_path, {"": "It **sums**."}, 0.04, knows=("explanation",)
    ) as client:
        client.open(URI, CODE)
        await client.run((await client.actions(URI, (0, 0), (1, 0)))["explain"])
        await client.until(lambda: client.parts and client.parts[-1]["done"])
        assert "".join(part["text"] for part in client.parts) == "It **sums**."
        assert len(client.parts) > 3
        assert client.parts[-1]["error"] is None
        assert len({part["id"] for part in client.parts}) == 1


async def test_an_explanation_that_the_user_stops_is_no_failure(tmp_path: Path) -> None:
    replies = {"": "It **sums**. " * 100}
    async with editor(VSCODE, tmp_path, replies, 0.04, knows=("explanation",)) as client:
        client.open(URI, CODE)
        await client.until_ready()
        await client.run((await client.actions(URI, (0, 0), (1, 0)))["explain"])
        await client.until(lambda: client.parts)
        token = list(client.progress_reports)[-1]
        client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
        await client.until(lambda: client.parts[-1]["done"])
        assert client.parts[-1]["stopped"]
        assert client.parts[-1]["error"] == "The explanation was stopped."


async def test_a_question_about_an_explanation_goes_on_with_it(tmp_path: Path) -> None:
    replies = {"And?<|im_end|>": "So.", "Why?<|im_end|>": "Because.", "": "It **sums**."}
    async with editor(VSCODE, tmp_path, replies, knows=("explanation",)) as client:
        client.open(URI, CODE)
        await client.run((await client.actions(URI, (0, 0), (1, 0)))["explain"])
        await client.until(lambda: client.parts and client.parts[-1]["done"])
        read = (await client.status())["engine"]["evaluated_tokens"]
        client.change(URI, "# new\n" + CODE)  # what was said is still what it is about
        for question, answer in (("Why?", "Because."), ("And?", "So.")):
            last = client.parts[-1]
            before = (await client.status())["engine"]["evaluated_tokens"]
            client.parts.clear()
            arguments = {**_json(last["next"]), "instruction": question}
            await client.workspace_execute_command_async(
                types.ExecuteCommandParams(protocol.COMMAND_EXPLAIN, [arguments])
            )
            await client.until(lambda: client.parts and client.parts[-1]["done"])
            assert "".join(part["text"] for part in client.parts) == answer
            assert client.parts[-1]["error"] is None
            assert client.parts[-1]["question"] == question
            after = (await client.status())["engine"]["evaluated_tokens"]
            assert after - before < 120 < read  # nothing of the conversation is read again
        assert len(client.parts[-1]["next"].turns) == 6


async def test_an_explanation_as_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    async with editor(NEOVIM, tmp_path, {"": "It **sums**."}) as client:
        client.open(URI, CODE)
        await client.run((await client.actions(URI, (0, 0), (1, 0)))["explain"])
        (shown,) = await client.until(lambda: client.shown_documents)
        text = Path(shown.uri.removeprefix("file://")).read_text()
        assert "It **sums**." in text
        assert "shop.py" in text


async def test_an_explanation_as_the_answer_of_the_command(tmp_path: Path) -> None:
    capabilities = types.ClientCapabilities()
    async with session(capabilities, tmp_path, {"": "It **sums**."}) as client:
        client.open(URI, CODE)
        answer = await client.run((await client.actions(URI, (0, 0), (1, 0)))["explain"])
        assert answer == "It **sums**."


async def test_an_empty_selection_means_the_function_around_it(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, _reply("def other():\n    return 2")) as client:
        client.open(URI, CODE)
        actions = await client.actions(URI, (6, 6), (6, 6))
        await client.run(actions["simplify"])
        (edit,) = await client.until(lambda: client.edits)
        assert _applied(CODE, edit.document_changes[0].edits) == CODE.replace("1\n", "2\n")
        assert await client.actions(URI, (4, 0), (4, 0)) == {}


async def test_crlf_tabs_and_emoji_survive_a_refactoring(tmp_path: Path) -> None:
    code = "class A:\r\n\tdef f(x):\r\n\t\ty = '😀'\r\n\t\treturn y\r\n"
    async with editor(VSCODE, tmp_path, _reply("def f(x):\n    return '😀'")) as client:
        client.open(URI, code)
        actions = await client.actions(URI, (1, 0), (3, 10))
        await client.run(actions["simplify"])
        (edit,) = await client.until(lambda: client.edits)
        changed = _applied(code, edit.document_changes[0].edits)
        assert changed == "class A:\r\n\tdef f(x):\r\n\t\treturn '😀'\r\n"


async def test_killing_the_engine_answers_tells_once_and_goes_on(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST, seconds=0.004) as client:
        client.open(URI, CODE)
        status = await client.until_ready()
        asked = asyncio.ensure_future(client.ghost_text(URI, *HOLE))
        while (await client.status())["engine"]["evaluated_tokens"] == 0:
            pass
        os.kill(status["engineProcess"], signal.SIGKILL)
        assert await asyncio.wait_for(asked, 20) == []
        assert await asyncio.wait_for(client.ghost_text(URI, *HOLE), 30) == ["return sum(items)"]
        told = [message.message for message in client.messages]
        assert len(told) == 1
        assert "starting again" in told[0]


async def test_the_status_for_a_client_that_knows_it(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST, knows=("status",)) as client:
        client.open(URI, CODE)
        await client.ghost_text(URI, *HOLE)
        await client.until(lambda: client.statuses and client.statuses[-1]["state"] == "ready")
        states = [status["state"] for status in client.statuses]
        assert "thinking" in states
        assert states.index("loading") < states.index("ready")


async def test_the_status_says_nothing_of_what_the_model_is_not_asked(tmp_path: Path) -> None:
    """No spinner at each key: what is cached is there at once, and so is silence."""
    async with editor(VSCODE, tmp_path, GHOST, knows=("status",)) as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]
        await client.until(lambda: [item["state"] for item in client.statuses[-2:]] == _A_QUESTION)
        told = len(client.statuses)
        for typed in ("r", "re", "ret", "retu", "retur"):
            client.change(URI, CODE.replace("    \n", f"    {typed}\n", 1))
            assert await _typing(client, URI, HOLE[0], HOLE[1] + len(typed), typed)
        assert await _typing(client, URI, 0, 5, "in a word") == []
        assert (await client.status())["state"] == "ready"  # what was told before has come
        assert len(client.statuses) == told


_A_QUESTION = ["thinking", "ready"]


async def test_loading_and_rewriting_are_shown_as_progress(tmp_path: Path) -> None:
    replies = _reply("def other():\n    return 2")
    async with editor(NEOVIM, tmp_path, replies, seconds=0.001) as client:
        client.open(URI, CODE)
        await client.until_ready()
        await client.run((await client.actions(URI, (5, 0), (6, 12)))["simplify"])
        await client.until(lambda: client.edits)
        begun = [
            item for item in client.all_progress() if isinstance(item, types.WorkDoneProgressBegin)
        ]
        ended = [
            item for item in client.all_progress() if isinstance(item, types.WorkDoneProgressEnd)
        ]
        assert [item.title for item in begun] == ["Loading the model", "Simplify"]
        assert all(item.cancellable for item in begun)
        told = [
            item.message
            for item in client.all_progress()
            if isinstance(item, types.WorkDoneProgressReport) and item.message
        ]
        assert "reading the code" in told
        assert any(re.fullmatch(r"\d+ tokens?, \d+ s", message) for message in told)
        assert len(ended) == 2


async def test_cancelling_the_progress_leaves_the_file_alone(tmp_path: Path) -> None:
    replies = _reply("def other():\n    return 2")
    async with editor(NEOVIM, tmp_path, replies, seconds=0.01) as client:
        client.open(URI, CODE)
        await client.until_ready()
        await client.run((await client.actions(URI, (5, 0), (6, 12)))["simplify"])
        tokens: list[types.ProgressToken] = []
        while len(tokens) < 2:
            await client.status()
            tokens = list(client.progress_reports)
        client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(tokens[-1]))
        while (await client.status())["state"] == "thinking":
            pass
        evaluated = (await client.status())["engine"]["evaluated_tokens"]
        await client.ghost_text(URI, *HOLE)  # takes longer than the rewrite had left
        assert client.edits == []
        assert (await client.status())["engine"]["evaluated_tokens"] > evaluated


async def test_an_unknown_setting_is_named_and_the_rest_is_used(tmp_path: Path) -> None:
    options = {"completion": {"enabeld": True, "maxTokens": "many"}}
    async with editor(NEOVIM, tmp_path, GHOST, options=options) as client:
        messages = await client.until(lambda: client.messages)
        told = " ".join(message.message for message in messages)
        assert "herdmate.completion.enabled" in told
        assert "whole number" in told
        client.open(URI, CODE)
        assert await client.ghost_text(URI, *HOLE)


async def test_settings_changed_while_it_runs(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        client.open(URI, CODE)
        await client.until_ready()
        client.set_configuration({"completion": {"enabled": False}}, section="herdmate")
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
        params = inline_params(URI, *HOLE)
        params.context.trigger_kind = types.InlineCompletionTriggerKind.Automatic

        async def is_silent() -> bool:
            answer = await client.text_document_inline_completion_async(params)
            assert isinstance(answer, types.InlineCompletionList)
            return not answer.items

        while not await is_silent():
            pass
        assert await client.ghost_text(URI, *HOLE)  # asked for, it comes all the same


async def test_a_folder_of_the_workspace_is_switched_off(tmp_path: Path) -> None:
    options = {"completion": {"disabledIn": ["tests/**"]}}
    async with editor(VSCODE, tmp_path, GHOST, options=options) as client:
        await client.until_ready()
        here, there = ((tmp_path / name).as_uri() for name in ("tests/a.py", "src/a.py"))
        client.open(here, CODE)
        client.open(there, CODE)
        assert await _typing(client, here, *HOLE, number="off") == []
        assert "disabledIn" in (await client.status())["silence"]
        assert await _typing(client, there, *HOLE, number="on") == ["return sum(items)"]


@pytest.mark.parametrize("trusted", [True, False])
async def test_prompts_of_the_workspace_only_when_it_is_trusted(
    tmp_path: Path, trusted: bool
) -> None:
    folder = tmp_path / ".herdmate" / "prompts"
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text('title = "Bad"\nuser = "$nothing"\n')
    (folder / "shout.toml").write_text(
        'name = "shout"\ntitle = "Shout"\nkind = "rewrite"\nlsp_kind = "refactor.rewrite.shout"\n'
        'system = "Shout."\nuser = "$code"\n'
    )
    options = {"trustWorkspace": trusted}
    async with editor(VSCODE, tmp_path, GHOST, options=options) as client:
        await client.until_ready()
        client.open(URI, CODE)
        actions = await client.actions(URI, (0, 0), (1, 0))
        assert ("shout" in actions) == trusted
        assert "simplify" in actions
        assert any("bad.toml" in message.message for message in client.messages) == trusted


async def test_a_file_of_five_megabytes(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, {"": "fine"}) as client:
        client.open(URI, "x = 1\n" * 900_000)
        await client.ghost_text(URI, 10, 0)  # silent or not, it is answered
        client.open(URI + "2", CODE)
        assert await client.ghost_text(URI + "2", *HOLE) == ["fine"]


async def test_wrong_arguments_are_answered_with_a_sentence(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        for arguments in (None, [1], [{"uri": "file:///nowhere.py"}]):
            with pytest.raises(JsonRpcException, match="needs"):
                await client.workspace_execute_command_async(
                    types.ExecuteCommandParams(protocol.COMMAND_REWRITE, arguments)
                )
        assert await client.actions("file:///never/opened.py", (0, 0), (0, 0)) == {}


async def test_codellamas_licence_is_shown_before_it_is_fetched(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST, knows=("status",)) as client:
        await client.until_ready()
        await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_FETCH_MODEL, ["codellama-7b"])
        )
        (question,) = await client.until(lambda: client.questions)  # the answer is "Not now"
        assert "Llama 2 Community License" in question.message
        assert "Meta Platforms, Inc. All Rights Reserved." in question.message
        await client.status()
        assert "fetching" not in [status["state"] for status in client.statuses]


async def test_the_server_ends_when_the_editor_says_so(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        process = (await client.until_ready())["engineProcess"]
        server = client._server
    assert server is not None
    assert server.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def _applied(text: str, edits: object) -> str:
    """The text after LSP edits given in UTF-16, UTF-8 or UTF-32 of ASCII-only lines, or tabs."""
    from herdmate.lsp.convert import lines_of
    from herdmate.text import Edit, apply_edits

    lines = lines_of(text, types.PositionEncodingKind.Utf16)
    assert isinstance(edits, list | tuple)
    return apply_edits(text, tuple(Edit(lines.span(e.range), e.new_text) for e in edits))


async def test_the_model_reads_ahead_where_the_cursor_rests(tmp_path: Path) -> None:
    """Then the first completion there evaluates next to nothing of its prompt."""
    async with editor(VSCODE, tmp_path, GHOST) as client:
        await client.until_ready()
        client.open(URI, CODE)
        line, character = HOLE
        hint = {"uri": URI, "position": {"line": line, "character": character}}
        client.protocol.notify(protocol.CURSOR, hint)
        prompt = len(CODE.encode()) + 3  # control pieces
        while (done := (await client.status())["engine"])["evaluated_tokens"] < prompt:
            pass
        assert done["generated_tokens"] == 0
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]
        after = (await client.status())["engine"]
        assert after["reused_tokens"] - done["reused_tokens"] >= prompt - 1


async def test_the_model_reads_what_was_selected_before_it_is_explained(tmp_path: Path) -> None:
    """Then the first token comes of one evaluated token: wrapper, code and question were read."""
    async with editor(VSCODE, tmp_path, {"": "It adds."}) as client:
        await client.until_ready()
        client.open(URI, CODE)
        while (await client.status())["engine"]["requests"] == 0:  # the file itself is read
            pass
        on_save = types.CodeActionContext([], only=["source.fixAll"])
        selected = types.Range(types.Position(0, 0), types.Position(*HOLE))
        await client.text_document_code_action_async(
            types.CodeActionParams(types.TextDocumentIdentifier(URI), selected, on_save)
        )
        await asyncio.sleep(1)
        assert (await client.status())["engine"]["requests"] == 1  # nobody selected anything
        actions = await client.actions(URI, (0, 0), HOLE)
        latest: dict[str, int] = (await client.status())["engine"]
        read: dict[str, int] = {}
        while latest["requests"] < 2 or read != latest:
            await asyncio.sleep(0.2)
            read, latest = latest, (await client.status())["engine"]
        assert read["generated_tokens"] == 0
        await client.run(actions["explain"])
        while (done := (await client.status())["engine"])["requests"] == 2:
            pass
        assert done["evaluated_tokens"] - read["evaluated_tokens"] <= 1 + len("It adds.")


async def test_reading_ahead_can_be_switched_off(tmp_path: Path) -> None:
    options = {"completion": {"prefill": False}}
    async with editor(VSCODE, tmp_path, GHOST, options=options) as client:
        await client.until_ready()
        client.open(URI, CODE)
        hint = {"uri": URI, "position": {"line": 0, "character": 0}}
        client.protocol.notify(protocol.CURSOR, hint)
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]
        totals = (await client.status())["engine"]
        assert (totals["requests"], totals["reused_tokens"]) == (1, 0)


async def test_alternatives_for_an_explicit_request(tmp_path: Path) -> None:
    options = {"completion": {"alternatives": 3}}
    async with editor(VSCODE, tmp_path, {"": "total(items)"}, options=options) as client:
        client.open(URI, CODE)
        found = await client.ghost_text(URI, *HOLE)
        assert len(found) == 3
        assert found[0] == "total(items)"
        assert len(set(found)) == 3


ONE_BY_ONE = {"completion": {"prefill": False, "delay": 0, "timeBox": 0}}


@pytest.mark.parametrize(
    ("typed", "rest", "requests"), [("re", "turn sum(items)", 1), ("wh", "ile True:", 2)]
)
async def test_typing_what_the_model_says_follows_it(
    tmp_path: Path, typed: str, rest: str, requests: int
) -> None:
    """As VS Code does it: with each keystroke the request before is given up."""
    replies = {"wh<|fim_suffix|>": "ile True:", "": "return sum(items)"}
    async with editor(VSCODE, tmp_path, replies, seconds=0.004, options=ONE_BY_ONE) as client:
        await client.until_ready()
        client.open(URI, CODE)
        older = asyncio.ensure_future(_typing(client, URI, *HOLE, number="older"))
        while (await client.status())["engine"]["requests"] == 0:
            pass
        line, character = HOLE
        client.change(URI, CODE.replace("    \n", f"    {typed}\n", 1))
        client.cancel_request(types.CancelParams("older"))
        assert await _typing(client, URI, line, character + len(typed), number="newer") == [rest]
        with pytest.raises(JsonRpcException, match="cancel"):
            await older
        assert (await client.status())["engine"]["requests"] == requests


async def test_what_the_editor_closes_is_typed_through_without_asking_again(
    tmp_path: Path,
) -> None:
    """The range takes the editor's brackets and quotes in, so that nothing is doubled."""
    replies = {"": "return max(items, key=lambda item: item['price'])"}
    async with editor(VSCODE, tmp_path, replies, options=ONE_BY_ONE) as client:
        await client.until_ready()
        client.open(URI, CODE)
        line, start = HOLE
        assert await _typing(client, URI, *HOLE, number="first") == list(replies.values())
        asked = (await client.status())["engine"]["requests"]
        for typed, closed in (
            ("return max(", ")"),
            ("return max(items, key=lambda item: item[", "])"),
            ("return max(items, key=lambda item: item['", "'])"),
            ("return max(items, key=lambda item: item['price'", "])"),
        ):
            client.change(URI, CODE.replace("    \n", f"    {typed}{closed}\n", 1))
            column = start + len(typed)
            params = inline_params(URI, line, column)
            answer = await client.text_document_inline_completion_async(params)
            assert isinstance(answer, types.InlineCompletionList)
            (item,) = answer.items
            assert typed + str(item.insert_text) == replies[""]
            here, behind = (types.Position(line, at) for at in (column, column + len(closed)))
            assert item.range == types.Range(here, behind)
        assert (await client.status())["engine"]["requests"] == asked


async def test_a_request_that_was_given_up_stops_when_nobody_follows(tmp_path: Path) -> None:
    replies = {"items": "x" * 60, "": "short"}
    async with editor(VSCODE, tmp_path, replies, seconds=0.02, options=ONE_BY_ONE) as client:
        await client.until_ready()
        client.open(URI, CODE)
        client.open(URI + "2", "y = \n")
        given_up = asyncio.ensure_future(_typing(client, URI, *HOLE, number="given up"))
        while (await client.status())["engine"]["requests"] == 0:
            pass
        client.cancel_request(types.CancelParams("given up"))
        with pytest.raises(JsonRpcException, match="cancel"):
            await given_up
        # The prompt of the first takes far longer than the grace, and goes before this one's.
        assert await client.ghost_text(URI + "2", 0, 4) == ["short"]
        totals = (await client.status())["engine"]
        assert totals["generated_tokens"] == len("short") + 1  # and its end


async def test_a_file_that_is_open_when_the_model_loads_is_read_ahead(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        for number in range(3):
            client.open(f"{URI}{number}", CODE)
        await client.until_ready()
        prompt = len(CODE.encode()) + 3
        while (done := (await client.status())["engine"])["evaluated_tokens"] < prompt:
            pass
        assert done["generated_tokens"] == 0


async def test_a_context_that_is_small_makes_the_window_smaller(tmp_path: Path) -> None:
    options = {"engine": {"contextTokens": 512}}
    knows = ("status",)
    async with editor(VSCODE, tmp_path, GHOST, 0.0, options, knows, context=512) as client:
        client.open(URI, "value = 1\n" * 300 + CODE)
        assert await client.ghost_text(URI, 302, 4) == ["return sum(items)"]
        await client.until(lambda: [item["state"] for item in client.statuses[-2:]] == _A_QUESTION)
        told = client.statuses[-1]["message"]
        assert "herdmate.engine.contextTokens is 512, so the model sees 345 tokens before" in told
        assert (await client.status())["window"]["note"] in told


async def _typing(client: Editor, uri: str, line: int, character: int, number: str) -> list[str]:
    """The inline completions that come while typing."""
    params = inline_params(uri, line, character)
    params.context.trigger_kind = types.InlineCompletionTriggerKind.Automatic
    answer = await client.protocol.send_request_async(  # type: ignore[no-untyped-call]
        types.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=number
    )
    return [item.insert_text for item in answer.items]


async def _why(client: Editor) -> str:
    """Why there was nothing, as it is told to the user."""
    return str(
        await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_WHY)
        )
    )


async def _menu(client: Editor, line: int, character: int) -> list[types.CompletionItem]:
    answer = await client.text_document_completion_async(
        types.CompletionParams(types.TextDocumentIdentifier(URI), types.Position(line, character))
    )
    assert isinstance(answer, types.CompletionList)
    return list(answer.items)


def _json(value: Any) -> Any:
    """An object of unknown shape as pygls gives it, as JSON has it."""
    if hasattr(value, "_asdict"):
        return {name: _json(item) for name, item in value._asdict().items()}
    return [_json(item) for item in value] if isinstance(value, list | tuple) else value
