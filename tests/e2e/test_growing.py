"""Ghost text that grows: shown line by line, and asked for again, without a key."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.usage.statistics_file import StatisticsFile
from tests.e2e.editor import VSCODE, Editor, editor
from tests.e2e.shop import CODE, HOLE, URI

pytestmark = pytest.mark.e2e

BODY = "result = 0\n    for item in items:\n        result += item\n    return result"
REPLIES = {"": BODY}
SLOW = 0.02
"""Seconds for each character: each line takes longer than the pause between two steps."""


async def test_a_body_grows_without_a_key(tmp_path: Path) -> None:
    async with _editor(tmp_path, "grows") as client:
        await client.until_ready()
        client.open(URI, CODE)
        shown = await client.typing(URI, *HOLE, number="first")
        assert shown == ["result = 0"]
        steps = 0
        while shown != [BODY]:
            steps += 1
            await _until_grown(client, steps)
            longer = await client.typing(URI, *HOLE, number=f"step {steps}")
            assert longer[0].startswith(shown[0])
            assert len(longer[0]) > len(shown[0])
            shown = longer
        assert {(grew["uri"], grew["version"], _place(grew)) for grew in client.grew} == {
            (URI, 0, HOLE)
        }
        assert 1 <= steps <= 4
        assert (await client.status())["engine"]["requests"] == 1
        assert await client.typing(URI, *HOLE, number="last") == [BODY]
        assert len(client.grew) == steps


async def test_who_asks_by_key_sees_it_grow_too(tmp_path: Path) -> None:
    async with _editor(tmp_path, "grows", enabled=False) as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await client.ghost_text(URI, *HOLE) == ["result = 0"]
        await client.until(lambda: client.grew)
        (longer,) = await client.typing(URI, *HOLE, number="again")
        assert longer.startswith("result = 0\n")
        assert (await client.status())["engine"]["requests"] == 1


async def test_it_grows_behind_the_selected_entry_of_an_open_menu(tmp_path: Path) -> None:
    line, column = HOLE
    code = CODE.replace("    \n", "    fo\n", 1)
    rest = " item in items:\n        one(item)\n        two(item)\n        three(item)"
    range_ = types.Range(types.Position(line, column), types.Position(line, column + 2))
    chosen = types.SelectedCompletionInfo(range_, "for")
    async with _editor(tmp_path, "grows", replies={"": rest}) as client:
        await client.until_ready()
        client.open(URI, code)
        first = await client.typing(URI, line, column + 2, "first", chosen)
        assert first[0].startswith("for item in items:")
        await _until_grown(client, 1)
        assert _place(client.grew[0]) == (line, column + 2)
        (longer,) = await client.typing(URI, line, column + 2, "again", chosen)
        assert longer.startswith(first[0] + "\n")
        other = types.SelectedCompletionInfo(range_, "format")
        shown = await client.typing(URI, line, column + 2, "other entry", other)
        assert all(text.startswith("format") for text in shown)


async def test_who_cannot_grow_is_told_nothing(tmp_path: Path) -> None:
    async with _editor(tmp_path) as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await client.typing(URI, *HOLE, number="first") == ["result = 0"]
        await _until_said(client)
        assert await client.typing(URI, *HOLE, number="again") == [BODY]
        assert client.grew == []


async def test_a_key_wins_and_what_it_says_is_followed(tmp_path: Path) -> None:
    async with _editor(tmp_path, "grows") as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await client.typing(URI, *HOLE, number="first") == ["result = 0"]
        line, character = HOLE
        client.change(URI, CODE.replace("    \n", "    re\n", 1))
        (rest,) = await client.typing(URI, line, character + 2, number="typed")
        assert rest.startswith("sult = 0")
        await _until_said(client)
        await client.until(lambda: client.grew)
        assert {grew["version"] for grew in client.grew} == {1}
        assert {_place(grew) for grew in client.grew} == {(line, character + 2)}
        assert (await client.status())["engine"]["requests"] == 1


async def test_growth_is_counted_as_one_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "home"))
    async with _editor(tmp_path, "grows") as client:
        await client.until_ready()
        client.open(URI, CODE)
        await client.typing(URI, *HOLE, number="first")
        await client.until(lambda: client.grew)
        await client.typing(URI, *HOLE, number="again")
        await _until_said(client)
    told = {key.name: many for key, many in StatisticsFile().read().items()}
    assert (told["asked"], told["answered"], told["shown"]) == (1, 1, 1)


def _editor(
    tmp_path: Path, *knows: str, replies: dict[str, str] = REPLIES, **completion: object
) -> AbstractAsyncContextManager[Editor]:
    options = {"completion": {"maxTokens": 128, "prefill": False, **completion}}
    return editor(VSCODE, tmp_path, replies, SLOW, options, knows)


def _place(grew: dict[str, Any]) -> tuple[int, int]:
    return grew["position"].line, grew["position"].character


async def _until_grown(client: Editor, steps: int) -> None:
    await client.until(lambda: len(client.grew) >= steps)


async def _until_said(client: Editor) -> None:
    """Wait until the model has said all of it; what it says then is still to be checked."""
    await client.until_status(lambda status: status["engine"]["generated_tokens"] > len(BODY))
    await asyncio.sleep(0)
