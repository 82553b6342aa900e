"""Tests that the model writes, as a new file, with the fake engine."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from herdmate.actions.write_tests import NewFile, write_tests
from herdmate.context.tests_of import file_of_tests
from herdmate.errors import RefusedError, SelectionError
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span
from tests.fake_model import fake_actions

ACTION = load_library()[0].get("write_tests")
CODE = "def total(items):\n    return sum(items)\n"
GOOD = "from shop import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"


async def _written(
    tmp_path: Path, replies: dict[str, str], code: str = CODE, language: str = "python"
) -> NewFile:
    selection = Selection(
        Document((tmp_path / "shop.py").as_uri(), language, code),
        Span(len(code) // 2, len(code) // 2),
    )
    async with fake_actions(replies) as model:
        return await write_tests(selection, ACTION, model, tmp_path)


def _reply(code: str) -> str:
    return f"{code}```\n"  # after the fence that was opened for the model


async def test_a_new_file_where_tests_are(tmp_path: Path) -> None:
    replies = {"new file tests/test_shop.py": _reply(GOOD)}
    assert await _written(tmp_path, replies) == NewFile(tmp_path / "tests" / "test_shop.py", GOOD)


async def test_no_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_shop.py").write_text("mine\n")
    found = await _written(tmp_path, {"imported from `shop`": _reply(GOOD)})
    assert found.path == tmp_path / "tests" / "test_shop_total.py"


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("def test_total(:\n    pass\n", "syntax error"),
        (
            "def test_total():\n    assert total([]) == 0\n",
            "Your code uses total, which is neither",
        ),
        ("def test_it():\n    assert True\n", "Your tests never use total"),
        (f"{CODE}\n\ndef test_total():\n    assert total([]) == 0\n", "contain a copy of total"),
    ],
)
async def test_what_the_model_is_told(tmp_path: Path, first: str, told: str) -> None:
    replies = {told: _reply(GOOD), "": _reply(first)}
    assert (await _written(tmp_path, replies)).text == GOOD
    with pytest.raises(RefusedError, match="nothing was written; use a larger "):
        await _written(tmp_path, {"": _reply(first)})


async def test_an_answer_that_was_cut_off_keeps_its_whole_tests(tmp_path: Path) -> None:
    more = f"{GOOD}\n\ndef test_nothing():\n    assert total([]) == 0 # " + "and so on " * 900
    found = await _written(tmp_path, {"": more})
    assert found.text == GOOD
    assert "cut off" in found.note
    endless = "def test_total():\n    # " + "and so on " * 900
    with pytest.raises(RefusedError, match="cut off"):
        await _written(tmp_path, {"": endless})
    shorter = {"write only two short tests": _reply(GOOD), "": endless}
    assert await _written(tmp_path, shorter) == NewFile(found.path, GOOD)


async def test_nothing_to_test(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match="inside a function"):
        await _written(tmp_path, {}, "x = 1\n")
    with pytest.raises(SelectionError, match="where rust tests belong"):
        await _written(tmp_path, {}, "fn f() {}\n", "rust")


@pytest.mark.parametrize("depth", ["tests", "tests/unit"])
async def test_tests_that_are_a_link_out_of_the_project(tmp_path: Path, depth: str) -> None:
    """The model is not even asked: it has no reply."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    (outside / "unit").mkdir(parents=True)
    (project / "tests").mkdir(parents=True)
    if depth == "tests":
        (project / "tests").rmdir()
    (project / depth).symlink_to(outside)
    (outside / "test_other.py").write_text("def test_x(): pass\n")
    with pytest.raises(RefusedError, match="folder outside") if depth == "tests" else nullcontext():
        found = await _written(project, {"": _reply(GOOD)})
        assert found.path.parent == project / "tests"
    assert [path.name for path in outside.rglob("*.py")] == ["test_other.py"]


async def test_tests_that_are_a_link_within_the_project(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "tests").symlink_to("checks")
    found = await _written(tmp_path, {"": _reply(GOOD)})
    assert found.path == tmp_path / "tests" / "test_shop.py"


def test_it_is_offered_where_the_layout_is_known(tmp_path: Path) -> None:
    for language in ACTION.languages:
        assert file_of_tests(tmp_path / "shop.x", tmp_path, language, (), "total"), language


_JS = "export function total(items) {\n  return items.length;\n}\n"
_NODE_TEST = (
    "import { test } from 'node:test';\nimport assert from 'node:assert/strict';\n"
    "import { total } from '../lib/shop{}';\n\ntest('none', () => assert.equal(total([]), 0));\n"
)
_JEST_TEST = (
    "import { total } from '../lib/shop';\n\n"
    "it('counts', () => { expect(total([jest.fn()])).toBe(1); });\n"
)


async def _written_in_node(root: Path, replies: dict[str, str]) -> NewFile:
    (root / "tests").mkdir(exist_ok=True)
    (root / "tests" / "other.test.js").write_text(
        "import { a } from '../lib/a.js';\nimport { test } from 'node:test';\n"
    )
    document = Document((root / "lib" / "shop.js").as_uri(), "javascript", _JS)
    async with fake_actions(replies) as model:
        return await write_tests(Selection(document, Span(20, 20)), ACTION, model, root)


async def test_tests_are_written_as_the_others_are(tmp_path: Path) -> None:
    with_suffix = _NODE_TEST.replace("shop{}", "shop.js")
    wanted = "with Node's own runner: describe and it from node:test"
    assert (await _written_in_node(tmp_path, {wanted: _reply(with_suffix)})).text == with_suffix
    imported = {"imported from `../lib/shop.js`": _reply(with_suffix)}
    assert (await _written_in_node(tmp_path, imported)).text == with_suffix
    head = "import { test } from 'node:test';\nimport assert from 'node:assert/strict';\n"
    body = with_suffix.split("strict';\n")[1]
    assert (await _written_in_node(tmp_path, {"": _reply(body)})).text == head + body
    bare = with_suffix.replace("shop.js", "shop")
    assert (await _written_in_node(tmp_path, {"": _reply(bare)})).text == with_suffix


async def test_tests_for_another_framework_are_written_again(tmp_path: Path) -> None:
    good = _NODE_TEST.replace("shop{}", "shop.js")
    replies = {"this project uses Node's own runner": _reply(good), "": _reply(_JEST_TEST)}
    assert (await _written_in_node(tmp_path, replies)).text == good
    with pytest.raises(RefusedError, match="not written for node:test, which this project uses"):
        await _written_in_node(tmp_path, {"": _reply(_JEST_TEST)})


async def test_what_no_test_can_import_is_said_before_the_model_is_asked(tmp_path: Path) -> None:
    code = "export const x = total();\nfunction total() {\n  return 1;\n}\n"
    with pytest.raises(SelectionError, match=r"^total is not exported, so .*; export it first\.$"):
        await _written(tmp_path, {}, code, "javascript")


async def test_what_is_exported_is_imported_by_its_name(tmp_path: Path) -> None:
    told = "import { total } from '../lib/shop.js';\n"
    found = await _written_in_node(tmp_path, {"": _reply("test('a', () => total([]));\n")})
    assert f"{told}test('a'" in found.text
    with pytest.raises(RefusedError, match="never use total"):
        await _written_in_node(tmp_path, {"": _reply("test('a', () => assert(1));\n")})
