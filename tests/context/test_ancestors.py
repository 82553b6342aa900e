"""The way up from a position is the same as by the nodes' own parents, and found quickly."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from herdmate.context import in_process_parsing, syntax
from herdmate.context.ancestors import DEEPEST_TREE, ancestors, child_at, is_too_deep
from herdmate.text import Edit, Span

_PYTHON = Path(syntax.__file__).read_text("utf-8")[:5000]


def _by_parents(node: Any) -> list[int]:
    found = []
    while node is not None:
        found.append(node.id)
        node = node.parent
    return found


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (_PYTHON, "python"),
        (_PYTHON[:2000] + _PYTHON[2100:], "python"),
        ('"""doc"""\nx = f(a)\n', "python"),
        ("let x = \nfunction f(a, b { return a + ; }\nclass A { m() { if (x) } }\n", "javascript"),
        ("x = !!!!1\n", "javascript"),
        ("int f( { return 1 + ; }", "c"),
        ("func f() { x := \n}", "go"),
    ],
)
def test_the_way_is_that_of_the_parents(text: str, language: str) -> None:
    tree = in_process_parsing.parsed(text, language)
    assert tree is not None
    root, size = tree.tree.root_node, len(tree.source.data)
    for at in range(size + 1):
        for start, end in ((at, at), (max(at - 1, 0), at), (at, min(at + 20, size))):
            found = [node.id for node in ancestors(root, start, end)]
            assert found == _by_parents(root.descendant_for_byte_range(start, end)), (start, end)
        child = child_at(root, at)
        assert [node.id for node in ancestors(root, at, at)[-2:-1]] == ([child.id] if child else [])


def test_a_long_chain_is_climbed_in_one_go() -> None:
    """200,000 levels: by the nodes' parents, each of which is sought from the root, it is hours."""
    text = "x = " + "!" * 200_000 + "1"
    tree = in_process_parsing.parsed(text, "javascript", 30.0)
    assert tree is not None
    begun = time.process_time()
    way = ancestors(tree.tree.root_node, len(text) - 1, len(text))
    assert len(way) > 200_000
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("unit", "language"),
    [
        ("!", "javascript"),
        ("a=>", "javascript"),
        ("a?b:", "javascript"),
        ("else if(a)b();", "javascript"),
        ("-", "python"),
        ("1+", "python"),
        ("not ", "python"),
        ("*", "go"),
        ("&", "rust"),
    ],
)
@pytest.mark.parametrize("around", [0, 3_000])
def test_code_that_nests_absurdly_has_no_tree(unit: str, language: str, around: int) -> None:
    """Ghost text in 200,000 ``!`` held the event loop for two seconds."""
    first = {"else if(a)b();": "if(a)b();", "*": "package a\nvar x "}
    first |= {"&": "fn f() { let x = "}
    comments = ("#" if language == "python" else "//") + " a\n"
    text = first.get(unit, "x = ") + unit * 9_000 + "1\n"
    whole = comments * around + text + comments * around
    tree = in_process_parsing.parsed(whole, language, 30.0)
    if tree is None:
        return  # which is an answer too
    assert is_too_deep(tree.tree.root_node) or _deepest(tree.tree.root_node) < 2 * DEEPEST_TREE


def _deepest(root: Any) -> int:
    """The depth of a tree, counted node by node."""
    deepest, depth, cursor = 0, 0, root.walk()
    while True:
        if _goes_down(cursor):
            depth += 1
            deepest = max(deepest, depth)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return deepest
            depth -= 1


def _goes_down(cursor: Any) -> bool:
    return bool(cursor.goto_first_child())


def test_a_document_that_comes_to_nest_absurdly_goes_on_without_a_tree() -> None:
    tree = syntax.parse("x = 1\n", "javascript")
    assert tree is not None
    bangs = "!" * 20_000
    edit = Edit(Span(4, 4), bangs)
    assert syntax.edited(tree, "x = 1\n", (edit,), f"x = {bangs}1\n", 60.0) is None
    assert syntax.parse(f"x = {bangs}1\n", "javascript") is None
    assert syntax.parse("x = " + "a + " * 2_000 + "a\n", "javascript") is not None


def test_code_by_people_does_not_nest_absurdly() -> None:
    tree = in_process_parsing.parsed(Path(syntax.__file__).read_text("utf-8") * 40, "python", 30.0)
    assert tree is not None
    assert not is_too_deep(tree.tree.root_node)
