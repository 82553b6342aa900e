"""Completion menus: entries where there is no ghost text, and ghost text beside a menu's entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import EMACS, VSCODE, Editor, editor, inline_params, until_answer
from tests.e2e.shop import CODE, GHOST, HOLE, URI

pytestmark = pytest.mark.e2e


async def test_a_completion_menu_where_there_is_no_ghost_text(tmp_path: Path) -> None:
    async with editor(EMACS, tmp_path, {"re<|fim_suffix|>": "turn sum(items)"}) as client:
        await client.until_ready()
        client.open(URI, CODE.replace("    \n", "    re\n"))
        (item,) = await _menu(client, 2, 6)
        assert item.filter_text == "re"
        assert isinstance(item.text_edit, types.TextEdit)
        assert item.text_edit.range.start == types.Position(2, 4)
        assert item.text_edit.new_text.startswith("re")


async def test_an_entry_of_several_lines_is_indented_already(tmp_path: Path) -> None:
    """A client that indents what it inserts would do so twice."""
    async with editor(EMACS, tmp_path, {"": "if items:\n        return 1"}) as client:
        await client.until_ready()
        client.open(URI, CODE)
        (item,) = await until_answer(lambda: _menu(client, *HOLE))
        assert "\n" in item.text_edit.new_text  # type: ignore[union-attr]
        assert item.insert_text_mode is types.InsertTextMode.AsIs


async def test_a_menu_does_not_wait_for_a_slow_model(tmp_path: Path) -> None:
    """Other servers' entries stand in the same menu. The answer is there a moment later."""
    options = {"completion": {"prefill": False}}
    async with editor(EMACS, tmp_path, GHOST, seconds=0.005, options=options) as client:
        await client.until_ready()
        client.open(URI, CODE)
        assert await _menu(client, *HOLE) == []
        found = await until_answer(lambda: _menu(client, *HOLE))
        assert [item.label for item in found] == ["return sum(items)"]
        assert (await client.status())["engine"]["requests"] == 1


async def test_what_comes_too_late_for_a_menu_is_told(tmp_path: Path) -> None:
    options = {"completion": {"prefill": False}}
    replies = {"    <|fim_suffix|>": "return sum(items)", "": "\n"}
    async with editor(EMACS, tmp_path, replies, seconds=0.005, options=options) as client:
        await client.until_ready()
        client.open(URI, CODE)
        client.open(URI + "2", "y = \n" + "# much to read\n" * 10)
        assert await _menu(client, *HOLE) == []
        assert "still" in await client.why()
        why = await until_answer(client.why, lambda why: "still" not in why)
        assert "too late" in why
        params = types.CompletionParams(
            types.TextDocumentIdentifier(URI + "2"), types.Position(0, 4)
        )
        assert not (await client.text_document_completion_async(params)).items  # type: ignore[union-attr]
        why = await until_answer(client.why, lambda why: "still" not in why)
        assert "nothing useful" in why
        assert await _menu(client, *HOLE)
        assert "Ghost text was shown for the last request" in await client.why()


async def test_the_entry_chosen_in_the_menu_is_gone_on_with(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, {"return <|fim_suffix|>": "sum(items)"}) as client:
        client.open(URI, CODE.replace("    \n", "    ret\n"))
        (item,) = await _after_entry(client, "ret", 4, "return ")
        chosen = types.Range(types.Position(2, 4), types.Position(2, 7))
        assert (item.insert_text, item.range) == ("return sum(items)", chosen)


async def test_an_entry_that_does_not_begin_with_what_was_typed_is_told(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, GHOST) as client:
        await client.until_ready()
        client.open(URI, CODE.replace("    \n", "    pa\n"))
        assert not await _after_entry(client, "pa", 4, "Path")
        assert "does not begin with what was typed" in await client.why()


@pytest.mark.parametrize(
    ("entry", "reply", "texts"),
    [("max", "max(items)", ["max(items)"]), ("E", "EDOM", []), ("at", "max(items)", []),
     ("m", "max(items)", []), ("max", "max", [])],
)  # fmt: skip
async def test_an_entry_that_was_just_the_first_is_not_gone_on_with(
    tmp_path: Path, entry: str, reply: str, texts: list[str]
) -> None:
    """The model is asked as if there were no menu, and not again for the next entry."""
    replies = {"x = math.<|fim_suffix|>": reply, f"math.{entry}": ".wrong()"}
    options = {"completion": {"prefill": False}}
    async with editor(VSCODE, tmp_path, replies, options=options) as client:
        client.open(URI, CODE.replace("    \n", "    x = math.\n"))
        await client.until_ready()
        items = await _after_entry(client, "", 13, entry)
        assert [item.insert_text for item in items] == texts
        if not texts and entry != reply:
            assert "something other than the selected menu entry" in await client.why()
        assert await _after_entry(client, "", 13, "zip") == []
        assert (await client.status())["engine"]["requests"] == 1


async def test_what_was_written_before_the_menu_is_not_asked_for_again(tmp_path: Path) -> None:
    replies = {"x = math.<|fim_suffix|>": "max(items)", "math.max<|fim_suffix|>": ".wrong()"}
    options = {"completion": {"prefill": False}}
    async with editor(VSCODE, tmp_path, replies, options=options) as client:
        client.open(URI, CODE.replace("    \n", "    x = math.\n"))
        await client.until_ready()
        assert await _after_entry(client, "", 13, "acos") == []
        client.change(URI, CODE.replace("    \n", "    x = math.m\n"))
        (item,) = await _after_entry(client, "m", 13, "max")
        assert item.insert_text == "max(items)"
        assert await _after_entry(client, "m", 13, "min") == []
        assert (await client.status())["engine"]["requests"] == 1


async def test_no_word_of_the_menu_is_made_longer(tmp_path: Path) -> None:
    async with editor(VSCODE, tmp_path, {"x = E<|fim_suffix|>": "DOM"}) as client:
        client.open(URI, CODE.replace("    \n", "    x = E\n"))
        await client.until_ready()
        assert await _after_entry(client, "E", 8, "E") == []
        assert "something other than the selected menu entry" in await client.why()


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
        items = await _after_entry(client, "pa", 13, "path")
        assert [item.insert_text for item in items] == texts
        chosen = types.Range(types.Position(2, 13), types.Position(2, 15))
        assert all(item.range == chosen for item in items)
        if not texts:
            assert "menu" in (await client.status())["silence"]


async def _after_entry(
    client: Editor, typed: str, start: int, entry: str
) -> list[types.InlineCompletionItem]:
    """The ghost text while an entry, which replaces what was typed, is selected in the menu."""
    end = start + len(typed)
    params = inline_params(URI, 2, end)
    chosen = types.Range(types.Position(2, start), types.Position(2, end))
    params.context.selected_completion_info = types.SelectedCompletionInfo(chosen, entry)
    answer = await client.text_document_inline_completion_async(params)
    assert isinstance(answer, types.InlineCompletionList)
    return list(answer.items)


async def _menu(client: Editor, line: int, character: int) -> list[types.CompletionItem]:
    answer = await client.text_document_completion_async(
        types.CompletionParams(types.TextDocumentIdentifier(URI), types.Position(line, character))
    )
    assert isinstance(answer, types.CompletionList)
    return list(answer.items)
