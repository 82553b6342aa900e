"""What an action works on."""

from __future__ import annotations

import pytest

from herdmate.actions.target import resolve_target, targets_of
from herdmate.context import syntax
from herdmate.context.window import around
from herdmate.errors import SelectionError
from herdmate.text import Document, Edit, Selection, Span

CODE = "import os\n\n\nclass A:\n    def f(self):\n        return 1\n\n    x = 2\n"


def _selection(start: int, end: int, text: str = CODE) -> Selection:
    return Selection(Document("a", "python", text), Span(start, end))


def test_a_selection_grows_to_whole_lines() -> None:
    start = CODE.index("def")
    assert resolve_target(_selection(start + 1, start + 20)).text == (
        "    def f(self):\n        return 1"
    )


def test_a_selection_of_lines_leaves_the_next_line_and_blank_ones_out() -> None:
    start, end = CODE.index("    def"), CODE.index("    x = 2")
    assert resolve_target(_selection(start, end)).text == "    def f(self):\n        return 1"
    assert resolve_target(_selection(11, start)).text == "class A:"


def test_an_empty_selection_is_the_innermost_definition() -> None:
    at = CODE.index("1")
    assert resolve_target(_selection(at, at)).text == "    def f(self):\n        return 1"
    at = CODE.index("x = 2")
    assert resolve_target(_selection(at, at)).text == CODE[CODE.index("class") :].rstrip()


def test_what_is_typed_after_the_command_does_not_move_what_it_works_on() -> None:
    """Before the target is found, the client may be asked for its diagnostics, for seconds."""
    tree = syntax.parse(CODE, "python")
    assert tree is not None
    at = CODE.index("1")
    selection = Selection(Document("a", "python", CODE, tree=tree), Span(at, at))
    before = around(selection, 100, len)
    typed = "import sys\n"
    syntax.edited(tree, CODE, (Edit(Span(0, 0), typed),), typed + CODE)
    assert resolve_target(selection).text == "    def f(self):\n        return 1"
    assert around(selection, 100, len) == before


def test_nothing_to_work_on() -> None:
    assert "selection" not in targets_of(_selection(11, 11))
    with pytest.raises(SelectionError, match="Select the code first"):
        resolve_target(_selection(11, 11))


def test_crlf() -> None:
    text = "a = 1\r\nb = 2\r\nc = 3\r\n"
    assert resolve_target(_selection(7, 14, text)).text == "b = 2"
