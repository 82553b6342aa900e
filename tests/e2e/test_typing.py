"""Typing: what is shown while the model answers, and what is prepared and given up on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.e2e.editor import VSCODE, editor, inline_params
from tests.e2e.shop import A_QUESTION, CODE, GHOST, HOLE, URI

pytestmark = pytest.mark.e2e

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
        older = asyncio.ensure_future(client.typing(URI, *HOLE, number="older"))
        await client.until_status(lambda status: status["engine"]["requests"])
        line, character = HOLE
        client.change(URI, CODE.replace("    \n", f"    {typed}\n", 1))
        client.cancel_request(types.CancelParams("older"))
        assert await client.typing(URI, line, character + len(typed), number="newer") == [rest]
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
        assert await client.typing(URI, *HOLE, number="first") == list(replies.values())
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
            params.context.trigger_kind = types.InlineCompletionTriggerKind.Automatic
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
        given_up = asyncio.ensure_future(client.typing(URI, *HOLE, number="given up"))
        await client.until_status(lambda status: status["engine"]["requests"])
        client.cancel_request(types.CancelParams("given up"))
        with pytest.raises(JsonRpcException, match="cancel"):
            await given_up
        # The prompt of the first takes far longer than the grace, and goes before this one's.
        assert await client.ghost_text(URI + "2", 0, 4) == ["short"]
        totals = (await client.status())["engine"]
        assert totals["generated_tokens"] == len("short") + 1  # and its end


async def test_what_follows_ghost_text_is_prepared_while_it_is_shown(tmp_path: Path) -> None:
    replies = {"(items)<|fim_suffix|>": "\n    # done", "": "return sum(items)"}
    async with editor(VSCODE, tmp_path, replies) as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await client.typing(URI, *HOLE, number="shown") == ["return sum(items)"]
        said = len("return sum(items)") + 1
        await client.until_status(
            lambda status: status["engine"]["generated_tokens"] > said + len("\n    # done")
        )
        before = (await client.status())["engine"]["requests"]
        client.change(URI, CODE.replace("    \n", "    return sum(items)\n", 1))
        behind = (HOLE[0], HOLE[1] + len("return sum(items)"))
        assert await client.typing(URI, *behind, number="next") == ["\n    # done"]
        assert (await client.status())["engine"]["requests"] == before


async def test_the_status_says_nothing_of_what_the_model_is_not_asked(tmp_path: Path) -> None:
    """No spinner at each key: what is cached is there at once, and so is silence."""
    async with editor(VSCODE, tmp_path, GHOST, knows=("status",)) as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await client.ghost_text(URI, *HOLE) == ["return sum(items)"]
        await client.until(lambda: [item["state"] for item in client.statuses[-2:]] == A_QUESTION)
        told = len(client.statuses)
        for typed in ("r", "re", "ret", "retu", "retur"):
            client.change(URI, CODE.replace("    \n", f"    {typed}\n", 1))
            assert await client.typing(URI, HOLE[0], HOLE[1] + len(typed), typed)
        assert await client.typing(URI, 0, 5, "in a word") == []
        assert (await client.status())["state"] == "ready"  # what was told before has come
        assert len(client.statuses) == told
