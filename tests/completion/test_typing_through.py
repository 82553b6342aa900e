"""Ghost text is typed key by key in an editor that closes brackets and quotes by itself."""

from __future__ import annotations

import random

import pytest

from herdmate.completion.confidence import confident
from herdmate.completion.postprocess import Shown
from herdmate.completion.typing_through import behind, may_say, part_inside, what_is_left
from herdmate.text import Cursor, Document

PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
TEXTS = [
    ("x = │\nrest", "foo(bar, 'x')", 0),
    ("x = │", "foo(bar('one', [2, {3: 4}]), \"five\")", 0),
    ("x = │\n", "f'{name}: {items[0][\"key\"]}'", 0),
    ("x = │\n", '"it\'s (not) here"', 0),
    ("x = │\n", "['\\'', \"\\\\ \"]", 0),
    ("print(│)\n", "total(items[1:])", 0),
    ("def f(│)\n", "a, b=(1, 2)) -> dict[str, int]:", 1),
    ('x = f("│")\n', 'one", g("two"), ["three"]', 1),
    ('x = f("│")\n', 'one" + "two") + str(3)', 2),
    ("def f(a):\n    │\n\n\nx = 1\n", "for b in a:\n        print([b])\n    return (a)", 0),
    ("f = │;\n", "(a) => {\n  return [a];\n}", 0),
    ("x = [│]\n", "y for y in (1, 2)", 0),
]


def _cursor(drawn: str) -> Cursor:
    return Cursor(Document("a", "python", drawn.replace("│", "")), drawn.index("│"))


def _typed(cursor: Cursor, char: str, closes: bool, types_over: bool) -> Cursor:
    """A key in an editor that closes what is opened, and types over what it closed."""
    text, at = cursor.document.text, cursor.offset
    after = text[at:]
    if types_over and char in ")]}\"'" and after.startswith(char) and text[at - 1] != "\\":
        after = after[1:]
    elif closes and char in PAIRS and (after[:1].strip() == "" or after[0] in ")]}\"'"):
        is_in_word = char in "\"'" and text[at - 1].isalnum() and text[at - 1] != "f"
        after = ("" if is_in_word or text[at - 1] == "\\" else PAIRS[char]) + after
    return Cursor(Document("a", "python", text[:at] + char + after), at + 1)


def _accepted(cursor: Cursor, shown: Shown) -> str:
    text, at = cursor.document.text, cursor.offset
    return text[:at] + shown.text + text[at + shown.reach :]


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize(("drawn", "text", "reach"), TEXTS)
def test_at_each_key_the_rest_makes_the_same_file(
    drawn: str, text: str, reach: int, closes: bool
) -> None:
    begun = cursor = _cursor(drawn)
    stood, whole = behind(begun), _accepted(begun, Shown(text, reach))
    for at, char in enumerate(text[:-1]):
        cursor = _typed(cursor, char, closes, types_over=closes)
        for said in (text, text[: at + 1], text[: at + 4], ""):
            assert may_say(said, begun, stood, cursor), (said, cursor)
        left = what_is_left(Shown(text, reach), begun, stood, cursor)
        assert left is not None, cursor
        assert left.text == text[at + 1 :]
        assert _accepted(cursor, left) == whole
        assert "\n" not in cursor.suffix[: left.reach]


@pytest.mark.parametrize(
    ("drawn", "left"),
    [
        ("x = foo(│)\n", Shown("bar, 'x')", 1)),
        ("x = foo(bar, '│')\n", Shown("x')", 2)),
        ("x = foo(bar, '│'\n", Shown("x')", 1)),  # only the quote was closed
        ("x = foo(bar, '│)\n", Shown("x')", 1)),  # only the bracket
        ("x = foo(bar, 'x'│)\n", Shown(")", 1)),
        ("x = foo(│\n", Shown("bar, 'x')")),
        ("x = foo(│]\n", None),
        ("x = foo(│))\n", None),
        ("x = foo(│) + 1\n", None),
        ("x = foo(bar│')\n", None),  # a quote that is not open here
        ("x = foo│)\n", None),
        ("x = fool(│)\n", None),
        ("x = foo(bar, 'x')│\n", None),
    ],
)
def test_what_is_left_behind_what_was_closed(drawn: str, left: Shown | None) -> None:
    begun = _cursor("x = │\n")
    assert what_is_left(Shown("foo(bar, 'x')"), begun, "\n", _cursor(drawn)) == left


def test_what_a_text_never_closes_takes_no_ones_place() -> None:
    shown = Shown("foo(bar,")
    assert what_is_left(shown, _cursor("x = │"), "", _cursor("x = foo(│)")) is None
    assert may_say("foo(bar,", _cursor("x = │"), "", _cursor("x = foo(│)"))  # it may close it yet
    assert not may_say("foo(bar,", _cursor("x = │"), "", _cursor("x = foo(│]"))


