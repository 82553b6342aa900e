"""Settings as editors send them, to a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from tests.e2e.editor import NEOVIM, VSCODE, Editor, editor, inline_params, session, until_answer
from tests.e2e.shop import CODE, GHOST, HOLE, URI

pytestmark = pytest.mark.e2e

OTHERS = {"python": {"analysis": {}}, "gopls": {"staticcheck": True}, "yaml": None}


async def test_sections_of_other_servers_bring_no_warning_and_change_nothing(
    tmp_path: Path,
) -> None:
    """Eglot, lsp-mode and Neovim push all there are, or what is no settings at all."""
    async with editor(NEOVIM, tmp_path, {"fim_middle": "return 1"}) as client:
        client.open(URI, CODE)
        await client.until_ready()
        pushed: list[Any] = [OTHERS, None, [], "x", 3, OTHERS | {"herdmate": None}, {"settings": 1}]
        for settings in pushed:
            _push(client, settings)
        assert await client.ghost_text(URI, *HOLE) == ["return 1"]
        assert [
            message.message for message in client.messages if "setting" in message.message
        ] == []


async def test_a_number_beyond_its_range_is_told_and_costs_nothing(tmp_path: Path) -> None:
    options = {"completion": {"alternatives": 400_000_000}, "engine": {"threads": 10**30}}
    async with editor(NEOVIM, tmp_path, {"fim_middle": "return 1"}, options=options) as client:
        (told,) = await client.until(lambda: [m for m in client.messages if "must be" in m.message])
        assert "herdmate.completion.alternatives must be a whole number from 1 to 8" in told.message
        assert "herdmate.engine.threads must be a whole number from 0 to 512" in told.message
        client.open(URI, CODE)
        assert await client.ghost_text(URI, *HOLE) == ["return 1"]


@pytest.mark.parametrize("variable", ["XDG", "HERDMATE_HOME"])
async def test_where_no_folder_of_ours_can_be_written_the_rest_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A file stands where each of them should be."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file in the place of a folder")
    names = [f"XDG_{name}_HOME" for name in ("STATE", "CACHE", "DATA", "CONFIG")]
    for name in names if variable == "XDG" else [variable]:
        monkeypatch.setenv(name, str(blocked))
    capabilities = client_capabilities(NEOVIM)
    extensions = {"configure": True, "extensions": ["github.copilot"]}
    capabilities.experimental = {"herdmate": extensions}
    async with session(capabilities, tmp_path, {"fim_middle": "return 1", "": "A sum."}) as client:
        client.open(URI, CODE)
        await client.until_ready()
        assert await client.ghost_text(URI, *HOLE) == ["return 1"]
        actions = await client.actions(URI, (0, 0), (2, 0))
        await client.run(actions["explain"])
        reason = f"It cannot be shown because {blocked}"
        await client.until(lambda: [m for m in client.messages if reason in m.message])
        await client.workspace_execute_command_async(types.ExecuteCommandParams("herdmate.why"))
        assert client.questions == []
        assert not [m.message for m in client.messages if "internal error" in m.message]


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

        await until_answer(is_silent)
        assert await client.ghost_text(URI, *HOLE)  # asked for, it comes all the same


async def test_a_folder_of_the_workspace_is_switched_off(tmp_path: Path) -> None:
    options = {"completion": {"disabledIn": ["tests/**"]}}
    async with editor(VSCODE, tmp_path, GHOST, options=options) as client:
        await client.until_ready()
        here, there = ((tmp_path / name).as_uri() for name in ("tests/a.py", "src/a.py"))
        client.open(here, CODE)
        client.open(there, CODE)
        assert await client.typing(here, *HOLE, number="off") == []
        assert "disabledIn" in (await client.status())["silence"]
        assert await client.typing(there, *HOLE, number="on") == ["return sum(items)"]


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


def _push(client: Editor, settings: Any) -> None:
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
