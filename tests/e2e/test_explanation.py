"""Explanations: streamed, as a document, as an answer, stopped and asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from herdmate.lsp import protocol
from tests.e2e.editor import NEOVIM, VSCODE, as_json, editor, session
from tests.e2e.shop import CODE, URI

pytestmark = pytest.mark.e2e


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


async def test_a_client_that_shows_it_is_told_what_is_done_and_stops_by_itself(
    tmp_path: Path,
) -> None:
    replies = {"": "It **sums**. " * 100}
    knows = ("explanation", "stop")
    async with editor(VSCODE, tmp_path, replies, 0.04, knows=knows) as client:
        client.open(URI, CODE)
        await client.until_ready()
        await client.run((await client.actions(URI, (0, 0), (6, 12)))["explain"])
        await client.until(lambda: client.parts)
        assert client.parts[0]["progress"] == "Reading 7 lines…"
        assert not client.parts[0]["text"]
        await client.until(lambda: any(part["text"] for part in client.parts))
        assert len(client.progress_reports) == 1  # of the model's loading
        client.protocol.notify(protocol.STOP, {"id": client.parts[0]["id"]})
        await client.until(lambda: client.parts[-1]["done"])
        assert client.parts[-1]["stopped"]
        assert "".join(part["text"] for part in client.parts).startswith("I")
        client.protocol.notify(protocol.STOP, {"id": client.parts[0]["id"]})  # it has ended
        client.protocol.notify(protocol.STOP, {})
        assert await client.status()


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
            arguments = {**as_json(last["next"]), "instruction": question}
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