def test_what_was_typed_over_is_taken_once() -> None:
    begun, shown = _cursor("def f(│):\n"), Shown("a) -> int:", 2)
    assert what_is_left(shown, begun, "):\n", _cursor("def f(a)│:\n")) == Shown(" -> int:", 1)
    assert what_is_left(shown, begun, "):\n", _cursor("def f(a)│):\n")) == Shown(" -> int:", 2)
    assert what_is_left(shown, begun, "):\n", _cursor("def f(a)│\n")) is None


@pytest.mark.parametrize(
    ("drawn", "text", "inside"),
    [
        ("foo(os.path│)", ".sep) + 'x'", ".sep"),
        ("foo(os.path│)", ".join(a, b)) + 'x'", ".join(a, b)"),
        ("foo('pa│')", "th') + bar('x')", "th"),
        ("foo(\n    pa│)", "th)", "th"),
        ("foo(│)", ")", ""),
        ("foo│", "(bar) + [1]", "(bar) + [1]"),
    ],
)
def test_the_part_inside_what_is_open(drawn: str, text: str, inside: str) -> None:
    assert part_inside(text, _cursor(drawn)) == inside


def test_a_file_that_ends_at_the_cursor_or_far_behind_it() -> None:
    for rest in ("", "\n" * 255, "\n" * 256, "x\n" * 400):
        begun = _cursor("x = │" + rest)
        cursor = _cursor("x = foo(│)" + rest)
        assert what_is_left(Shown("foo(a)"), begun, behind(begun), cursor) == Shown("a)", 1)
        changed = _cursor("x = foo(│)y" + rest)
        assert what_is_left(Shown("foo(a)"), begun, behind(begun), changed) is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("begun", "text", "reach", "now", "left"),
    [
        ("f() │\n", "{\n  a();\n  b();\n}", 0, "f() {\n  │\n}\n", "a();\n  b();"),
        ("f() {│}\n", "\n  a();\n  b();\n}", 1, "f() {\n  │\n}\n", "a();\n  b();"),
        ("f() {│}\n", "\n  a();\n  b();", 0, "f() {\n  │\n}\n", "a();\n  b();"),
        ("f() {│}\n", "\n  a();\n  b();", 0, "f() {\n  a(│);\n}\n", None),  # that is `a(;`
        ("f() {│}\n", "\n  a();\n  b();", 0, "f() {\n  a();\n  │\n}\n", "b();"),
        ("x = [│]\n", "\n  1,\n  2,\n]", 1, "x = [\n  1│\n]\n", ",\n  2,"),
        ("g(│)\n", "() => {\n  a();\n})", 1, "g(() => {\n  │\n})\n", "a();"),
        ("  if (a) │\n", "{\n    b();\n  }", 0, "  if (a) {\n    │\n  }\n", "b();"),
        ("f() {│}\n", "\n}", 1, "f() {\n│\n}\n", None),
        ("f() │\n", "{\n  a();\n}", 0, "f() {\n  │\n)\n", None),  # something else was closed
        ("f() │\n", "{\n  a();\n}", 0, "f() {\n  │\n  x\n}\n", None),
    ],
)
def test_return_moves_what_was_closed_to_a_line_below(
    begun: str, text: str, reach: int, now: str, left: str | None, end: str
) -> None:
    before, cursor, text = (
        _cursor(begun.replace("\n", end)), _cursor(now.replace("\n", end)), text.replace("\n", end)
    )  # fmt: skip
    found = what_is_left(Shown(text, reach), before, behind(before), cursor)
    assert found == (None if left is None else Shown(left.replace("\n", end)))
    if left is not None:
        typed = cursor.offset - before.offset
        for said in (text, text[:typed], text[: typed + 2], ""):
            assert may_say(said, before, behind(before), cursor)


def test_tokens_may_end_anywhere() -> None:
    """A text is cut and indented anew after it was measured."""
    dice = random.Random(1)
    for _ in range(2000):
        text = "".join(dice.choice("ab \n\t(é") for _ in range(dice.randint(1, 12)))
        ends = sorted({dice.randint(0, 16) for _ in range(dice.randint(0, 8))})
        shown = Shown(text, 0, tuple((end, -1.0) for end in ends))
        typed = text[: dice.randint(0, len(text))]
        begun = Cursor(Document("a", "python", "x = \n"), 4)
        now = Cursor(Document("a", "python", f"x = {typed}\n"), 4 + len(typed))
        if (left := what_is_left(shown, begun, behind(begun), now)) is not None:
            assert len(left.logprobs) == sum(end > len(typed) for end in ends)
            assert all(-1.0 <= logprob < 0 for _end, logprob in left.logprobs)
            for is_seen in (False, True):
                confident(left, 0.03, "python", is_seen)
