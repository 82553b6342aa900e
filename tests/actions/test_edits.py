"""The difference between two texts as edits."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest

from herdmate.actions.edits import hunks, moved, smallest_edits, unified
from herdmate.text import Edit, Span, apply_edits

PARTS = ("a\n", "b\n", "    c = 1\n", "é😀\n", "\r\n", "x\r\n", "", "y", "\tz\n", "\n")


@pytest.mark.parametrize("seed", range(300))
def test_applying_them_gives_the_new_text(seed: int) -> None:
    dice = random.Random(seed)
    old, new = ("".join(dice.choices(PARTS, k=dice.randint(0, 12))) for _ in range(2))
    before, after = "before\n", "after"
    edits = smallest_edits(old, new, len(before))
    assert apply_edits(before + old + after, edits) == before + new + after
    for edit in edits:
        assert len(before) <= edit.span.start <= edit.span.end <= len(before) + len(old)


def test_only_what_differs_is_touched() -> None:
    old = "def f(x):\n    y = x + 1\n    return y\n"
    new = "def f(x):\n    y = x + 2\n    return y\n"
    at = old.index("1")
    assert smallest_edits(old, new) == (Edit(Span(at, at + 1), "2"),)


def test_lines_far_apart_are_edits_of_their_own() -> None:
    old = "".join(f"line {n}\n" for n in range(20))
    new = old.replace("line 3\n", "line three\n").replace("line 15\n", "")
    edits = smallest_edits(old, new)
    assert len(edits) == 2
    assert sum(edit.span.end - edit.span.start for edit in edits) <= len("3line 15\n")


@pytest.mark.parametrize("seed", range(300))
def test_hunks_are_whole_lines_and_amount_to_the_same(seed: int) -> None:
    dice = random.Random(seed)
    old, new = ("".join(dice.choices(PARTS, k=dice.randint(0, 12))) for _ in range(2))
    text = f"before\n{old}{dice.choice(PARTS)}"
    edits = smallest_edits(old, new, len("before\n"))
    found = hunks(text, edits)
    assert apply_edits(text, found) == apply_edits(text, edits)
    for hunk, later in zip(found, (*found[1:], None), strict=False):
        start, end = hunk.span.start, hunk.span.end
        assert text[:start][-1:] in ("\n", "\r")
        assert text[start - 1 : start + 1] != "\r\n"
        assert end == len(text) or text[start:end] == "" or text[end - 1] in "\r\n"
        assert later is None or end < later.span.start


def test_one_hunk_for_each_place_whatever_blank_lines_are_between() -> None:
    old = "a = 1\nb = 2\n\nc = 3\nd = 4\ne = 5\n"
    new = "a = 1\nb = 7\n\nc = 8\nd = 4\nE = 5\nf\n"
    at = old.index("b"), old.index("e")
    assert hunks(old, smallest_edits(old, new)) == (
        Edit(Span(at[0], old.index("d")), "b = 7\n\nc = 8\n"),
        Edit(Span(at[1], len(old)), "E = 5\nf\n"),
    )
    assert hunks(old, ()) == ()


def test_hunks_know_no_line_ends_but_those_of_the_protocol() -> None:
    old = "a\x0cb\u2028c\r\nd\re"
    new = old.replace("c", "C").replace("e", "E")
    found = hunks(old, smallest_edits(old, new))
    assert [old[hunk.span.start : hunk.span.end] for hunk in found] == ["a\x0cb\u2028c\r\n", "e"]


def test_no_difference_no_edit() -> None:
    assert smallest_edits("a\n", "a\n") == ()
    assert unified("a\n", "a\n", "f") == ""


def test_a_line_end_is_never_cut_in_two() -> None:
    (edit,) = smallest_edits("a\r\nb\r\n", "a\nb\r\n")
    assert edit.new_text in ("\n", "a\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [("a\nb", "a\nb\n"), ("a\r\n", "a\n"), ("a\n", ""), ("", "a"), ("a\x0cb", "a\x0cc")],
)
def test_each_difference_is_in_the_diff(old: str, new: str) -> None:
    assert unified(old, new, "f")


@pytest.mark.parametrize("seed", range(25))
def test_git_can_apply_the_diff(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    old, new = ("".join(dice.choices((*PARTS, "\x0c"), k=dice.randint(1, 12))) for _ in range(2))
    if not old or not new or old == new:
        old, new = "a\nb", "a\nb\n"
    (tmp_path / "f.py").write_bytes(old.encode())
    diff = unified(old, new, "f.py").encode()
    apply = ("git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-")
    subprocess.run(apply, input=diff, cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "f.py").read_bytes() == new.encode()


def test_a_diff_for_people() -> None:
    assert unified("a\nb\n", "a\nc\n", "f.py").splitlines()[2:] == [
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a «b» c", "a «b» c"),
        ("a «b» c", "xx a «b» c"),
        ("a «b» c", "a «b» c xx"),
        ("a «bcd» e", "a «bxxd» e"),
        ("a «bcd» e", "a «bd» e"),
        ("abc «de» f", "c «de» f"),
        ("a «b» cdef", "a «b» f"),
        ("«bc» d", "xy«bc» d"),
        ("a «bc»", "a «bc»xy"),
        ("a «bc» d", "a «xyc» d"),
    ],
)
def test_a_place_in_a_text_that_moved_on(old: str, new: str) -> None:
    at = Span(old.index("«"), old.index("»") - 1)
    plain = [text.replace("«", "").replace("»", "") for text in (old, new)]
    assert moved(at, *plain) == Span(new.index("«"), new.index("»") - 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0\n1\n2\n3\n4\n5\n6\n" * 3_000, "0\n1\n2\n3\n4\n" * 4_000),
        ("a\nb\n" * 5_000 + "c\n", "b\na\n" * 5_000),
        ("x" * 1_000_000, "y" * 1_000_000),
    ],
)
def test_long_texts_are_compared_in_time(old: str, new: str) -> None:
    started = time.process_time()
    edits = smallest_edits(old, new)
    assert time.process_time() - started < 2
    assert apply_edits(old, edits) == new
