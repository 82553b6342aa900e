"""The way up from a position is the same as by the nodes' own parents, and found quickly."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from herdmate.context import in_process_parsing, syntax
from herdmate.context.ancestors import ancestors

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


def test_a_long_chain_is_climbed_in_one_go() -> None:
    """200,000 levels: by the nodes' parents, each of which is sought from the root, it is hours."""
    text = "x = " + "!" * 200_000 + "1"
    tree = in_process_parsing.parsed(text, "javascript", 30.0)
    assert tree is not None
    begun = time.process_time()
    way = ancestors(tree.tree.root_node, len(text) - 1, len(text))
    assert len(way) > 200_000
    assert time.process_time() - begun < 20
