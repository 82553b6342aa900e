"""The menus of an editor, and what is chosen in them, with a real server process."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from herdmate.lsp import protocol
from tests.e2e.editor import VSCODE, Editor, editor, inline_params, session
from tests.e2e.shop import CODE, GHOST, HOLE, URI


async def test_a_pause_of_an_hour_needs_nothing_of_the_editor(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        client.open(URI, CODE)
        assert await _typed(client)
        menu = await _menu(client)
        assert "Pause Ghost Text in Python" not in menu
        assert "Choose a Model…" not in menu  # a client that shows no menus has no such command
        await _choose(client, menu["Pause Ghost Text for an Hour"])
        assert await _typed(client) == []
        assert await client.ghost_text(URI, *HOLE)  # what is asked for is given
        assert await _typed(client) == []
        menu = await _menu(client)
        assert "paused until" in menu["Resume Ghost Text"].detail
        assert "paused until" in menu["Why No Suggestion?"].detail
        assert "Pause Ghost Text for an Hour" not in menu
        await _choose(client, menu["Resume Ghost Text"])
        assert await _typed(client)


async def test_other_pauses_are_settings_that_the_editor_changes(tmp_path: Path) -> None:
    options = {"completion": {"disabledIn": ["go"]}}
    knows = ("menu", "configure")
    async with editor(VSCODE, tmp_path, GHOST, options=options, knows=knows) as client:
        client.open(URI, CODE)
        menu = await _menu(client)
        await _choose(client, menu["Pause Ghost Text in Python"])
        await _choose(client, menu["Pause Ghost Text in This Workspace"])
        await client.until(lambda: len(client.configured) == 2)
        assert client.configured == [
            {"name": "completion.disabledIn", "value": ["go", "python"], "workspace": False},
            {"name": "completion.enabled", "value": False, "workspace": True},
        ]


@pytest.mark.parametrize(
    ("given", "item", "asked"),
    [
        (
            {"disabledIn": ["python"]},
            "Resume Ghost Text in Python",
            ("completion.disabledIn", None),
        ),
        ({"enabled": False}, "Resume Ghost Text", ("completion.enabled", None)),
    ],
)
async def test_what_was_switched_off_is_resumed(
    tmp_path: Path, given: dict[str, Any], item: str, asked: tuple[str, None]
) -> None:
    options = {"completion": given}
    async with editor(VSCODE, tmp_path, GHOST, options=options, knows=("configure",)) as client:
        client.open(URI, CODE)
        assert await _typed(client) == []
        await _choose(client, (await _menu(client))[item])
        (found,) = await client.until(lambda: client.configured)
        assert (found["name"], found["value"]) == asked


async def test_the_menu_tells_how_fast_the_model_is(tmp_path: Path) -> None:
    replies = {"": "return 1 + 2 + 3 + 4 + 5 + 6 + 7"}
    async with editor(VSCODE, tmp_path, replies, 0.01, knows=("menu",)) as client:
        client.open(URI, CODE)
        await client.ghost_text(URI, *HOLE)
        told = await _asked(client, "status")
        assert "ghost text after" in told.placeholder
        assert told.title.startswith("Herdmate: ready")


async def test_models_are_chosen_by_a_menu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    async with editor(VSCODE, tmp_path, GHOST, knows=("menu", "configure")) as client:
        few = await _menu(client, "models")
        assert few["Show All…"].arguments == ["allModels"]
        menu = await _menu(client, "allModels")
        assert len(few) < len(menu)
        missing = [item for item in menu.values() if item.icon == "cloud-download"]
        assert missing
        assert all(item.command == protocol.COMMAND_CHOOSE_MODEL for item in menu.values())
        await _choose(client, menu["Automatic"])
        (found,) = await client.until(lambda: client.configured)
        assert (found["name"], found["value"]) == ("model", None)


async def test_of_a_model_that_is_a_path_the_menus_name_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    options = {"model": str(tmp_path / "a" / "folder" / "that-is-not-there.gguf")}
    async with editor(VSCODE, tmp_path, options=options, knows=("menu",)) as client:
        told = await _asked(client, "models")
        assert told.placeholder == "Chosen: that-is-not-there.gguf"
        items = {item.label: item.detail for item in (await _asked(client, "status")).items}
        assert items["Choose a Model…"] == "that-is-not-there.gguf"


async def test_what_the_model_saw_lies_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    capabilities = client_capabilities(VSCODE)
    assert capabilities.workspace is not None
    content = types.TextDocumentContentClientCapabilities(dynamic_registration=True)
    capabilities.workspace.text_document_content = content
    async with session(capabilities, tmp_path, GHOST) as client:
        client.open(URI, CODE)
        await client.ghost_text(URI, *HOLE)
        await client.workspace_execute_command_async(
            types.ExecuteCommandParams(protocol.COMMAND_SEEN)
        )
        (shown,) = await client.until(lambda: client.shown_documents)
        assert shown.uri.startswith("herdmate:/what-the-model-saw")
        text = await client.workspace_text_document_content_async(
            types.TextDocumentContentParams(shown.uri)
        )
        assert "## Prompt" in text.text
        assert not list((tmp_path / "cache").rglob("*.md"))
        other = await client.workspace_text_document_content_async(
            types.TextDocumentContentParams("herdmate:/other.md")
        )
        assert "no longer available" in other.text


async def test_other_extensions_with_ghost_text_are_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    capabilities = client_capabilities(VSCODE)
    own = {"configure": True, "extensions": ["Continue.continue", "vscode.git"]}
    capabilities.experimental = {"herdmate": own}
    async with session(capabilities, tmp_path, GHOST) as client:
        client.chooses = "Leave ghost text to Continue"
        (question,) = await client.until(lambda: client.questions)
        assert question.message.startswith("Continue may show ghost text too.")
        (found,) = await client.until(lambda: client.configured)
        assert found == {"name": "completion.enabled", "value": False, "workspace": False}
    own["extensions"] = ["Continue.continue", "TabbyML.vscode-tabby"]
    async with session(capabilities, tmp_path, GHOST) as client:
        (question,) = await client.until(lambda: client.questions)
        assert question.message.startswith("Tabby may")
    async with session(capabilities, tmp_path, GHOST) as client:
        await client.until_ready()
        assert client.questions == []


async def _typed(client: Editor) -> list[str]:
    """Ghost text as it comes while typing."""
    params = inline_params(URI, *HOLE)
    params.context.trigger_kind = types.InlineCompletionTriggerKind.Automatic
    answer = await client.text_document_inline_completion_async(params)
    assert isinstance(answer, types.InlineCompletionList)
    return [str(item.insert_text) for item in answer.items]


async def _asked(client: Editor, name: str) -> Any:
    asked = {"menu": name, "uri": URI}
    return await client.protocol.send_request_async(protocol.MENU, asked)  # type: ignore[no-untyped-call]


async def _menu(client: Editor, name: str = "status") -> dict[str, protocol.MenuItem]:
    """A menu's items, by their labels."""
    await client.until_ready()
    told = await _asked(client, name)
    names = [item.name for item in dataclasses.fields(protocol.MenuItem)]
    items = ({name: getattr(item, name) for name in names} for item in told.items)
    return {item["label"]: protocol.MenuItem(**item) for item in items}


async def _choose(client: Editor, item: protocol.MenuItem) -> None:
    await client.workspace_execute_command_async(
        types.ExecuteCommandParams(item.command, list(item.arguments))
    )
