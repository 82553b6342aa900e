"""What becomes of a suggestion, told from the text."""

from __future__ import annotations

from dataclasses import replace
from typing import SupportsIndex

import pytest

from herdmate.completion.complete import Completion
from herdmate.text import Cursor, Document, Span
from herdmate.usage.shown_suggestion import Accepted, is_kept
from herdmate.usage.tally import Tally
from tests.fake_model import cursor

BEFORE, AFTER = "def total(items):\n    ", "\n\nprint(total([1]))\n"
GHOST = "return sum(items)"


def _tally() -> Tally:
    return Tally(lambda: "2026-01-31")


def _number(tally: Tally, name: str) -> int:
    return sum(many for key, many in tally.counted.items() if key.name == name)


def _offer(tally: Tally, before: str, text: str, after: str = AFTER, reach: int = 0) -> list[int]:
    at = len(before)
    return tally.offer(cursor(before, after), [Completion(text, Span(at, at + reach))])


def _change(tally: Tally, text: str, uri: str = "a") -> Accepted | None:
    return tally.changed(Document(uri, "python", text))


def test_accepted_and_kept() -> None:
    tally = _tally()
    _offer(tally, BEFORE, GHOST)
    item = _change(tally, BEFORE + GHOST + AFTER)
    assert item is not None
    assert tally.waiting("a") == (item,)
    tally.judge(item, Document("a", "python", "import os\n" + BEFORE + GHOST + "  # so\n" + AFTER))
    tally.judge(item, Document("a", "python", BEFORE + GHOST + AFTER))
    for name, many in {"shown": 1, "accepted": 1, "acceptedCharacters": 17, "kept": 1}.items():
        assert _number(tally, name) == many
    assert not tally.waiting("a")


def test_accepted_and_edited_away() -> None:
    tally = _tally()
    _offer(tally, BEFORE, GHOST)
    item = _change(tally, BEFORE + GHOST + AFTER)
    assert item is not None
    tally.judge(item, Document("a", "python", BEFORE + "return max(items)" + AFTER))
    assert (_number(tally, "accepted"), _number(tally, "kept")) == (1, 0)


@pytest.mark.parametrize(
    "text",
    [
        BEFORE + "x" + AFTER,
        BEFORE[:-1] + AFTER,
        "# note\n" + BEFORE + AFTER,
        BEFORE + AFTER + GHOST,
        BEFORE + "raise ValueError()" + AFTER,
        "",
    ],
)
def test_something_else_is_written(text: str) -> None:
    tally = _tally()
    _offer(tally, BEFORE, GHOST)
    assert _change(tally, text) is None
    assert _change(tally, BEFORE + GHOST + AFTER) is None


def test_what_is_typed_is_shown_once_and_not_accepted() -> None:
    tally = _tally()
    _offer(tally, BEFORE, GHOST)
    for typed in range(1, len(GHOST) + 1):
        assert _change(tally, BEFORE + GHOST[:typed] + AFTER) is None
        if typed < len(GHOST):
            _offer(tally, BEFORE + GHOST[:typed], GHOST[typed:])
    assert _number(tally, "shown") == 1
    assert not _number(tally, "accepted")


def test_the_rest_may_be_accepted_after_some_was_typed() -> None:
    tally = _tally()
    _offer(tally, BEFORE, GHOST)
    assert _change(tally, BEFORE + "ret" + AFTER) is None
    assert _change(tally, BEFORE + GHOST + AFTER) is not None
    assert _number(tally, "acceptedCharacters") == 14


KEYS = [
    ("x = │\ny = 1\n", "sum(a[0]) + 1", 0),
    ("x = sum(│)\ny = 1\n", "a[0]) + 1", 1),
    ("x = sum(a│)\ny = 1\n", "[0]) + 1", 1),
    ("x = sum(a[│])\ny = 1\n", "0]) + 1", 2),
    ("x = sum(a[0]│)\ny = 1\n", ") + 1", 1),
    ("x = sum(a[0])│\ny = 1\n", " + 1", 0),
]
"""Typing in an editor that closes brackets by itself: what is left, and how many characters it
takes the place of."""


def test_what_is_typed_where_the_editor_closes_brackets_is_shown_once() -> None:
    tally = _tally()
    for drawn, text, reach in KEYS:
        before, after = drawn.split("│")
        assert _change(tally, before + after) is None
        _offer(tally, before, text, after, reach)
    assert (_number(tally, "shown"), _number(tally, "accepted")) == (1, 0)


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("typed", range(1, len(KEYS)))
def test_the_rest_may_be_accepted_where_the_editor_has_closed_brackets(
    typed: int, asks: bool
) -> None:
    tally = _tally()
    for drawn, text, reach in KEYS[: typed + 1]:
        before, after = drawn.split("│")
        assert _change(tally, before + after) is None
        if asks or drawn is KEYS[0][0]:
            _offer(tally, before, text, after, reach)
    assert _change(tally, before + text + after[reach:]) is not None
    assert (_number(tally, "shown"), _number(tally, "accepted")) == (1, 1)


