"""Settings as editors send them, to a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from tests.e2e.editor import NEOVIM, Editor, editor, session

pytestmark = pytest.mark.e2e

URI = "file:///project/shop.py"
CODE = "def total(items):\n    \n"
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
        assert await client.ghost_text(URI, 1, 4) == ["return 1"]
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
        assert await client.ghost_text(URI, 1, 4) == ["return 1"]


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
        assert await client.ghost_text(URI, 1, 4) == ["return 1"]
        actions = await client.actions(URI, (0, 0), (2, 0))
        await client.run(actions["explain"])
        if variable == "XDG":  # the other says nothing of the cache's folder
            reason = f"It cannot be shown, since {blocked}"
            await client.until(lambda: [m for m in client.messages if reason in m.message])
        await client.workspace_execute_command_async(types.ExecuteCommandParams("herdmate.why"))
        assert client.questions == []
        assert not [m.message for m in client.messages if "internal error" in m.message]


def _push(client: Editor, settings: Any) -> None:
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