def test_an_empty_pair_is_closed_and_typed_over() -> None:
    tally = _tally()
    for before, text, after, reach in (
        ("x = f", "() + 1", "\n", 0),
        ("x = f(", ") + 1", ")\n", 1),
        ("x = f()", " + 1", "\n", 0),
        ("x = f() ", "+ 1", "\n", 0),
        ("x = f() +", " 1", "\n", 0),
    ):
        assert _change(tally, before + after) is None
        _offer(tally, before, text, after, reach)
    assert _number(tally, "shown") == 1


def test_a_pair_that_one_key_writes_was_typed() -> None:
    tally = _tally()
    (number,) = _offer(tally, "x = f", "()", "\n")
    assert _change(tally, "x = f()\n") is None
    assert tally.accept(number) is not None  # unless the editor says so
    assert _number(tally, "accepted") == 1


def test_what_the_editor_did_not_close_is_another_text() -> None:
    tally = _tally()
    _offer(tally, "x = ", "sum(a)", "\n")
    assert _change(tally, "x = s]\n") is None
    _offer(tally, "x = s", "um(a)", "]\n")
    assert _number(tally, "shown") == 2


class _Text(str):
    """It notes how much of it was copied at once."""

    most = 0

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        part = super().__getitem__(key)
        self.most = max(self.most, len(part))
        return part


def test_of_a_long_line_and_a_long_paste_little_is_copied() -> None:
    tally, line = _tally(), "x" * 100_000
    _offer(tally, line, "f(a)", "\n")
    key, paste, far = map(_Text, (f"{line}f()\n", f"{line}f({line}{line})\n", f"{line}f()\n{line}"))
    assert _change(tally, key) is None
    assert _change(tally, paste) is None
    _offer(tally, line, "f(a)", "\n")
    end = Span(len(far), len(far))
    tally.offer(Cursor(Document("a", "python", far), end.start), [Completion("y", end)])
    assert _number(tally, "shown") == 3
    assert max(key.most, paste.most, far.most) <= 1024


def test_a_suggestion_that_grew_is_the_same() -> None:
    tally = _tally()
    _offer(tally, BEFORE, "a = 1")
    _offer(tally, BEFORE, "a = 1\n    b = 2")
    assert _number(tally, "shown") == 1
    _offer(tally, BEFORE, "c = 3")
    assert _number(tally, "shown") == 2


def test_what_takes_the_place_of_closers() -> None:
    tally = _tally()
    _offer(tally, "f(", "a, b)", ")\n", reach=1)
    assert _change(tally, "f(a, b)\n") is not None
    _offer(tally, "f(", "a)", ")\n", reach=1)
    assert _change(tally, "f(a)\n") is None  # one character: typed


def test_the_editor_says_that_it_was_accepted() -> None:
    """Once, whether or not the text has told so; also where the text was changed otherwise."""
    tally = _tally()
    (number,) = _offer(tally, BEFORE, GHOST)
    assert _change(tally, BEFORE + GHOST + AFTER) is not None
    assert tally.accept(number) is None
    (number,) = _offer(tally, BEFORE, ")")
    assert _change(tally, BEFORE + ")" + AFTER) is None
    assert tally.accept(number) is not None
    assert tally.accept(number) is None
    assert tally.accept(999) is None
    assert _number(tally, "accepted") == 2


def test_alternatives_are_one_suggestion_and_any_may_be_accepted() -> None:
    tally = _tally()
    here = Span(len(BEFORE), len(BEFORE))
    items = [Completion(text, here) for text in (GHOST, "return 0")]
    assert len(tally.offer(cursor(BEFORE, AFTER), items)) == 2
    assert _change(tally, BEFORE + "return 0" + AFTER) is not None
    assert (_number(tally, "shown"), _number(tally, "accepted")) == (1, 1)


def test_a_menu_entry_begins_before_the_cursor() -> None:
    """A completion behind an entry of the menu: its span holds what is typed of that."""
    tally = _tally()
    span = Span(len(BEFORE), len(BEFORE) + 2)
    at = Cursor(Document("a", "python", BEFORE + "re" + AFTER), len(BEFORE) + 2)
    tally.offer(at, [Completion(GHOST, span)])
    assert _change(tally, BEFORE + GHOST + AFTER) is not None


def test_another_file_changes_nothing() -> None:
    tally = _tally()
    _offer(tally, BEFORE, GHOST)
    assert _change(tally, BEFORE + GHOST + AFTER, uri="b") is None
    assert _change(tally, BEFORE + GHOST + AFTER) is not None


def test_kept_whatever_the_spaces_are() -> None:
    item = Accepted("a", "python", "2026-01-31", 0, 10, ("f(a,b)", "g()"))
    assert is_kept(item, Document("a", "python", "x\nf(a, b)\n  y\n  g( )\n"))
    assert not is_kept(item, Document("a", "python", "g()\nf(a, b)\n"))
    far = replace(item, at=20_000)
    assert not is_kept(far, Document("a", "python", "f(a,b)\ng()\n" + " " * 30_000))


def test_what_is_off_is_forgotten() -> None:
    tally = _tally()
    (number,) = _offer(tally, BEFORE, GHOST)
    tally.forget()
    assert tally.accept(number) is None
    assert not tally.take()
